package regular

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Class is a set of texts that the same ones of several patterns match.
type Class struct {
	// Members are the indices of the patterns that match, in ascending order.
	Members []int
	// Witness is a shortest text of the class, printable if there is one as short.
	Witness string
	// Single is set where the witness is one of the patterns, a literal, and the only text of the class.
	Single bool
}

// Partition splits the texts into classes, so that a question about many rules becomes one for each command path with
// just the rules that match it. Every text that any of the patterns matches is in exactly one class, except that a
// literal among the patterns is a class of its own; classes without members are left out. Literals come first, in their
// order.
//
// If the budget is spent complete is false: there may be more classes.
//
// Literals cost next to nothing, so the costs grow with the number of command paths linearly.
func Partition(of []Expr, b Budget) (classes []Class, complete bool) {
	p := &partition{literal: map[string]int{}, met: map[string]meeting{}}
	var patterns []Language
	for i, e := range of {
		text, ok := e.Text()
		if !ok {
			patterns = append(patterns, e)
			p.patternIndex = append(p.patternIndex, i)
			continue
		}
		class, known := p.literal[text]
		if !known {
			class = len(p.classes)
			p.literal[text] = class
			p.classes = append(p.classes, Class{Witness: text, Single: true})
		}
		p.classes[class].Members = append(p.classes[class].Members, i)
	}
	if len(patterns) == 0 {
		return p.classes, true
	}
	p.matchLiterals(of)
	var ok bool
	if p.space, ok = newSpace(b.meter(), patterns...); !ok {
		return p.classes, false
	}
	for _, l := range patterns {
		p.start = append(p.start, l.node(p.space))
	}
	// Nearly always the first text of a class that comes up is no literal. Else those of the class are walked around.
	complete = p.walk(nil)
	if complete && p.pending() {
		p.around = true
		complete = p.walk(p.trie())
	}
	return p.classes, complete
}

// partition is the state of Partition.
type partition struct {
	classes      []Class
	literal      map[string]int // class by text
	patternIndex []int          // what are not literals
	space        *space
	start        []ref
	met          map[string]meeting // by the key of the members
	around       bool               // whether the walk is one around literals
}

// meeting says which texts of a class the walk has met.
type meeting uint8

const (
	_ meeting = iota
	metLiteral
	metFree
)

// pending tells whether there are sets of members of which only literals have been met.
func (p *partition) pending() bool {
	for _, m := range p.met {
		if m == metLiteral {
			return true
		}
	}
	return false
}

// matchLiterals finds the patterns that match literals.
func (p *partition) matchLiterals(of []Expr) {
	for i := range p.classes {
		c := &p.classes[i]
		var matching []int
		for _, j := range p.patternIndex {
			if of[j].Contains(c.Witness) {
				matching = append(matching, j)
			}
		}
		c.Members = mergeSorted(c.Members, matching)
	}
}

func mergeSorted(a, b []int) []int {
	merged := make([]int, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			merged, a = append(merged, a[0]), a[1:]
		} else {
			merged, b = append(merged, b[0]), b[1:]
		}
	}
	return append(append(merged, a...), b...)
}

// trieNode is a beginning of literals: what continues it, in the order of what a witness shows. Node 0 of a trie is
// where texts are that no literal begins with.
type trieNode []trieEdge

// witnessRank is the place of a byte in witnessOrder.
var witnessRank = func() (rank [256]uint8) {
	for i, b := range witnessOrder {
		rank[b] = uint8(i)
	}
	return rank
}()

type trieEdge struct {
	by byte
	to int32
}

// trie returns the trie of all literals, with node 1 for the empty text.
func (p *partition) trie() []trieNode {
	nodes := []trieNode{nil, nil}
	next := []map[byte]int32{nil, {}}
	for text := range p.literal {
		at := int32(1)
		for i := range len(text) {
			to, known := next[at][text[i]]
			if !known {
				to = int32(len(nodes))
				nodes, next = append(nodes, nil), append(next, map[byte]int32{})
				next[at][text[i]] = to
			}
			at = to
		}
	}
	for at := range nodes {
		for by, to := range next[at] {
			nodes[at] = append(nodes[at], trieEdge{by, to})
		}
		slices.SortFunc(nodes[at], func(a, b trieEdge) int { return cmp.Compare(witnessRank[a.by], witnessRank[b.by]) })
	}
	return nodes
}

// corner is a state of the walk: what is left of each pattern, and of the literals.
type corner struct {
	left      []ref
	at        int32 // node of the trie
	text      string
	printable bool
}

// walk visits the product of all patterns, and of the trie of literals if there is one, breadth first as search does.
func (p *partition) walk(trie []trieNode) (complete bool) {
	known := map[string]struct{}{}
	first := corner{left: p.start, printable: true}
	if trie != nil {
		first.at = 1
	}
	layer := []corner{first}
	p.visit(first)
	for len(layer) > 0 && (!p.around || p.pending()) {
		var next []corner
		add := func(c corner) {
			key := c.key()
			if _, seen := known[key]; seen || c.isDead() {
				return
			}
			known[key] = struct{}{}
			p.space.meter.node(len(c.left))
			next = append(next, c)
			p.visit(c)
		}
		for _, printable := range []bool{true, false} {
			for i := range layer {
				if p.space.meter.over() {
					return false
				}
				p.steps(&layer[i], trie, printable, add)
			}
		}
		layer = next
	}
	return true
}

// steps returns what follows a corner: the bytes that continue a literal, one by one, and the letters without them.
func (p *partition) steps(from *corner, trie []trieNode, printableOnly bool, add func(corner)) {
	var children trieNode
	if trie != nil {
		children = trie[from.at]
	}
	for l := range p.space.alphabet.letters {
		bytes := p.space.alphabet.letters[l].bytes
		var left []ref
		step := func(b byte, at int32) {
			if (from.printable && printable(b)) != printableOnly {
				return
			}
			if left == nil {
				p.space.meter.work(len(from.left))
				left = make([]ref, len(from.left))
				for i, r := range from.left {
					left[i] = p.space.derive(r, uint8(l))
				}
			}
			add(corner{left: left, at: at, text: from.text + string([]byte{b}), printable: printableOnly})
		}
		for _, child := range children {
			if bytes.has(child.by) {
				step(child.by, child.to)
				bytes = bytes.minus(byteSetOf(child.by))
			}
		}
		if !bytes.isEmpty() {
			step(bytes.favourite(), 0)
		}
	}
}

func (c *corner) key() string {
	key := make([]byte, 0, 4*len(c.left)+4)
	for _, r := range c.left {
		key = binary.LittleEndian.AppendUint32(key, uint32(r))
	}
	return string(binary.LittleEndian.AppendUint32(key, uint32(c.at)))
}

func (c *corner) isDead() bool {
	for _, r := range c.left {
		if r != nothing {
			return false
		}
	}
	return true
}

// visit makes a class of a text, if it is the first of its class and no literal.
func (p *partition) visit(c corner) {
	var members []int
	for i, r := range c.left {
		if p.space.accepts(r) {
			members = append(members, p.patternIndex[i])
		}
	}
	if len(members) == 0 {
		return
	}
	key := membersKey(members)
	if met := p.met[key]; met == metFree || met == metLiteral && !p.around {
		return
	}
	if _, ok := p.literal[c.text]; ok {
		p.met[key] = metLiteral
		return
	}
	p.met[key] = metFree
	p.classes = append(p.classes, Class{Members: members, Witness: c.text})
}

func membersKey(members []int) string {
	var key []byte
	for _, m := range members {
		key = binary.LittleEndian.AppendUint32(key, uint32(m))
	}
	return string(key)
}
