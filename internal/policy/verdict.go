package policy

// verdict is the three-valued result of matching a list.
type verdict int8

const (
	unspecified verdict = iota
	allow
	deny
)

// negated flips allow and deny.
func (v verdict) negated() verdict {
	switch v {
	case allow:
		return deny
	case deny:
		return allow
	}
	return unspecified
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

// String names the verdict.
func (v verdict) String() string {
	return [...]string{unspecified: "unspecified", allow: "allow", deny: "deny"}[v]
}
