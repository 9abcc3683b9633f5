package regular

import (
	"cmp"
	"slices"
)

// After has what may follow a prefix: the texts t for which the prefix and t together are in the language (the left quotient).
func After(e Expr, prefix string) Expr {
	a := e.automaton()
	mark := make([]bool, len(a.states))
	reached := []int32{0}
	for i := 0; i < len(prefix); i++ {
		reached = a.step(reached, prefix[i], mark)
	}
	// State 0 of the result does what any of the reached states does.
	states := make([]state, len(a.states)+1)
	on := map[int32]byteSet{}
	for _, q := range reached {
		states[0].accept = states[0].accept || a.states[q].accept
		for _, edge := range a.states[q].edges {
			on[edge.to] = on[edge.to].union(edge.on)
		}
	}
	for q := range a.states {
		states[q+1] = state{accept: a.states[q].accept, edges: make([]edge, 0, len(a.states[q].edges))}
		for _, e := range a.states[q].edges {
			states[q+1].edges = append(states[q+1].edges, edge{on: e.on, to: e.to + 1})
		}
		if bytes, ok := on[int32(q)]; ok {
			states[0].edges = append(states[0].edges, edge{on: bytes, to: int32(q) + 1})
		}
	}
	return Expr{a: finish(states)}
}

// Both has the texts that are in two patterns. Unlike Intersect it is an Expr, made at once and not by the search, so it is for
// patterns that are small. The error is ErrTooLarge, also where the budget is spent.
func Both(a, b Expr, budget Budget) (Expr, error) {
	meter := budget.meter()
	type pair struct{ a, b int32 }
	x, y := a.automaton(), b.automaton()
	number := map[pair]int32{{}: 0}
	queue := []pair{{}}
	var states []state
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		if !meter.work(partsPerPair + len(x.states[p.a].edges)*len(y.states[p.b].edges)/edgesPerPart) {
			return Expr{}, ErrTooLarge
		}
		s := state{accept: x.states[p.a].accept && y.states[p.b].accept}
		for _, e := range x.states[p.a].edges {
			for _, f := range y.states[p.b].edges {
				on := e.on.intersect(f.on)
				if on.isEmpty() {
					continue
				}
				to := pair{e.to, f.to}
				n, known := number[to]
				if !known {
					n = int32(len(number))
					if n >= maxStates {
						return Expr{}, ErrTooLarge
					}
					number[to] = n
					queue = append(queue, to)
				}
				s.edges = append(s.edges, edge{on: on, to: n})
			}
		}
		slices.SortFunc(s.edges, func(e, f edge) int { return cmp.Compare(e.to, f.to) })
		states = append(states, s)
	}
	return Expr{a: finish(states)}, nil
}

// NotPrefixed has all texts that do not start with a prefix.
func NotPrefixed(prefix string) Expr {
	n := int32(len(prefix))
	if n == 0 {
		return Empty()
	}
	states := make([]state, n+1)
	for i := range n {
		states[i].accept = true
		if i+1 < n {
			states[i].edges = append(states[i].edges, edge{on: byteSetOf(prefix[i]), to: i + 1})
		}
		states[i].edges = append(states[i].edges, edge{on: anyByte.minus(byteSetOf(prefix[i])), to: n})
	}
	states[n] = state{accept: true, edges: []edge{{on: anyByte, to: n}}}
	return Expr{a: finish(states)}
}
