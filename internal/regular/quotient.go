package regular

import (
	"cmp"
	"slices"
)

// After has what may follow a prefix: the texts t for which the prefix and t together are in the language (the left
// quotient).
func After(e Expr, prefix string) Expr {
	a := e.automaton()
	mark := make([]bool, len(a.states))
	reached := []int32{0}
	for i := 0; i < len(prefix); i++ {
		reached = a.step(reached, prefix[i], mark)
	}
	return Expr{a: startingAt(a, reached)}
}

// Behind has what may follow some text of another pattern: the texts t for which a text of before and t together are in
// the language (the left quotient by a language). The error is ErrTooLarge, also where the budget is spent.
func Behind(e, before Expr, budget Budget) (Expr, error) {
	x, y := e.automaton(), before.automaton()
	if len(x.states)*len(y.states) > mostPairs {
		return Expr{}, ErrTooLarge
	}
	meter := budget.meter()
	type pair struct{ x, y int32 }
	known := map[pair]struct{}{{}: {}}
	work := []pair{{}}
	ends := make([]bool, len(x.states)) // where a text of before ends
	for len(work) > 0 {
		at := work[len(work)-1]
		work = work[:len(work)-1]
		p, q := &x.states[at.x], &y.states[at.y]
		ends[at.x] = ends[at.x] || q.accept
		if !meter.work(partsPerPair + len(p.edges)*len(q.edges)/edgesPerPart) {
			return Expr{}, ErrTooLarge
		}
		for i := range p.edges {
			for j := range q.edges {
				if to := (pair{p.edges[i].to, q.edges[j].to}); p.edges[i].on.meets(&q.edges[j].on) {
					if _, seen := known[to]; !seen {
						known[to] = struct{}{}
						work = append(work, to)
					}
				}
			}
		}
	}
	var from []int32
	for q, ends := range ends {
		if ends {
			from = append(from, int32(q))
		}
	}
	return Expr{a: startingAt(x, from)}, nil
}

// startingAt accepts what some of the states accept.
func startingAt(a *automaton, from []int32) *automaton {
	// State 0 of the result does what any of these states does.
	states := make([]state, len(a.states)+1)
	on := map[int32]byteSet{}
	for _, q := range from {
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
	return finish(states)
}

// Both has the texts that are in two patterns. Unlike Intersect it is an Expr, made at once and not by the search, so
// it is for patterns that are small. The error is ErrTooLarge, also where the budget is spent.
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
