package regular

import (
	"encoding/binary"
	"slices"
)

// Without has the texts of a that b does not have. Unlike Difference it is an Expr, made at once and not by the search,
// so it is for patterns that are small. The error is ErrTooLarge, also where the budget is spent.
func Without(a, b Expr, budget Budget) (Expr, error) {
	meter := budget.meter()
	x, y := a.automaton(), b.automaton()
	if y.states[0].universal {
		return Empty(), nil
	}
	w := &without{x: x, y: y, number: map[string]int32{}, mark: make([]bool, len(y.states))}
	w.state(0, []int32{0})
	for at := 0; at < len(w.work); at++ {
		if !meter.work(partsPerPair+len(w.work[at].set)) || len(w.states) > maxStates || w.edges > maxEdges {
			return Expr{}, ErrTooLarge
		}
		w.expand(int32(at))
	}
	for q := range w.states {
		w.states[q].edges = unite(w.states[q].edges)
	}
	return Expr{a: finish(w.states)}, nil
}

// without builds the product of a with the sets of states of b.
type without struct {
	x, y   *automaton
	states []state
	work   []pairOfSet
	number map[string]int32
	mark   []bool
	edges  int
}

type pairOfSet struct {
	q   int32
	set []int32
}

// state numbers the state of a pair, and makes it if it is new.
func (w *without) state(q int32, set []int32) int32 {
	key := setKey(q, set)
	if n, known := w.number[key]; known {
		return n
	}
	n := int32(len(w.states))
	w.number[key] = n
	accept := w.x.states[q].accept
	for _, p := range set {
		accept = accept && !w.y.states[p].accept
	}
	w.states = append(w.states, state{accept: accept})
	w.work = append(w.work, pairOfSet{q, set})
	return n
}

// expand gives a state its edges: for each edge of a, its bytes split by what b tells apart.
func (w *without) expand(n int32) {
	from := w.work[n]
	for _, e := range w.x.states[from.q].edges {
		parts := []byteSet{e.on}
		for _, p := range from.set {
			for _, f := range w.y.states[p].edges {
				for i, k := 0, len(parts); i < k; i++ {
					in, out := parts[i].intersect(f.on), parts[i].minus(f.on)
					if !in.isEmpty() && !out.isEmpty() {
						parts[i] = in
						parts = append(parts, out)
					}
				}
			}
		}
		for _, part := range parts {
			next := w.y.step(from.set, part.favourite(), w.mark)
			if w.y.anyUniversal(next) {
				continue // nothing is left behind it
			}
			slices.Sort(next)
			to := w.state(e.to, next)
			w.states[n].edges = append(w.states[n].edges, edge{on: part, to: to})
			w.edges++
		}
	}
}

func setKey(q int32, set []int32) string {
	key := binary.LittleEndian.AppendUint32(make([]byte, 0, 4*(len(set)+1)), uint32(q))
	for _, p := range set {
		key = binary.LittleEndian.AppendUint32(key, uint32(p))
	}
	return string(key)
}

// anyUniversal tells whether everything is accepted from one of some states.
func (a *automaton) anyUniversal(states []int32) bool {
	return slices.ContainsFunc(states, func(q int32) bool { return a.states[q].universal })
}
