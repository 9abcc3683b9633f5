package regular

import (
	"encoding/binary"
)

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

// maxMergeRounds bounds merging. One or two rounds do nearly all there is to do; stopping early costs states, nothing else.
const maxMergeRounds = 16

// incoming lists, for each state, those with an edge to it.
func incoming(states []state) [][]int32 {
	in := make([][]int32, len(states))
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
	queue := []int32{0}
	for len(queue) > 0 {
		q := queue[0]
		queue = queue[1:]
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
		q := queue[0]
		queue = queue[1:]
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
	return renumber(states, number, int(n))
}

// merge makes one of states with the same edges. What is accepted from them is the same.
func merge(states []state) []state {
	number := make([]int32, len(states))
	known := make(map[string]int32, len(states))
	var key []byte
	for q := range states {
		key = key[:0]
		if states[q].accept {
			key = append(key, 1)
		}
		for _, e := range states[q].edges {
			key = appendEdge(key, e.on, e.to)
		}
		n, ok := known[string(key)]
		if !ok {
			n = int32(len(known))
			known[string(key)] = n
		}
		number[q] = n
	}
	if len(known) == len(states) {
		return states
	}
	return renumber(states, number, len(known))
}

func appendEdge(key []byte, on byteSet, to int32) []byte {
	key = binary.LittleEndian.AppendUint32(key, uint32(to))
	for _, word := range on {
		key = binary.LittleEndian.AppendUint64(key, word)
	}
	return key
}

// renumber makes n states of old ones; a negative number drops a state. State 0 must become state 0.
func renumber(states []state, number []int32, n int) []state {
	result := make([]state, n)
	done := make([]bool, n)
	for q := range states {
		to := number[q]
		if to < 0 || done[to] {
			continue
		}
		done[to] = true
		result[to].accept = states[q].accept
		on := map[int32]int{}
		for _, e := range states[q].edges {
			target := number[e.to]
			if target < 0 {
				continue
			}
			if i, ok := on[target]; ok {
				result[to].edges[i].on = result[to].edges[i].on.union(e.on)
				continue
			}
			on[target] = len(result[to].edges)
			result[to].edges = append(result[to].edges, edge{on: e.on, to: target})
		}
		sortEdges(result[to].edges)
	}
	return result
}

// components finds the strongly connected components (R. Tarjan, "Depth-first search and linear graph algorithms", 1972).
func components(states []state) [][]int32 {
	var found [][]int32
	var stack []int32
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
		var component []int32
		for {
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			on[p] = false
			component = append(component, p)
			if p == q {
				break
			}
		}
		found = append(found, component)
	}
	visit(0)
	return found
}
