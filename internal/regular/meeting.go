package regular

// Meeting finds a shortest text that is in both of two patterns. It takes states in pairs and so costs no more than the product of both; known is
// false where that is too much for the budget.
func Meeting(a, b Expr, budget Budget) (text string, some, known bool) {
	x, y := a.automaton(), b.automaton()
	meter := budget.meter()
	type pair struct{ x, y int32 }
	type step struct {
		at   pair
		from int32 // index of the step before
		by   byte
	}
	steps := []step{{from: -1}}
	seen := map[pair]struct{}{{}: {}}
	for i := 0; i < len(steps); i++ {
		p, q := &x.states[steps[i].at.x], &y.states[steps[i].at.y]
		if len(steps) > mostPairs || !meter.work(partsPerPair+len(p.edges)*len(q.edges)/edgesPerPart) {
			return "", false, false
		}
		if p.accept && q.accept {
			return textBack(int32(i), func(i int32) (byte, int32) { return steps[i].by, steps[i].from }), true, true
		}
		for j := range p.edges {
			for k := range q.edges {
				on := p.edges[j].on.intersect(q.edges[k].on)
				if on.isEmpty() {
					continue
				}
				to := pair{p.edges[j].to, q.edges[k].to}
				if _, known := seen[to]; !known {
					seen[to] = struct{}{}
					steps = append(steps, step{to, int32(i), on.favourite()})
				}
			}
		}
	}
	return "", false, true
}
