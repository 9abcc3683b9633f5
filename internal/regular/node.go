package regular

import "slices"

// ref is a language: a node, or the complement of one if the lowest bit is set. Complement costs nothing, and a
// language and its complement share their nodes.
type ref int32

const (
	sigmaStar ref = 0
	nothing   ref = 1
)

func (r ref) not() ref { return r ^ 1 }

func (r ref) negated() bool { return r&1 != 0 }

type nodeKind uint8

const (
	// everything is Sigma*, node 0.
	everything nodeKind = iota
	// someOf is the union of the languages of positions.
	someOf
	// allOf is the intersection of languages.
	allOf
	// decided is what a list of languages allows where the first that contains a text decides: it allows if it is the
	// first, third, fifth of the list, and where none contains the text, what the last does not say holds.
	decided
)

type node struct {
	kind   nodeKind
	accept bool    // whether the empty text is in the language
	link   int32   // the next node with the same hash, 0 at the end
	parts  []int32 // positions of someOf, refs of the others
	next   []ref   // someOf: the derivative by letter, unknownRef if not yet known
}

const unknownRef ref = -1

// intern finds a node or makes it, taking parts over.
func (s *space) intern(kind nodeKind, parts []int32) ref {
	hash := fnvOffset + uint64(kind)
	for _, p := range parts {
		hash = mix(hash, uint64(uint32(p)))
	}
	newest := s.index[hash]
	for i := newest; i != 0; i = s.nodes[i].link {
		if n := &s.nodes[i]; n.kind == kind && slices.Equal(n.parts, parts) {
			return ref(i << 1)
		}
	}
	i := int32(len(s.nodes))
	s.nodes = append(s.nodes, node{kind: kind, link: newest, parts: slices.Clip(slices.Clone(parts))})
	s.index[hash] = i
	s.nodes[i].accept = s.findAccept(&s.nodes[i])
	s.meter.node(len(parts))
	return ref(i << 1)
}

// accepts tells whether the empty text is in a language.
func (s *space) accepts(r ref) bool { return s.nodes[r>>1].accept != r.negated() }

func (s *space) findAccept(n *node) bool {
	switch n.kind {
	case someOf:
		for _, q := range n.parts {
			if s.positions[q].accept {
				return true
			}
		}
		return false
	case allOf:
		for _, p := range n.parts {
			if !s.accepts(ref(p)) {
				return false
			}
		}
		return true
	case decided:
		for i, p := range n.parts {
			if s.accepts(ref(p)) {
				return i%2 == 0
			}
		}
		return len(n.parts)%2 == 0
	default:
		return true
	}
}

// derive gives the language of what may follow a letter.
func (s *space) derive(r ref, l uint8) ref {
	i := r >> 1
	n := s.nodes[i]
	var d ref
	switch n.kind {
	case everything:
		d = sigmaStar
	case someOf:
		if n.next == nil {
			n.next = make([]ref, len(s.alphabet.letters))
			for j := range n.next {
				n.next[j] = unknownRef
			}
			s.nodes[i].next = n.next
			s.meter.work(len(n.next))
		}
		if n.next[l] == unknownRef {
			n.next[l] = s.step(n.parts, l)
		}
		d = n.next[l]
	case allOf:
		parts := s.refs.take()
		d = sigmaStar
		for _, p := range n.parts {
			if d = s.derive(ref(p), l); d == nothing {
				break
			}
			parts = append(parts, d)
		}
		if d != nothing {
			d = s.all(parts)
		}
		s.refs.give(parts)
	case decided:
		runs := s.runs.take()
		for j, p := range n.parts {
			on := s.derive(ref(p), l)
			runs = append(runs, run{allow: j%2 == 0, on: on})
			if on == sigmaStar {
				break
			}
		}
		d = s.decide(runs, len(n.parts)%2 == 0)
		s.runs.give(runs)
	}
	return d ^ r&1
}
