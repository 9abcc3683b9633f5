package regular

import (
	"encoding/binary"
	"slices"
)

// What Within may cost: states of the inner pattern with a set of those of the outer ones, and the sizes of these sets
// together.
const (
	mostWithin     = 1 << 10
	mostWithinSets = 1 << 13
)

// Within proves cheaply that each text of a pattern is in one of some others. False is no proof: ask [Subset] then. It
// takes a state of the pattern and the set of those states of the others that the same text leads to, and makes nothing
// of what [Subset] needs to find an example.
func Within(inner Expr, others ...Expr) bool {
	w := &within{inner: inner.automaton(), known: map[string]struct{}{}}
	var first []int32
	states := int32(0)
	for _, e := range others {
		a := e.automaton()
		first = append(first, states)
		w.outer = append(w.outer, outer{a, states})
		states += int32(len(a.states))
	}
	w.add(0, first)
	for len(w.work) > 0 {
		at := w.work[len(w.work)-1]
		w.work = w.work[:len(w.work)-1]
		if !w.follow(at) {
			return false
		}
	}
	return !w.missed
}

type within struct {
	inner  *automaton
	outer  []outer
	known  map[string]struct{}
	work   []withinPair
	missed bool
	size   int // of all sets
}

// outer is an outer pattern. The numbers of its states begin at base.
type outer struct {
	a    *automaton
	base int32
}

// state gives a state of an outer pattern by its number, and where the numbers of that pattern begin.
func (w *within) state(number int32) (s *state, base int32) {
	for i := len(w.outer) - 1; ; i-- {
		if of := &w.outer[i]; number >= of.base {
			return &of.a.states[number-of.base], of.base
		}
	}
}

type withinPair struct {
	at  int32
	set []int32
}

// add takes up a state with a set, unless it is known or everything follows the set.
func (w *within) add(at int32, set []int32) {
	key := binary.LittleEndian.AppendUint32(nil, uint32(at))
	accepts := false
	for _, q := range set {
		s, _ := w.state(q)
		if s.universal {
			return
		}
		accepts = accepts || s.accept
		key = binary.LittleEndian.AppendUint32(key, uint32(q))
	}
	s := &w.inner.states[at]
	if s.accept && !accepts || len(set) == 0 && live(s) {
		w.missed = true
		return
	}
	if _, is := w.known[string(key)]; is {
		return
	}
	w.known[string(key)] = struct{}{}
	w.size += len(set)
	w.work = append(w.work, withinPair{at, set})
}

// follow takes all steps of a pair. It is false once a text is found that no outer pattern has, or it is too much work.
func (w *within) follow(from withinPair) bool {
	edges := w.inner.states[from.at].edges
	for i := range edges {
		for left := edges[i].on; !left.isEmpty(); {
			b := left.favourite()
			same := left // bytes that lead to the same set
			var to []int32
			for _, q := range from.set {
				s, base := w.state(q)
				for j := range s.edges {
					e := &s.edges[j]
					if e.on.has(b) {
						same = same.intersect(e.on)
						to = append(to, base+e.to)
					} else {
						same = same.minus(e.on)
					}
				}
			}
			left = left.minus(same)
			slices.Sort(to)
			w.add(edges[i].to, slices.Compact(to))
			if w.missed || len(w.known) > mostWithin || w.size > mostWithinSets {
				return false
			}
		}
	}
	return true
}
