package regular

import "sync/atomic"

// automaton is a non-deterministic automaton over bytes without silent steps. Every state can be reached from the first
// one, state 0, and, unless there is just that one, can reach an accepting one.
type automaton struct {
	states []state
	// components lists the strongly connected components, each after those that it leads to.
	components [][]int32
	matched    atomic.Int32               // texts before there was a matcher
	matcher    atomic.Pointer[matcher]    // nil until some texts are matched
	sample     atomic.Pointer[sampleText] // nil until one is asked for
	futures    atomic.Pointer[futures]    // nil until a space takes it in
	starts     atomic.Pointer[[]string]   // nil until they are asked for
}

type state struct {
	edges  []edge // at most one to each target, ordered by target
	accept bool
	// universal is set where every text is accepted from.
	universal bool
	// coveredBy lists states that accept whatever this one accepts.
	coveredBy []int32
}

type edge struct {
	on byteSet
	to int32
}

// limits of one pattern. The largest that sudo takes, 1024 bytes of single bytes with bounds, stays below them.
const (
	maxStates = 1 << 16
	maxEdges  = 1 << 19
)

// size is what the automaton costs where it is taken into a space, in parts.
func (a *automaton) size() int { return len(a.states) * partsPerPosition }

// step gives the states that a set of states reaches with one byte. mark is scratch, as long as the states, all false.
func (a *automaton) step(from []int32, b byte, mark []bool) []int32 {
	return a.stepInto(nil, from, b, mark)
}

// stepInto is step into a list that is empty.
func (a *automaton) stepInto(to, from []int32, b byte, mark []bool) []int32 {
	for _, q := range from {
		for i := range a.states[q].edges {
			e := &a.states[q].edges[i]
			if !mark[e.to] && e.on.has(b) {
				mark[e.to] = true
				to = append(to, e.to)
			}
		}
	}
	for _, q := range to {
		mark[q] = false
	}
	return to
}

// literal gives the only word of an automaton that has one word only.
func (a *automaton) literal() (string, bool) {
	var word []byte
	for q := int32(0); ; q = a.states[q].edges[0].to {
		s := &a.states[q]
		switch {
		case s.accept && len(s.edges) == 0:
			return string(word), true
		case s.accept || len(s.edges) != 1 || s.edges[0].on.len() != 1:
			return "", false
		}
		word = append(word, s.edges[0].on.favourite())
		if len(word) > len(a.states) {
			return "", false
		}
	}
}
