package regular

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// matcher is a deterministic automaton that is made of another one while it is used: a state, which is a set of states
// of that one, is made when a text first leads to it. From then on a byte costs two look-ups, and a text allocates
// nothing. Goroutines may share it.
type matcher struct {
	class [256]uint8 // bytes that no edge tells apart are one class; NUL is class 0, in no edge
	first *matcherState

	lock  sync.Mutex // of what follows
	shown []byte     // a byte of each class
	known map[string]*matcherState
	size  int
	mark  []bool // scratch
}

// maxMatcherSize bounds what a matcher keeps, in states of the automaton and in edges. What leads further is matched by
// simulating the automaton, which costs more for every byte.
const maxMatcherSize = 1 << 13

// matchedAsIs is how many texts are matched before a matcher is made, which costs as much as some of them.
const matchedAsIs = 2

type matcherState struct {
	set    []int32
	accept bool
	all    bool // every text is accepted from here
	next   []atomic.Pointer[matcherState]
}

// contains tells whether the automaton accepts a text.
func (a *automaton) contains(text string) bool {
	m := a.matcher.Load()
	if m == nil && a.matched.Add(1) <= matchedAsIs {
		return a.simulate([]int32{0}, text)
	}
	if m == nil {
		a.matcher.CompareAndSwap(nil, newMatcher(a))
		m = a.matcher.Load()
	}
	at := m.first
	for i := 0; i < len(text); i++ {
		if at.all {
			return strings.IndexByte(text[i:], 0) < 0
		}
		class := m.class[text[i]]
		next := at.next[class].Load()
		if next == nil {
			if next = m.follow(a, at, class); next == nil {
				return a.simulate(at.set, text[i:])
			}
		}
		if len(next.set) == 0 {
			return false
		}
		at = next
	}
	return at.accept
}

// newMatcher makes the classes of bytes and the first state.
func newMatcher(a *automaton) *matcher {
	sets := map[byteSet]struct{}{}
	for q := range a.states {
		for i := range a.states[q].edges {
			sets[a.states[q].edges[i].on] = struct{}{}
		}
	}
	alphabet := newAlphabet(sets)
	m := &matcher{shown: make([]byte, 1, len(alphabet.letters)+1), known: map[string]*matcherState{}, mark: make([]bool, len(a.states))}
	for i := range alphabet.letters {
		m.shown = append(m.shown, alphabet.letters[i].shown)
	}
	for b := 1; b < len(m.class); b++ {
		m.class[b] = alphabet.class[b] + 1
	}
	m.first = m.state(a, []int32{0})
	return m
}

// follow finds the state behind another one, or makes it. It gives nil where the matcher is as large as it may become.
func (m *matcher) follow(a *automaton, from *matcherState, class uint8) *matcherState {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.size > maxMatcherSize {
		return nil
	}
	to := a.step(from.set, m.shown[class], m.mark)
	slices.Sort(to)
	next := m.state(a, to)
	from.next[class].Store(next)
	return next
}

// state is the one for a sorted set.
func (m *matcher) state(a *automaton, set []int32) *matcherState {
	key := make([]byte, 0, 4*len(set))
	for _, q := range set {
		key = binary.LittleEndian.AppendUint32(key, uint32(q))
	}
	if s, ok := m.known[string(key)]; ok {
		return s
	}
	s := &matcherState{set: set, next: make([]atomic.Pointer[matcherState], len(m.shown))}
	for _, q := range set {
		s.accept = s.accept || a.states[q].accept
		s.all = s.all || a.states[q].universal
	}
	m.known[string(key)] = s
	m.size += len(set) + len(m.shown)
	return s
}

// simulate reads the rest of a text from a set of states.
func (a *automaton) simulate(current []int32, text string) bool {
	mark := make([]bool, len(a.states))
	current = slices.Clone(current) // which others share
	var spare []int32
	for i := 0; i < len(text) && len(current) > 0; i++ {
		current, spare = a.stepInto(spare[:0], current, text[i], mark), current
	}
	return slices.ContainsFunc(current, func(q int32) bool { return a.states[q].accept })
}
