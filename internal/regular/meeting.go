package regular

import "sync"

// meetingStep is a pair that a text leads to.
type meetingStep struct {
	at   pair
	from int32 // index of the step before
	by   byte
}

// meetingSteps are lists that are not needed any more.
var meetingSteps = sync.Pool{New: func() any { return new([]meetingStep) }}

// Meeting finds a shortest text that is in both of two patterns. It takes states in pairs and so costs no more than the
// product of both; known is false where that is too much for the budget.
func Meeting(a, b Expr, budget Budget) (text string, some, known bool) {
	x, y := a.automaton(), b.automaton()
	meter := budget.meter()
	pooled, _ := meetingSteps.Get().(*[]meetingStep)
	steps := append((*pooled)[:0], meetingStep{from: -1})
	defer func() {
		*pooled = steps
		meetingSteps.Put(pooled)
	}()
	seen, done := newPairSet(x, y)
	defer done()
	seen.add(pair{})
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
				if !p.edges[j].on.meets(&q.edges[k].on) {
					continue
				}
				if to := (pair{p.edges[j].to, q.edges[k].to}); seen.add(to) {
					on := p.edges[j].on.intersect(q.edges[k].on)
					steps = append(steps, meetingStep{to, int32(i), on.favourite()})
				}
			}
		}
	}
	return "", false, true
}
