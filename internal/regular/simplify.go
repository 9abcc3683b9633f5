package regular

import "slices"

// all is the intersection of languages in a normal form: sorted, without what is everything, nothing if two exclude
// each other. The complements of sets of positions become the complement of one set, and take out of a set what they
// contain.
func (s *space) all(parts []ref) ref {
	i := conjunction{flat: s.numbers.take(), without: s.numbers.take()}
	result := nothing
	if s.flatten(&i, parts) {
		result = s.conjunction(&i)
	}
	s.numbers.give(i.flat)
	s.numbers.give(i.without)
	return result
}

// conjunction is an intersection while it is put together.
type conjunction struct {
	flat    []int32
	without []int32 // positions whose languages are excluded
}

// flatten adds languages, and gives false if nothing is in all of them.
func (s *space) flatten(i *conjunction, parts []ref) bool {
	for _, r := range parts {
		if !s.flattenOne(i, r) {
			return false
		}
	}
	return true
}

func (s *space) flattenOne(i *conjunction, r ref) bool {
	n := &s.nodes[r>>1]
	switch {
	case r == nothing:
		return false
	case r == sigmaStar:
	case n.kind == someOf && r.negated():
		i.without = append(i.without, n.parts...)
	case n.kind == allOf && !r.negated():
		for _, p := range n.parts {
			if !s.flattenOne(i, ref(p)) {
				return false
			}
		}
	default:
		i.flat = append(i.flat, int32(r))
	}
	return true
}

func (s *space) conjunction(c *conjunction) ref {
	flat := c.flat
	if len(c.without) > 0 {
		slices.Sort(c.without)
		excluded := s.some(slices.Compact(c.without))
		if excluded == sigmaStar {
			return nothing
		}
		s.seenAt++
		s.see(excluded)
		for i, r := range flat {
			flat[i] = int32(s.unseen(ref(r)))
			if ref(flat[i]) == nothing {
				return nothing
			}
		}
		flat = append(flat, int32(excluded.not()))
		c.flat = flat
	}
	slices.Sort(flat)
	flat = slices.Compact(flat)
	for i := 1; i < len(flat); i++ {
		if flat[i] == flat[i-1]^1 {
			return nothing
		}
	}
	if shorter, ok := s.withoutImplied(flat); ok {
		return s.all(shorter)
	}
	switch len(flat) {
	case 0:
		return sigmaStar
	case 1:
		return ref(flat[0])
	}
	return s.intern(allOf, flat)
}

// withoutImplied takes out of the complements of intersections what the rest of an intersection says anyway: of a text
// that is in A, not being in A and B means not being in B. It gives false if there is nothing to take out.
func (s *space) withoutImplied(flat []int32) (shorter []ref, ok bool) {
	for i, r := range flat {
		n := &s.nodes[r>>1]
		if n.kind != allOf || !ref(r).negated() {
			continue
		}
		var rest []ref
		for _, p := range n.parts {
			if !slices.Contains(flat, p) {
				rest = append(rest, ref(p))
			}
		}
		if len(rest) == len(n.parts) {
			continue
		}
		for j, other := range flat {
			if j != i {
				shorter = append(shorter, ref(other))
			}
		}
		return append(shorter, s.all(rest).not()), true
	}
	return nil, false
}

func (s *space) either(a, b ref) ref {
	parts := [2]ref{a.not(), b.not()}
	return s.all(parts[:]).not()
}

// run is a language with a verdict, in a list from the highest priority to the lowest.
type run struct {
	allow bool
	on    ref
}

// decide is the language of what runs allow when the first that contains a text decides, and otherwise holds where none
// does.
//
// The normal form is what keeps the product of many rules small. A run that is everything cuts the list, so that all
// below vanish, and with them the runs directly above that say the same: they no longer matter. What a higher run
// contains is taken out of lower ones. Runs in a row with the same verdict are one.
func (s *space) decide(runs []run, otherwise bool) ref {
	kept := s.runs.take()
	result := s.decideRuns(&kept, runs, otherwise)
	s.runs.give(kept)
	return result
}

func (s *space) decideRuns(scratch *[]run, runs []run, otherwise bool) ref {
	kept := *scratch
	defer func() { *scratch = kept }()
	s.seenAt++
	at := s.seenAt
	for _, r := range runs {
		on := s.unseen(r.on)
		if on == nothing {
			continue
		}
		if last := len(kept) - 1; last >= 0 && kept[last].allow == r.allow {
			// The union may use the marks of what has been seen; they are made again below.
			on = s.either(kept[last].on, on)
			kept = kept[:last]
			if s.seenAt != at {
				s.seenAt++
				at = s.seenAt
				for _, k := range kept {
					s.see(k.on)
				}
			}
		}
		if on == sigmaStar {
			otherwise = r.allow
			break
		}
		kept = append(kept, run{r.allow, on})
		s.see(on)
	}
	for len(kept) > 0 && kept[len(kept)-1].allow == otherwise {
		kept = kept[:len(kept)-1]
	}
	if len(kept) == 0 {
		return nothing ^ toBit(otherwise)
	}
	// What is in the list says what is decided if its first run allows; else it is all the other way round.
	turned := toBit(!kept[0].allow)
	switch len(kept) {
	case 1:
		return kept[0].on ^ turned
	case 2:
		pair := [2]ref{kept[0].on.not(), kept[1].on}
		return s.all(pair[:]) ^ turned ^ 1
	}
	parts := s.numbers.take()
	for _, k := range kept {
		parts = append(parts, int32(k.on))
	}
	result := s.intern(decided, parts) ^ turned
	s.numbers.give(parts)
	return result
}

func toBit(b bool) ref {
	if b {
		return 1
	}
	return 0
}

// see marks the positions of a set, if it is one.
func (s *space) see(r ref) {
	if n := &s.nodes[r>>1]; n.kind == someOf && !r.negated() {
		for _, q := range n.parts {
			s.seen[q] = s.seenAt
		}
	}
}

// unseen takes positions out of a set whose languages are contained in those that are marked.
func (s *space) unseen(r ref) ref {
	n := &s.nodes[r>>1]
	if n.kind != someOf || r.negated() {
		return r
	}
	hidden := func(q int32) bool {
		return s.seen[q] == s.seenAt || s.isMarked(s.positions[q].coveredBy, s.seen, s.seenAt)
	}
	if !slices.ContainsFunc(n.parts, hidden) {
		return r
	}
	kept := append(s.numbers.take(), n.parts...)
	result := s.some(slices.DeleteFunc(kept, hidden))
	s.numbers.give(kept)
	return result
}
