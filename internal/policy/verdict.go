package policy

// verdict is the three-valued result of matching a list. Of commands it may be several values, where it depends on what
// the model cannot see.
type verdict int8

const (
	unspecified verdict = 0
	allow       verdict = 1
	deny        verdict = 2
	// unsure is added to what may as well be unspecified.
	unsure verdict = 4
)

// match is whether a pattern matches.
type match int8

const (
	no match = iota
	maybe
	yes
)

func matched(b bool) match {
	if b {
		return yes
	}
	return no
}

// negated flips allow and deny.
func (v verdict) negated() verdict {
	flipped := v & unsure
	if v&allow != 0 {
		flipped |= deny
	}
	if v&deny != 0 {
		flipped |= allow
	}
	return flipped
}

// member gives what a matching member of a list says.
func member(matched, negated bool) verdict {
	switch {
	case !matched:
		return unspecified
	case negated:
		return deny
	}
	return allow
}

// commandVerdict gives what a member of a list of commands or hosts says.
func commandVerdict(m match, negated bool) verdict {
	v := member(m != no, negated)
	if m == maybe {
		v |= unsure
	}
	return v
}

// String names the verdict.
func (v verdict) String() string {
	return [...]string{"unspecified", "allow", "deny", "allow or deny", "unspecified", "allow or unspecified", "deny or unspecified", "any"}[v]
}
