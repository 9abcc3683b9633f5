package regular

// Budget bounds the work on one question. Inclusion of patterns is PSPACE-complete, so there are questions that no budget
// answers; past it the answer is Unknown.
type Budget struct {
	// States is how many states, of the product and of its parts, may be made; DefaultStates if zero.
	States int
	// Expired is asked now and then whether to give up, for a limit on time or a context that is done. It may be nil.
	Expired func() bool
	// Purse, if not nil, bounds several questions together.
	Purse *Purse
}

// Purse is what several questions may cost together. Once it is empty each of them may still make some states, so that those which are easy are
// answered. It is for one goroutine.
type Purse struct{ states, parts int }

// NewPurse holds a number of states, with as many parts as so many states of people's policies have.
func NewPurse(states int) *Purse { return &Purse{states, states * partsPerSharedState} }

// Left is how many states are left in a purse.
func (p *Purse) Left() int { return max(0, p.states) }

const (
	partsPerSharedState = 16
	statesOnCredit      = 100
)

// DefaultStates are enough for any policy that people write, and take some tens of megabytes if all are used.
const DefaultStates = 100_000

// partsPerState is how many parts, and derivatives kept, a state may have on average before a budget is spent early, to
// bound memory.
const partsPerState = 128

// meter counts what a budget allows.
type meter struct {
	states, parts           int
	statesLimit, partsLimit int
	expired                 func() bool
	purse                   *Purse
	spent                   bool
	ticks                   int
}

func (b Budget) meter() *meter {
	m := &meter{statesLimit: b.States, expired: b.Expired, purse: b.Purse}
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
	if m.purse != nil {
		m.purse.states--
		m.purse.parts -= parts
	}
}

// memo counts derivatives that are kept.
func (m *meter) memo(n int) {
	m.parts += n
	if m.purse != nil {
		m.purse.parts -= n
	}
}

// expiredEvery is how many steps are between two calls of Expired.
const expiredEvery = 64

// over tells whether the budget is spent, and once it is, it stays so.
func (m *meter) over() bool {
	m.ticks++
	if m.states > m.statesLimit || m.parts > m.partsLimit {
		m.spent = true
	} else if p := m.purse; p != nil && (p.states < 0 || p.parts < 0) && m.states > statesOnCredit {
		m.spent = true
	} else if m.expired != nil && m.ticks%expiredEvery == 1 && m.expired() {
		m.spent = true
	}
	return m.spent
}
