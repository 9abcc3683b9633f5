package regular

import (
	"crypto/sha256"
	"slices"
	"unique"
)

// space is where one question is decided: the states of all patterns in it, and languages as hash-consed nodes over
// sets of those states, so that a language that comes up again is the same number.
type space struct {
	alphabet  *alphabet
	positions []position
	start     map[*automaton]int32
	shared    map[unique.Handle[[sha256.Size]byte]]int32 // the first position of a component by what it does

	nodes []node
	index map[uint64]int32 // the newest node with a hash
	meter *meter

	mark     []uint32 // scratch of step, by position
	markedAt uint32
	seen     []uint32 // scratch of decide, by position
	seenAt   uint32

	numbers scratch[int32]
	refs    scratch[ref]
	runs    scratch[run]
}

// scratch is memory for lists that live for a step only.
type scratch[T any] struct{ free [][]T }

// take gives an empty list.
func (s *scratch[T]) take() []T {
	last := len(s.free) - 1
	if last < 0 {
		return nil
	}
	list := s.free[last]
	s.free = s.free[:last]
	return list
}

// give takes a list back that nobody looks at any more.
func (s *scratch[T]) give(list []T) {
	if cap(list) > 0 {
		s.free = append(s.free, list[:0])
	}
}

// position is a state of a pattern's automaton. Those of different patterns with the same future are one, as are the
// tails of globs that end alike.
type position struct {
	*state
	number    []int32 // the positions of the states of its automaton
	coveredBy []int32 // positions
}

// newSpace makes the space of a question about languages; ok is false where already that is more than the meter allows.
func newSpace(m *meter, languages ...Language) (s *space, ok bool) {
	s = &space{start: map[*automaton]int32{}, shared: map[unique.Handle[[sha256.Size]byte]]int32{}, index: map[uint64]int32{}, meter: m}
	var automata []*automaton
	for _, l := range languages {
		l.exprs(func(e Expr) {
			if m.full() || !m.work(partsPerPattern) {
				return
			}
			a := e.automaton()
			if _, known := s.start[a]; !known {
				s.start[a] = 0
				automata = append(automata, a)
				m.work(a.size())
			}
		})
	}
	if m.full() {
		return nil, false
	}
	sets := map[byteSet]struct{}{}
	for _, a := range automata {
		for _, set := range a.future().sets {
			sets[set] = struct{}{}
		}
	}
	s.alphabet = newAlphabet(sets)
	if !m.work(len(sets) * len(s.alphabet.letters) / edgesPerPart) {
		return nil, false
	}
	states := 0
	for _, a := range automata {
		states += len(a.states)
	}
	s.positions = make([]position, 0, states)
	for _, a := range automata {
		s.start[a] = s.add(a)
	}
	s.mark = make([]uint32, len(s.positions))
	s.seen = make([]uint32, len(s.positions))
	s.nodes = append(s.nodes, node{kind: everything, accept: true})
	return s, true
}

// add makes positions of the states of an automaton, from its end to its beginning, and gives its first.
func (s *space) add(a *automaton) int32 {
	number := make([]int32, len(a.states))
	for c, future := range a.future().of {
		component := a.components[c]
		base, known := s.shared[future]
		if !known {
			base = int32(len(s.positions))
			s.shared[future] = base
		}
		for i, q := range component {
			number[q] = base + int32(i)
			if !known {
				s.positions = append(s.positions, position{state: &a.states[q], number: number})
			}
		}
	}
	for q := range a.states {
		if covers := a.states[q].coveredBy; len(covers) > 0 && s.positions[number[q]].coveredBy == nil {
			list := make([]int32, len(covers))
			for i, r := range covers {
				list[i] = number[r]
			}
			s.positions[number[q]].coveredBy = list
		}
	}
	return number[0]
}

// step gives the language of what may follow a letter in a set of positions: its derivative (J. Brzozowski,
// "Derivatives of regular expressions", 1964, with the partial derivatives of V. Antimirov, 1996, as positions).
func (s *space) step(from []int32, l uint8) ref {
	s.markedAt++
	to := s.numbers.take()
	looked, shown := 0, s.alphabet.letters[l].shown
	for _, q := range from {
		p := &s.positions[q]
		looked += len(p.edges)
		for i := range p.edges {
			if t := p.number[p.edges[i].to]; s.mark[t] != s.markedAt && p.edges[i].on.has(shown) {
				s.mark[t] = s.markedAt
				to = append(to, t)
			}
		}
	}
	s.meter.work((len(from) + looked) / edgesPerPart)
	result := s.some(to)
	s.numbers.give(to)
	return result
}

// some is the node of a set of positions, which it takes over: everything if a position is universal, else without the
// positions that another one covers.
func (s *space) some(set []int32) ref {
	if len(set) > 1 {
		s.markedAt++
		for _, q := range set {
			s.mark[q] = s.markedAt
		}
	}
	kept := set[:0]
	for _, q := range set {
		p := &s.positions[q]
		if p.universal {
			return sigmaStar
		}
		if len(p.edges) == 0 && !p.accept || len(set) > 1 && s.isMarked(p.coveredBy, s.mark, s.markedAt) {
			continue
		}
		kept = append(kept, q)
	}
	if len(kept) == 0 {
		return nothing
	}
	slices.Sort(kept)
	return s.intern(someOf, kept)
}

func (s *space) isMarked(positions []int32, mark []uint32, at uint32) bool {
	for _, q := range positions {
		if mark[q] == at {
			return true
		}
	}
	return false
}
