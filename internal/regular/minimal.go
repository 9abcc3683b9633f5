package regular

import (
	"encoding/binary"
	"slices"
)

// Minimal has the texts of a pattern in the smallest deterministic automaton (E. F. Moore, "Gedanken-experiments on
// sequential machines", 1956). It is for patterns that are put into many others. The error is ErrTooLarge.
func Minimal(e Expr) (Expr, error) {
	a := e.automaton()
	sets := map[byteSet]struct{}{}
	for q := range a.states {
		for _, f := range a.states[q].edges {
			sets[f.on] = struct{}{}
		}
	}
	d, err := determinize(a, newAlphabet(sets))
	if err != nil {
		return Expr{}, err
	}
	return Expr{a: finish(d.merged())}, nil
}

// deterministic is an automaton with at most one state for each letter; 0 is the state without a way to accept, 1 the
// first.
type deterministic struct {
	alphabet *alphabet
	next     [][]int32
	accept   []bool
}

func determinize(a *automaton, alphabet *alphabet) (*deterministic, error) {
	d := &deterministic{alphabet: alphabet, next: [][]int32{make([]int32, len(alphabet.letters))}, accept: []bool{false}}
	number := map[string]int32{setKey(0, nil): 0}
	var work [][]int32
	add := func(set []int32) int32 {
		key := setKey(0, set)
		if n, known := number[key]; known {
			return n
		}
		n := int32(len(d.next))
		number[key] = n
		d.next = append(d.next, make([]int32, len(alphabet.letters)))
		d.accept = append(d.accept, slices.ContainsFunc(set, func(q int32) bool { return a.states[q].accept }))
		work = append(work, set)
		return n
	}
	add([]int32{0})
	mark := make([]bool, len(a.states))
	for at := 0; at < len(work); at++ {
		if len(d.next) > maxStates {
			return nil, ErrTooLarge
		}
		for l := range alphabet.letters {
			set := a.step(work[at], alphabet.letters[l].shown, mark)
			if i := slices.IndexFunc(set, func(q int32) bool { return a.states[q].universal }); i >= 0 {
				set = set[i : i+1] // the others add nothing
			}
			slices.Sort(set)
			to := add(set)
			d.next[at+1][l] = to
		}
	}
	return d, nil
}

// merged makes one state of those from which the same texts are accepted.
func (d *deterministic) merged() []state {
	group := make([]int32, len(d.next))
	groups := 1
	for q, accept := range d.accept {
		if accept {
			group[q], groups = 1, 2
		}
	}
	for {
		number := make(map[string]int32, groups)
		refined := make([]int32, len(group))
		key := make([]byte, 0, 4*(len(d.alphabet.letters)+1))
		for q := range d.next {
			key = binary.LittleEndian.AppendUint32(key[:0], uint32(group[q]))
			for _, to := range d.next[q] {
				key = binary.LittleEndian.AppendUint32(key, uint32(group[to]))
			}
			n, known := number[string(key)]
			if !known {
				n = int32(len(number))
				number[string(key)] = n
			}
			refined[q] = n
		}
		group = refined
		if len(number) == groups {
			return d.states(group, groups)
		}
		groups = len(number)
	}
}

// states are the groups as states, the first one first. The group without a way to accept stays, and is trimmed.
func (d *deterministic) states(group []int32, groups int) []state {
	// The first state of an automaton is state 0.
	place := func(g int32) int32 {
		switch g {
		case group[1]:
			return 0
		case 0:
			return group[1]
		}
		return g
	}
	states := make([]state, groups)
	done := make([]bool, groups)
	for q := range d.next {
		from := place(group[q])
		if done[from] {
			continue
		}
		done[from] = true
		states[from].accept = d.accept[q]
		for l, to := range d.next[q] {
			if group[to] != group[0] || group[0] == group[1] {
				states[from].edges = append(states[from].edges, edge{on: d.alphabet.letters[l].bytes, to: place(group[to])})
			}
		}
		states[from].edges = unite(states[from].edges)
	}
	return states
}
