package regular

import "slices"

// finish makes an automaton small and learns what the search wants to know about its states.
func finish(states []state) *automaton {
	states = trim(states)
	for range maxMergeRounds {
		n := len(states)
		if states = merge(states); len(states) == n {
			break
		}
	}
	a := &automaton{states: states}
	a.components = components(states)
	a.findUniversal()
	a.findCovers()
	return a
}

// maxMergeRounds bounds merging. One or two rounds do nearly all there is to do; stopping early costs states, nothing
// else.
const maxMergeRounds = 16

// incoming lists, for each state, those with an edge to it.
func incoming(states []state) [][]int32 {
	counts := make([]int32, len(states))
	total := 0
	for q := range states {
		for _, e := range states[q].edges {
			counts[e.to]++
			total++
		}
	}
	in, all := make([][]int32, len(states)), make([]int32, total)
	for q, n := range counts {
		in[q], all = all[:0:n], all[n:]
	}
	for q := range states {
		for _, e := range states[q].edges {
			in[e.to] = append(in[e.to], int32(q))
		}
	}
	return in
}

// trim removes states that state 0 does not reach, or that reach no accepting one; state 0 stays.
func trim(states []state) []state {
	reached := make([]bool, len(states))
	reached[0] = true
	queue := append(make([]int32, 0, len(states)), 0)
	for len(queue) > 0 {
		q := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, e := range states[q].edges {
			if !reached[e.to] {
				reached[e.to] = true
				queue = append(queue, e.to)
			}
		}
	}
	useful := make([]bool, len(states))
	for q := range states {
		if states[q].accept && reached[q] {
			useful[q] = true
			queue = append(queue, int32(q))
		}
	}
	in := incoming(states)
	for len(queue) > 0 {
		q := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, p := range in[q] {
			if !useful[p] && reached[p] {
				useful[p] = true
				queue = append(queue, p)
			}
		}
	}
	number := make([]int32, len(states))
	n := int32(0)
	for q := range states {
		number[q] = -1
		if useful[q] || q == 0 {
			number[q] = n
			n++
		}
	}
	if int(n) == len(states) {
		return states
	}
	return renumber(states, number, int(n))
}

// merge makes one of states with the same edges. What is accepted from them is the same.
func merge(states []state) []state {
	number := make([]int32, len(states))
	same := make(map[uint64]int32, len(states)) // by hash, the last state
	before := make([]int32, len(states))        // the one before it with that hash
	n := int32(0)
	for q := range states {
		hash := states[q].hash()
		last, known := same[hash]
		if !known {
			last = -1
		}
		twin := last
		for twin >= 0 && !states[twin].equal(&states[q]) {
			twin = before[twin]
		}
		if twin >= 0 {
			number[q] = number[twin]
			continue
		}
		number[q] = n
		n++
		before[q] = last
		same[hash] = int32(q)
	}
	if int(n) == len(states) {
		return states
	}
	return renumber(states, number, int(n))
}

func (s *state) hash() uint64 {
	hash := fnvOffset
	if s.accept {
		hash++
	}
	for i := range s.edges {
		e := &s.edges[i]
		hash = mix(hash, uint64(uint32(e.to)))
		for _, word := range e.on {
			hash = mix(hash, word)
		}
	}
	return hash
}

func (s *state) equal(t *state) bool { return s.accept == t.accept && slices.Equal(s.edges, t.edges) }

const fnvOffset = uint64(14695981039346656037)

// mix is a step of FNV-1a on words instead of bytes, stirred.
func mix(hash, word uint64) uint64 {
	hash = (hash ^ word) * 1099511628211
	return hash ^ hash>>29
}

// renumber makes n states of old ones; a negative number drops a state. State 0 must become state 0.
func renumber(states []state, number []int32, n int) []state {
	result := make([]state, n)
	done := make([]bool, n)
	total := 0
	for q := range states {
		if number[q] >= 0 {
			total += len(states[q].edges)
		}
	}
	all := make([]edge, 0, total) // the edges of all states share one array
	for q := range states {
		to := number[q]
		if to < 0 || done[to] {
			continue
		}
		done[to] = true
		result[to].accept = states[q].accept
		start := len(all)
		for _, e := range states[q].edges {
			if target := number[e.to]; target >= 0 {
				all = append(all, edge{on: e.on, to: target})
			}
		}
		all = all[:start+len(unite(all[start:]))]
		result[to].edges = all[start:len(all):len(all)]
	}
	return result
}

// unite sorts edges and makes one of those to the same target.
func unite(edges []edge) []edge {
	sortEdges(edges)
	kept := edges[:0]
	for _, e := range edges {
		if last := len(kept) - 1; last >= 0 && kept[last].to == e.to {
			kept[last].on = kept[last].on.union(e.on)
		} else {
			kept = append(kept, e)
		}
	}
	return kept
}

// components finds the strongly connected components (R. Tarjan, "Depth-first search and linear graph algorithms",
// 1972).
func components(states []state) [][]int32 {
	found := make([][]int32, 0, len(states))
	order := make([]int32, 0, len(states))
	stack := make([]int32, 0, len(states))
	index := make([]int32, len(states)) // 0: not visited
	low := make([]int32, len(states))
	on := make([]bool, len(states))
	next := int32(1)
	var visit func(q int32)
	visit = func(q int32) {
		index[q], low[q] = next, next
		next++
		stack = append(stack, q)
		on[q] = true
		for _, e := range states[q].edges {
			if index[e.to] == 0 {
				visit(e.to)
				low[q] = min(low[q], low[e.to])
			} else if on[e.to] {
				low[q] = min(low[q], index[e.to])
			}
		}
		if low[q] != index[q] {
			return
		}
		start := len(order)
		for {
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			on[p] = false
			order = append(order, p)
			if p == q {
				break
			}
		}
		found = append(found, order[start:len(order):len(order)])
	}
	visit(0)
	return found
}
