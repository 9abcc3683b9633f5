package regular

// thompson is an automaton with silent steps and assertions, as it comes out of a tree (K. Thompson, "Regular
// expression search algorithm", 1968). It is built from its end to its beginning, so that every step knows where it
// leads.
type thompson struct {
	steps []thompsonStep
	marks bool // whether there is any assertion
}

type thompsonStep struct {
	kind    stepKind
	set     byteSet // stepByte
	outside bool    // stepByte
	assert  assertion
	next    int32
	other   int32 // stepSplit
}

type stepKind uint8

const (
	stepByte stepKind = iota
	stepSplit
	stepAssert
	stepMatch
	stepDead
)

func (m *thompson) add(s thompsonStep) int32 {
	m.steps = append(m.steps, s)
	return int32(len(m.steps) - 1)
}

// build adds the steps for a tree in front of next and gives the first of them.
func (m *thompson) build(t *tree, next int32) int32 {
	switch t.op {
	case opSet:
		return m.add(thompsonStep{kind: stepByte, set: t.set, outside: t.outside, next: next})
	case opAssert:
		m.marks = true
		return m.add(thompsonStep{kind: stepAssert, assert: t.assert, next: next})
	case opCat:
		for i := len(t.subs) - 1; i >= 0; i-- {
			next = m.build(t.subs[i], next)
		}
		return next
	case opAlt:
		if len(t.subs) == 0 {
			return m.add(thompsonStep{kind: stepDead})
		}
		first := m.build(t.subs[len(t.subs)-1], next)
		for i := len(t.subs) - 2; i >= 0; i-- {
			first = m.add(thompsonStep{kind: stepSplit, next: m.build(t.subs[i], next), other: first})
		}
		return first
	}
	return m.repeat(t, next)
}

// repeat unrolls x{2,4} to xx(x(x)?)?, and x{2,} to xx+.
func (m *thompson) repeat(t *tree, next int32) int32 {
	sub, required := t.subs[0], t.min
	switch {
	case t.max == unbounded && required == 0:
		next = m.loop(sub, next)
	case t.max == unbounded:
		loop := m.add(thompsonStep{kind: stepSplit, other: next})
		first := m.build(sub, loop)
		m.steps[loop].next = first
		next = first
		required--
	default:
		end := next
		for range t.max - t.min {
			next = m.add(thompsonStep{kind: stepSplit, next: m.build(sub, next), other: end})
		}
	}
	for range required {
		next = m.build(sub, next)
	}
	return next
}

// loop is any number of times.
func (m *thompson) loop(sub *tree, next int32) int32 {
	split := m.add(thompsonStep{kind: stepSplit, other: next})
	first := m.build(sub, split)
	m.steps[split].next = first
	return split
}
