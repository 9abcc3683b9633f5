package regular

// mostPairs bounds the work of MayMeet and Meeting.
const mostPairs = 1 << 20

// MayMeet tells whether some text may be in both of two patterns. False is a proof; true is one too, unless the
// patterns are so large, or the budget so small, that it gives up. It takes states in pairs, of which there are only as
// many as the product of both, and so is a cheap question to ask before one that makes sets of states.
func MayMeet(a, b Expr, budget Budget) bool {
	if !mayStartAlike(Starts(a), Starts(b)) {
		return false
	}
	x, y := a.automaton(), b.automaton()
	if len(x.states)*len(y.states) > mostPairs {
		return true
	}
	meter := budget.meter()
	known, done := newPairSet(x, y)
	defer done()
	known.add(pair{})
	work := []pair{{}}
	for len(work) > 0 {
		at := work[len(work)-1]
		work = work[:len(work)-1]
		p, q := &x.states[at.x], &y.states[at.y]
		// From a universal state every text is accepted, and from any state of a pattern that has a text there is one.
		if p.accept && q.accept || p.universal && live(q) || q.universal && live(p) {
			return true
		}
		if !meter.work(partsPerPair + len(p.edges)*len(q.edges)/edgesPerPart) {
			return true
		}
		for i := range p.edges {
			for j := range q.edges {
				if !p.edges[i].on.meets(&q.edges[j].on) {
					continue
				}
				to := pair{p.edges[i].to, q.edges[j].to}
				if known.add(to) {
					work = append(work, to)
				}
			}
		}
	}
	return false
}

// live tells whether a state leads to an accepting one: all do, but for the only one of an empty pattern.
func live(s *state) bool { return s.accept || len(s.edges) > 0 }
