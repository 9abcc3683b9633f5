package regular

// Budget bounds the work on one question. Inclusion of patterns is PSPACE-complete, so there are questions that no
// budget answers; past it the answer is Unknown.
type Budget struct {
	// States is how many states, of the product and of its parts, may be made; DefaultStates if zero.
	States int
	// Expired is asked now and then whether to give up, for a limit on time or a context that is done. It may be nil.
	Expired func() bool
	// Shared, if not nil, bounds several questions together.
	Shared *SharedBudget
}

// SharedBudget is what several questions may cost together. Once it is spent each of them may still make some states,
// so that those which are easy are answered, until these together have cost half as much. It is for one goroutine.
type SharedBudget struct {
	states, parts, credit int
	madeStates, madeParts int
	paid                  map[Source]Expr // the patterns that were counted
}

// NewSharedBudget has a number of states, with as many parts as so many states of people's policies have.
func NewSharedBudget(states int) *SharedBudget {
	parts := states * partsPerSharedState
	return &SharedBudget{states: states, parts: parts, credit: parts / 2, paid: map[Source]Expr{}}
}

// Left is how many states are left.
func (s *SharedBudget) Left() int { return max(0, s.states) }

// Work is what the questions cost so far: states that were made, and parts of them and steps. It does not depend on the
// machine.
func (s *SharedBudget) Work() (states, parts int) { return s.madeStates, s.madeParts }

func (s *SharedBudget) spent() bool { return s.states < 0 || s.parts < 0 }

func (s *SharedBudget) charge(states, parts int) {
	if s.spent() {
		s.credit -= parts + states
	}
	s.states -= states
	s.parts -= parts
	s.madeStates += states
	s.madeParts += parts
}

// Exhausted tells whether not even easy questions are answered any more: a pattern that is not compiled yet need not
// be.
func (b Budget) Exhausted() bool { return b.Shared != nil && b.Shared.credit < 0 }

// Spend counts other work for questions, in parts, and tells whether it is within the budget.
func (b Budget) Spend(parts int) bool {
	if b.Shared == nil {
		return true
	}
	b.Shared.charge(0, parts)
	return b.Shared.credit >= 0
}

// Pay counts the states of a pattern that was compiled for questions, once for all that share the budget, and tells
// whether they are within it.
func (b Budget) Pay(source Source, e Expr) bool {
	if b.Shared == nil {
		return true
	}
	if _, paid := b.Shared.paid[source]; !paid {
		b.Shared.paid[source] = e
		b.Shared.charge(0, e.automaton().size())
	}
	return b.Shared.credit >= 0
}

// Paid gives a pattern that was compiled and counted before.
func (b Budget) Paid(source Source) (e Expr, paid bool) {
	if b.Shared == nil {
		return Expr{}, false
	}
	e, paid = b.Shared.paid[source]
	return e, paid && b.Shared.credit >= 0
}

// Spent tells whether what questions may cost together is spent.
func (b Budget) Spent() bool { return b.Shared != nil && b.Shared.spent() }

const (
	partsPerSharedState = 256
	statesOnCredit      = 100
	partsOnCredit       = 1 << 14
)

// DefaultStates are enough for any policy that people write, and take some tens of megabytes if all are used.
const DefaultStates = 100_000

// partsPerState is how many parts, and derivatives kept, a state may have on average before a budget is spent early, to
// bound memory. A part is some bytes of memory, or a few steps.
const partsPerState = 128

// What is made before and beside the states of a product, in parts.
const (
	partsPerPattern  = 4
	partsPerPosition = 10 // a state of a pattern that is taken into a space
	partsPerPair     = 10 // of states of two patterns
	edgesPerPart     = 8  // that are looked at in a step
)

// meter counts what a budget allows.
type meter struct {
	states, parts           int
	statesLimit, partsLimit int
	expired                 func() bool
	shared                  *SharedBudget
	spent                   bool
	ticks                   int
}

func (b Budget) meter() *meter {
	m := &meter{statesLimit: b.States, expired: b.Expired, shared: b.Shared}
	if m.statesLimit == 0 {
		m.statesLimit = DefaultStates
	}
	m.partsLimit = m.statesLimit * partsPerState
	return m
}

// node counts a state and its parts.
func (m *meter) node(parts int) {
	m.states++
	m.parts += parts
	if m.shared != nil {
		m.shared.charge(1, parts)
	}
}

// work counts what else is made or looked at, in parts, and tells whether that may be.
func (m *meter) work(parts int) bool {
	m.parts += parts
	if m.shared != nil {
		m.shared.charge(0, parts)
	}
	return !m.full()
}

// full tells whether a limit is passed, and once it is, it stays so.
func (m *meter) full() bool {
	if m.states > m.statesLimit || m.parts > m.partsLimit {
		m.spent = true
	} else if s := m.shared; s != nil && s.spent() && (m.states > statesOnCredit || m.parts > partsOnCredit || s.credit < 0) {
		m.spent = true
	}
	return m.spent
}

// expiredEvery is how many steps are between two calls of Expired.
const expiredEvery = 64

// over tells whether the budget is spent, and once it is, it stays so.
func (m *meter) over() bool {
	m.ticks++
	if !m.full() && m.expired != nil && m.ticks%expiredEvery == 1 && m.expired() {
		m.spent = true
	}
	return m.spent
}
