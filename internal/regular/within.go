package regular

import (
	"encoding/binary"
	"slices"
)

// mostWithin bounds the work of Within, in states of the inner pattern with a set of those of the outer ones.
const mostWithin = 1 << 10

// Within proves cheaply that each text of a pattern is in one of some others. False is no proof: ask [Subset] then. It takes a state of the pattern and the set of those
// states of the others that the same text leads to, and makes nothing of what [Subset] needs to find an example.
func Within(inner Expr, outer ...Expr) bool {
	w := &within{inner: inner.automaton(), known: map[string]struct{}{}}
	var first []int32
	for _, e := range outer {
		a := e.automaton()
		first = append(first, int32(len(w.states)))
		for i := range a.states {
			w.states = append(w.states, outerState{&a.states[i], first[len(first)-1]})
		}
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
	states []outerState
	known  map[string]struct{}
	work   []withinPair
	missed bool
}

// outerState is a state of an outer pattern, whose numbers begin at base.
type outerState struct {
	*state
	base int32
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
		if w.states[q].universal {
			return
		}
		accepts = accepts || w.states[q].accept
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
				for j := range w.states[q].edges {
					e := &w.states[q].edges[j]
					if e.on.has(b) {
						same = same.intersect(e.on)
						to = append(to, w.states[q].base+e.to)
					} else {
						same = same.minus(e.on)
					}
				}
			}
			left = left.minus(same)
			slices.Sort(to)
			w.add(edges[i].to, slices.Compact(to))
			if w.missed || len(w.known) > mostWithin {
				return false
			}
		}
	}
	return true
}
