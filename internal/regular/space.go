package regular

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// space is where one question is decided: the states of all patterns in it, and languages as hash-consed nodes over sets of
// those states, so that a language that comes up again is the same number.
type space struct {
	alphabet  *alphabet
	positions []position
	start     map[*automaton]int32
	shared    map[string]int32 // positions by what they do

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

// position is a state of a pattern's automaton. Those of different patterns with the same future are one, as are the tails of
// globs that end alike.
type position struct {
	edges     []arc
	accept    bool
	universal bool
	coveredBy []int32
}

// arc is an edge on letters.
type arc struct {
	on byteSet // of letters
	to int32
}

func newSpace(m *meter, languages ...Language) *space {
	s := &space{start: map[*automaton]int32{}, shared: map[string]int32{}, index: map[uint64]int32{}, meter: m}
	var automata []*automaton
	sets := map[byteSet]struct{}{}
	for _, l := range languages {
		l.exprs(func(e Expr) {
			a := e.automaton()
			if _, known := s.start[a]; known {
				return
			}
			s.start[a] = 0
			automata = append(automata, a)
			for q := range a.states {
				for i := range a.states[q].edges {
					sets[a.states[q].edges[i].on] = struct{}{}
				}
			}
		})
	}
	s.alphabet = newAlphabet(sets)
	letters := make(map[byteSet]byteSet, len(sets))
	for set := range sets {
		letters[set] = s.alphabet.lettersIn(set)
	}
	for _, a := range automata {
		s.start[a] = s.add(a, letters)
	}
	s.mark = make([]uint32, len(s.positions))
	s.seen = make([]uint32, len(s.positions))
	s.nodes = append(s.nodes, node{kind: everything, accept: true})
	return s
}

// add makes positions of the states of an automaton, from its end to its beginning, and gives its first.
func (s *space) add(a *automaton, letters map[byteSet]byteSet) int32 {
	number := make([]int32, len(a.states))
	var key []byte
	var sorted []edge
	for _, component := range a.components {
		key = key[:0]
		for i, q := range component {
			number[q] = int32(-1 - i) // itself, for the key
		}
		for _, q := range component {
			key = append(key, 0)
			if a.states[q].accept {
				key[len(key)-1] = 1
			}
			key = binary.LittleEndian.AppendUint32(key, uint32(len(a.states[q].edges)))
			sorted = append(sorted[:0], a.states[q].edges...)
			slices.SortFunc(sorted, func(x, y edge) int { return cmp.Compare(number[x.to], number[y.to]) })
			for _, e := range sorted {
				key = appendEdge(key, e.on, number[e.to])
			}
		}
		base, known := s.shared[string(key)]
		if !known {
			base = int32(len(s.positions))
			s.shared[string(key)] = base
		}
		for i, q := range component {
			number[q] = base + int32(i)
		}
		if known {
			continue
		}
		for _, q := range component {
			p := position{accept: a.states[q].accept, universal: a.states[q].universal, edges: make([]arc, 0, len(a.states[q].edges))}
			for _, e := range a.states[q].edges {
				p.edges = append(p.edges, arc{on: letters[e.on], to: number[e.to]})
			}
			s.positions = append(s.positions, p)
		}
	}
	for q := range a.states {
		p := &s.positions[number[q]]
		if p.coveredBy == nil {
			for _, r := range a.states[q].coveredBy {
				p.coveredBy = append(p.coveredBy, number[r])
			}
		}
	}
	return number[0]
}

// appendEdge adds an edge to a key.
func appendEdge(key []byte, on byteSet, to int32) []byte {
	key = binary.LittleEndian.AppendUint32(key, uint32(to))
	for _, word := range on {
		key = binary.LittleEndian.AppendUint64(key, word)
	}
	return key
}

// step gives the language of what may follow a letter in a set of positions: its derivative (J. Brzozowski, "Derivatives of
// regular expressions", 1964, with the partial derivatives of V. Antimirov, 1996, as positions).
func (s *space) step(from []int32, l uint8) ref {
	s.markedAt++
	to := s.numbers.take()
	for _, q := range from {
		edges := s.positions[q].edges
		for i := range edges {
			if t := edges[i].to; s.mark[t] != s.markedAt && edges[i].on.has(l) {
				s.mark[t] = s.markedAt
				to = append(to, t)
			}
		}
	}
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
