package regular

import (
	"cmp"
	"slices"
)

func sortEdges(edges []edge) {
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Compare(a.to, b.to) })
}

// findUniversal marks the states from which every text is accepted, as far as the graph shows it: the largest set of
// accepting states that no byte leaves.
func (a *automaton) findUniversal() {
	var doubtful []int32
	for q := range a.states {
		if a.states[q].accept {
			a.states[q].universal = true
			doubtful = append(doubtful, int32(q))
		}
	}
	var in [][]int32
	for len(doubtful) > 0 {
		q := doubtful[len(doubtful)-1]
		doubtful = doubtful[:len(doubtful)-1]
		if !a.states[q].universal || a.staysUniversal(q) {
			continue
		}
		a.states[q].universal = false
		if in == nil {
			in = incoming(a.states)
		}
		doubtful = append(doubtful, in[q]...)
	}
}

// staysUniversal tells whether every byte leads from a state to one that is universal.
func (a *automaton) staysUniversal(q int32) bool {
	var stays byteSet
	for _, e := range a.states[q].edges {
		if a.states[e.to].universal {
			stays = stays.union(e.on)
		}
	}
	return stays == anyByte
}

// maxCoverWork bounds the edges that findCovers looks at for one pattern. What is not found costs states in the search,
// nothing else.
const maxCoverWork = 1 << 24

// findCovers finds states that make others superfluous in a set of states. A state r that loops on the bytes B covers q
// if every accepting path from q runs through r and reads bytes of B only before: r can read the same bytes and be in
// the same place. With a '*' of a glob reached, this is every position before it.
func (a *automaton) findCovers() {
	var in [][]int32
	bad := make([]bool, len(a.states))
	work, size := 0, 0
	for r := range a.states {
		size += 1 + len(a.states[r].edges)
	}
	for r := range a.states {
		var loop byteSet
		for _, e := range a.states[r].edges {
			if e.to == int32(r) {
				loop = e.on
			}
		}
		if loop.isEmpty() || a.states[r].universal {
			continue
		}
		if work += size; work > maxCoverWork {
			return
		}
		if in == nil {
			in = incoming(a.states)
		}
		var queue []int32
		for q := range a.states {
			bad[q] = q != r && (a.states[q].accept || !leavesWithin(&a.states[q], loop))
			if bad[q] {
				queue = append(queue, int32(q))
			}
		}
		for len(queue) > 0 {
			q := queue[len(queue)-1]
			queue = queue[:len(queue)-1]
			for _, p := range in[q] {
				if p != int32(r) && !bad[p] {
					bad[p] = true
					queue = append(queue, p)
				}
			}
		}
		for q := range a.states {
			if q != r && !bad[q] {
				a.states[q].coveredBy = append(a.states[q].coveredBy, int32(r))
			}
		}
	}
}

// leavesWithin tells whether all edges of a state read bytes of a set only.
func leavesWithin(s *state, loop byteSet) bool {
	for i := range s.edges {
		if !s.edges[i].on.within(loop) {
			return false
		}
	}
	return true
}
