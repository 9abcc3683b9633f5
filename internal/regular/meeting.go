package regular

// Meeting finds a shortest text that is in both of two patterns. It takes states in pairs and so costs no more than the product of both; known is
// false where that is too much.
func Meeting(a, b Expr) (text string, some, known bool) {
	x, y := a.automaton(), b.automaton()
	type pair struct{ x, y int32 }
	type step struct {
		at   pair
		from int // index of the step before
		by   byte
	}
	steps := []step{{from: -1}}
	seen := map[pair]struct{}{{}: {}}
	for i := 0; i < len(steps); i++ {
		if len(steps) > mostPairs {
			return "", false, false
		}
		p, q := &x.states[steps[i].at.x], &y.states[steps[i].at.y]
		if p.accept && q.accept {
			var back []byte
			for at := i; steps[at].from >= 0; at = steps[at].from {
				back = append(back, steps[at].by)
			}
			for l, r := 0, len(back)-1; l < r; l, r = l+1, r-1 {
				back[l], back[r] = back[r], back[l]
			}
			return string(back), true, true
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
					steps = append(steps, step{to, i, on.favourite()})
				}
			}
		}
	}
	return "", false, true
}
