package regular

import (
	"encoding/binary"
	"slices"
)

// antichain knows differences P \ T that a search has found, where P is any intersection and T a set of positions, and
// so which others are of no use: what P \ T has, P \ T' has if T' is less. Of denials that each wait for an end of
// their own, which are 2^n sets, only those are left that wait for nothing (M. De Wulf, L. Doyen, T. Henzinger, J.-F.
// Raskin, "Antichains: a new algorithm for checking universality of finite automata", 2006).
type antichain struct {
	space *space
	found map[string][][]int32 // the positions of T, by P
	key   []byte
}

// maxDifferences bounds how many differences with one P are compared. Others are searched as if there were no
// antichain.
const maxDifferences = 64

// has tells whether a language is in one that was found before, and takes it up if not. What was found before has been
// reached by a text no longer, and by one no worse to print if it is as long: so no better witness is lost.
func (a *antichain) has(r ref) bool {
	without, ok := a.split(r)
	if !ok {
		return false
	}
	s := a.space
	s.seenAt++
	for _, q := range without {
		s.seen[q] = s.seenAt
	}
	known := a.found[string(a.key)]
	if slices.ContainsFunc(known, s.areSeen) {
		return true
	}
	if len(known) < maxDifferences {
		a.found[string(a.key)] = append(known, without)
	}
	return false
}

// split gives the T of a language, and leaves a key for its P in key.
func (a *antichain) split(r ref) (without []int32, ok bool) {
	a.key = a.key[:0]
	n := &a.space.nodes[r>>1]
	switch {
	case n.kind == someOf && r.negated():
		return n.parts, true
	case n.kind != allOf || r.negated():
		return nil, false
	}
	for _, p := range n.parts {
		if part := &a.space.nodes[p>>1]; part.kind == someOf && ref(p).negated() {
			without, ok = part.parts, true // all makes one set of all that are excluded
			continue
		}
		a.key = binary.LittleEndian.AppendUint32(a.key, uint32(p))
	}
	return without, ok
}

// areSeen tells whether the positions that are marked have every text that these have.
func (s *space) areSeen(positions []int32) bool {
	for _, q := range positions {
		if s.seen[q] != s.seenAt && !s.isMarked(s.positions[q].coveredBy, s.seen, s.seenAt) {
			return false
		}
	}
	return true
}
