package regular

// What lies before or behind a place between two bytes.
type neighbour uint8

const (
	edgeOfText neighbour = iota
	wordByte
	newline // as part of the match
	otherByte
)

var newlineByte = byteSetOf('\n')

func (a assertion) holds(before, behind neighbour) bool {
	switch a {
	case atStart:
		return before == edgeOfText
	case atEnd:
		return behind == edgeOfText
	case atLineStart:
		return before == edgeOfText || before == newline
	case atLineEnd:
		return behind == edgeOfText || behind == newline
	case atWordStart:
		return before != wordByte && behind == wordByte
	case atWordEnd:
		return before == wordByte && behind != wordByte
	case atWordEdge:
		return (before == wordByte) != (behind == wordByte)
	default:
		return (before == wordByte) == (behind == wordByte)
	}
}

// place is a state of the resolved automaton: where the next step starts, and what lies before it if an assertion may
// ask.
type place struct {
	step   int32
	before neighbour
}

// resolver makes silent steps and assertions disappear. An assertion is decided with the byte before it, which the
// state remembers, and the byte behind it, which the edge reads: the encoding of anchors by marks at both ends,
// extended to words.
type resolver struct {
	m        *thompson
	number   map[place]int32
	places   []place
	states   []state
	edges    int
	seen     []int32 // the round in which a step was last visited
	round    int32
	stack    []int32
	reads    []thompsonStep
	asking   []int8           // whether assertions can be met silently: 0 not known yet, 1 yes, -1 no
	outgoing map[int32]uint32 // target state to index of the edge
}

// compile makes the automaton of a tree.
func compile(t *tree) (*automaton, error) {
	if t.size(maxStates) > maxStates {
		return nil, ErrTooLarge
	}
	m := &thompson{}
	first := m.build(t, m.add(thompsonStep{kind: stepMatch}))
	r := &resolver{m: m, number: map[place]int32{}, seen: make([]int32, len(m.steps)), asking: make([]int8, len(m.steps)), outgoing: map[int32]uint32{}}
	r.place(first, edgeOfText)
	for i := 0; i < len(r.places); i++ {
		if err := r.resolve(int32(i)); err != nil {
			return nil, err
		}
	}
	return finish(r.states), nil
}

// place numbers a place.
func (r *resolver) place(step int32, before neighbour) int32 {
	if !r.asks(step) {
		before = otherByte
	}
	p := place{step, before}
	n, ok := r.number[p]
	if !ok {
		n = int32(len(r.places))
		r.number[p] = n
		r.places = append(r.places, p)
		r.states = append(r.states, state{})
	}
	return n
}

// asks tells whether silent steps from here meet an assertion.
func (r *resolver) asks(step int32) bool {
	if !r.m.marks {
		return false
	}
	if r.asking[step] == 0 {
		r.asking[step] = -1
		r.walk(step, func(s *thompsonStep) bool {
			if s.kind == stepAssert {
				r.asking[step] = 1
			}
			return true
		})
	}
	return r.asking[step] == 1
}

// walk visits what silent steps reach; pass says whether an assertion lets through.
func (r *resolver) walk(from int32, pass func(*thompsonStep) bool) {
	r.round++
	r.stack = append(r.stack[:0], from)
	for len(r.stack) > 0 {
		i := r.stack[len(r.stack)-1]
		r.stack = r.stack[:len(r.stack)-1]
		if r.seen[i] == r.round {
			continue
		}
		r.seen[i] = r.round
		s := &r.m.steps[i]
		through := pass(s)
		switch {
		case s.kind == stepSplit:
			r.stack = append(r.stack, s.other, s.next)
		case s.kind == stepAssert && through:
			r.stack = append(r.stack, s.next)
		}
	}
}

// resolve finds the edges of a place.
func (r *resolver) resolve(n int32) error {
	p := r.places[n]
	clear(r.outgoing)
	if !r.asks(p.step) {
		r.collect(n, p, edgeOfText, reading{bytes: anyByte, inside: true, outside: true, end: true})
	} else {
		r.collect(n, p, edgeOfText, reading{end: true})
		r.collect(n, p, wordByte, reading{bytes: wordBytes, inside: true, outside: true})
		r.collect(n, p, newline, reading{bytes: newlineByte, inside: true})
		r.collect(n, p, otherByte, reading{bytes: newlineByte, outside: true})
		r.collect(n, p, otherByte, reading{bytes: anyByte.minus(wordBytes).minus(newlineByte), inside: true, outside: true})
	}
	sortEdges(r.states[n].edges)
	if len(r.places) > maxStates || r.edges > maxEdges {
		return ErrTooLarge
	}
	return nil
}

// reading says what is read next: which bytes, as part of the match or outside of it, or that the text may end.
type reading struct {
	bytes           byteSet
	inside, outside bool
	end             bool
}

// collect adds the edges that a reading takes when next lies behind the place, and whether the text may end here.
func (r *resolver) collect(n int32, p place, next neighbour, what reading) {
	r.reads = r.reads[:0]
	r.walk(p.step, func(s *thompsonStep) bool {
		switch s.kind {
		case stepMatch:
			r.states[n].accept = r.states[n].accept || what.end
		case stepByte:
			if s.outside && what.outside || !s.outside && what.inside {
				r.reads = append(r.reads, *s)
			}
		case stepAssert:
			return s.assert.holds(p.before, next)
		}
		return true
	})
	for i := range r.reads {
		to, on := r.reads[i].next, r.reads[i].set.intersect(what.bytes)
		if !r.asks(to) {
			r.connect(n, on, to, otherByte)
			continue
		}
		r.connect(n, on.intersect(wordBytes), to, wordByte)
		r.connect(n, on.minus(wordBytes).minus(newlineByte), to, otherByte)
		if r.reads[i].outside {
			r.connect(n, on.intersect(newlineByte), to, otherByte)
		} else {
			r.connect(n, on.intersect(newlineByte), to, newline)
		}
	}
}

// connect adds an edge, or bytes to the edge that is there.
func (r *resolver) connect(from int32, on byteSet, step int32, before neighbour) {
	if on.isEmpty() {
		return
	}
	to := r.place(step, before)
	edges := &r.states[from].edges
	if i, ok := r.outgoing[to]; ok {
		(*edges)[i].on = (*edges)[i].on.union(on)
		return
	}
	r.outgoing[to] = uint32(len(*edges))
	*edges = append(*edges, edge{on: on, to: to})
	r.edges++
}
