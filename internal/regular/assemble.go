package regular

import (
	"maps"
	"slices"
)

// Part is a piece of a pattern that is put together by Assemble. The functions that make parts do no work, so that a
// long pattern costs what it has in the end, and not the sum of all that it passes through.
type Part struct {
	kind  partKind
	leaf  Expr
	marks map[string]Expr
	parts []Part
}

type partKind uint8

const (
	leafPart partKind = iota
	sequencePart
	choicePart
	plusPart
)

// Leaf is a compiled pattern.
func Leaf(e Expr) Part { return Part{kind: leafPart, leaf: e} }

// MarkedLeaf is a compiled pattern some of whose texts have marks: for each mark, a pattern of those that have it. None
// of them is empty.
func MarkedLeaf(e Expr, marks map[string]Expr) Part { return Part{leaf: e, marks: marks} }

// Sequence has the texts of each part one after the other; of none it has the empty text.
func Sequence(parts ...Part) Part { return Part{kind: sequencePart, parts: parts} }

// Choice has the texts of any part; of none it has no text.
func Choice(parts ...Part) Part { return Part{kind: choicePart, parts: parts} }

// OnceOrMore has the texts of a part once or several times.
func OnceOrMore(p Part) Part { return Part{kind: plusPart, parts: []Part{p}} }

// Repeat has the texts of a part any number of times.
func Repeat(p Part) Part { return Maybe(OnceOrMore(p)) }

// Maybe has the empty text as well.
func Maybe(p Part) Part { return Choice(Leaf(Epsilon()), p) }

// Nullable tells whether a part has the empty text.
func (p Part) Nullable() bool {
	switch p.kind {
	case leafPart:
		return p.leaf.Contains("")
	case sequencePart:
		for _, q := range p.parts {
			if !q.Nullable() {
				return false
			}
		}
		return true
	case choicePart:
		for _, q := range p.parts {
			if q.Nullable() {
				return true
			}
		}
		return false
	}
	return p.parts[0].Nullable()
}

// Marks are the marks of all leaves, in order.
func (p Part) Marks() []string {
	all := map[string]bool{}
	p.addMarks(all)
	return slices.Sorted(maps.Keys(all))
}

func (p Part) addMarks(all map[string]bool) {
	for mark := range p.marks {
		all[mark] = true
	}
	for _, q := range p.parts {
		q.addMarks(all)
	}
}

// Assemble makes an Expr of a part (V. M. Glushkov, "The abstract theory of automata", 1961: what may come first, what
// may come last, and what may follow what). The error is ErrTooLarge.
func Assemble(p Part) (Expr, error) {
	return newCombiner(p.size()).assemble(p, "")
}

// AssembleMarked makes an Expr of the texts of a part in which some leaf has a mark. Its automaton has two layers, one
// for what comes before that leaf and one for what comes behind it. The error is ErrTooLarge.
func AssembleMarked(p Part, mark string) (Expr, error) {
	return newCombiner(2*p.size()).assemble(p, mark)
}

// newCombiner has a first state, and room for others.
func newCombiner(room int) *combiner {
	return &combiner{states: make([]state, 1, 1+min(room, maxStates))}
}

// size is how many states the leaves of a part have.
func (p Part) size() int {
	if p.kind == leafPart {
		if p.leaf.literal != nil {
			return len(p.leaf.literal.text)
		}
		return len(p.leaf.automaton().states)
	}
	n := 0
	for _, q := range p.parts {
		n += q.size()
	}
	return n
}

func (c *combiner) assemble(p Part, mark string) (Expr, error) {
	f := c.fragment(p, mark)
	if len(c.states) > maxStates || c.edges > maxEdges {
		return Expr{}, ErrTooLarge
	}
	end := f.before.last
	c.states[0].accept = f.nullable && mark == ""
	if mark != "" {
		end = f.behind.last
	}
	c.states[0].edges = f.before.first
	for _, q := range end {
		c.states[q].accept = true
	}
	for q := range c.states {
		c.states[q].edges = unite(c.states[q].edges)
	}
	// The leaves are small already, so that merging finds little.
	a := &automaton{states: trim(c.states)}
	a.components = components(a.states)
	a.findUniversal()
	return Expr{a: a}, nil
}

// fragment is a part whose states are in a combiner, in each of two layers. An edge into the second layer begins at the
// first for what has the mark.
type fragment struct {
	before, behind layer
	nullable       bool
}

// layer is the edges by which a fragment begins, and the states in which it may end.
type layer struct {
	first []edge
	last  []int32
}

func (l layer) and(m layer) layer {
	return layer{slices.Concat(l.first, m.first), slices.Concat(l.last, m.last)}
}

func (c *combiner) fragment(p Part, mark string) fragment {
	if len(c.states) > maxStates || c.edges > maxEdges {
		return fragment{}
	}
	switch p.kind {
	case leafPart:
		return c.leaf(p, mark)
	case sequencePart:
		f := fragment{nullable: true}
		for _, q := range p.parts {
			g := c.fragment(q, mark)
			f = fragment{c.follow(f.before, g.before, f.nullable, g.nullable), c.follow(f.behind, g.behind, f.nullable, g.nullable), f.nullable && g.nullable}
		}
		return f
	case choicePart:
		var f fragment
		for _, q := range p.parts {
			g := c.fragment(q, mark)
			f = fragment{f.before.and(g.before), f.behind.and(g.behind), f.nullable || g.nullable}
		}
		return f
	}
	f := c.fragment(p.parts[0], mark)
	c.link(f.before.last, f.before.first)
	c.link(f.behind.last, f.behind.first)
	return f
}

// leaf copies a pattern into each layer, and what has the mark in between.
func (c *combiner) leaf(p Part, mark string) fragment {
	f := fragment{before: c.layer(p.leaf), nullable: p.Nullable()}
	if mark == "" {
		return f
	}
	f.behind = c.layer(p.leaf)
	if marked, has := p.marks[mark]; has {
		between := c.layer(marked)
		f.before.first = append(f.before.first, between.first...)
		f.behind.last = append(f.behind.last, between.last...)
	}
	return f
}

// layer copies the automaton of a pattern.
func (c *combiner) layer(e Expr) layer {
	if e.literal != nil {
		return c.word(e.literal.text)
	}
	base := c.copy(e.automaton())
	var l layer
	for q := base; int(q) < len(c.states); q++ {
		if c.states[q].accept {
			c.states[q].accept = false
			l.last = append(l.last, q)
		}
	}
	l.first = slices.Clone(c.states[base].edges)
	return l
}

// word is the layer of one text: a state behind each of its bytes.
func (c *combiner) word(text string) layer {
	if text == "" {
		return layer{}
	}
	base := int32(len(c.states))
	edges := make([]edge, len(text))
	for i := range len(text) {
		edges[i] = edge{on: byteSetOf(text[i]), to: base + int32(i)}
		next := edges[min(i+1, len(text)):min(i+2, len(text)):min(i+2, len(text))]
		c.states = append(c.states, state{edges: next})
	}
	c.edges += len(text)
	return layer{first: edges[:1:1], last: []int32{base + int32(len(text)) - 1}}
}

// follow has one layer of a fragment behind another.
func (c *combiner) follow(a, b layer, aNullable, bNullable bool) layer {
	c.link(a.last, b.first)
	l := layer{first: a.first, last: b.last}
	if aNullable {
		l.first = slices.Concat(a.first, b.first)
	}
	if bNullable {
		l.last = slices.Concat(b.last, a.last)
	}
	return l
}

// link adds edges to states.
func (c *combiner) link(from []int32, edges []edge) {
	for _, q := range from {
		c.states[q].edges = append(c.states[q].edges, edges...)
		c.edges += len(edges)
	}
}
