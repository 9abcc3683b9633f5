package regular

import (
	"encoding/binary"
	"slices"
)

// Classes split the texts of a base among patterns: the class of a text is the first pattern that has it.
type Classes struct {
	states []state
	class  []int32 // of each state: -1 for no text of the base, the number of patterns for the texts that no pattern has
}

// Classify splits base among patterns. One deterministic automaton answers for all of them, so that classes stay small where Without,
// asked for one after the other, would not. The error is ErrTooLarge.
func Classify(base Expr, patterns ...Expr) (*Classes, error) {
	c := &classifier{number: map[string]int32{}}
	for i, e := range append([]Expr{base}, patterns...) {
		a := e.automaton()
		from := int32(len(c.nfa))
		c.start = append(c.start, from)
		for _, s := range a.states {
			edges := make([]edge, len(s.edges))
			for k, e := range s.edges {
				edges[k] = edge{on: e.on, to: e.to + from}
			}
			c.nfa = append(c.nfa, state{edges: edges, accept: s.accept})
			c.owner = append(c.owner, int32(i)-1)
		}
	}
	c.mark = make([]bool, len(c.nfa))
	c.findFull()
	c.state(c.start)
	for at := 0; at < len(c.work); at++ {
		if len(c.states) > maxStates || c.edges > maxEdges {
			return nil, ErrTooLarge
		}
		c.expand(int32(at))
	}
	return minimal(c.states, c.class), nil
}

// Of has the texts of some classes, by the numbers of their patterns; the number of patterns stands for the rest.
func (c *Classes) Of(classes ...int) Expr {
	states := make([]state, len(c.states))
	for q, s := range c.states {
		states[q] = state{edges: slices.Clone(s.edges), accept: c.class[q] >= 0 && slices.Contains(classes, int(c.class[q]))}
	}
	return Expr{finish(states)}
}

// classifier builds the sets of states of all the patterns side by side.
type classifier struct {
	nfa    []state
	owner  []int32 // of each state: its pattern, -1 for the base
	start  []int32
	states []state
	class  []int32
	work   [][]int32
	number map[string]int32
	mark   []bool
	full   []bool // of each state: see findFull
	edges  int
}

// findFull finds the states of patterns from which every text of the base's bytes is accepted: from there on, nothing that comes after
// the pattern matters.
func (c *classifier) findFull() {
	var alphabet byteSet
	for q, s := range c.nfa {
		for _, e := range s.edges {
			if c.owner[q] < 0 {
				alphabet = alphabet.union(e.on)
			}
		}
	}
	c.full = make([]bool, len(c.nfa))
	for q := range c.nfa {
		c.full[q] = c.owner[q] >= 0 && c.nfa[q].accept
	}
	for changed := true; changed; {
		changed = false
		for q, s := range c.nfa {
			missing := alphabet
			for _, e := range s.edges {
				if c.full[e.to] {
					missing = missing.minus(e.on)
				}
			}
			if c.full[q] && !missing.isEmpty() {
				c.full[q] = false
				changed = true
			}
		}
	}
}

// relevant drops the states of a set that cannot matter beside a full one.
func (c *classifier) relevant(set []int32) []int32 {
	full := int32(-1)
	for _, q := range set {
		if c.full[q] && (full < 0 || c.owner[q] < c.owner[full]) {
			full = q
		}
	}
	if full < 0 {
		return set
	}
	return slices.DeleteFunc(set, func(q int32) bool { return q != full && c.owner[q] >= c.owner[full] })
}

func (c *classifier) state(set []int32) int32 {
	set = c.relevant(set)
	key := make([]byte, 0, 4*len(set))
	for _, q := range set {
		key = binary.LittleEndian.AppendUint32(key, uint32(q))
	}
	if n, known := c.number[string(key)]; known {
		return n
	}
	n := int32(len(c.states))
	c.number[string(key)] = n
	inBase, first := false, int32(len(c.start)-1)
	for _, q := range set {
		if !c.nfa[q].accept {
			continue
		}
		if c.owner[q] < 0 {
			inBase = true
		} else {
			first = min(first, c.owner[q])
		}
	}
	if !inBase {
		first = -1
	}
	c.states = append(c.states, state{})
	c.class = append(c.class, first)
	c.work = append(c.work, set)
	return n
}

func (c *classifier) expand(n int32) {
	set := c.work[n]
	parts := []byteSet{}
	for _, q := range set { // the bytes that the base has
		if c.owner[q] < 0 {
			for _, e := range c.nfa[q].edges {
				parts = splitBytes(append(parts, e.on))
			}
		}
	}
	for _, q := range set {
		if c.owner[q] < 0 {
			continue
		}
		for _, e := range c.nfa[q].edges {
			for i, k := 0, len(parts); i < k; i++ {
				in, out := parts[i].intersect(e.on), parts[i].minus(e.on)
				if !in.isEmpty() && !out.isEmpty() {
					parts[i] = in
					parts = append(parts, out)
				}
			}
		}
	}
	for _, part := range parts {
		var next []int32
		b := part.favourite()
		for _, q := range set {
			for i := range c.nfa[q].edges {
				if e := &c.nfa[q].edges[i]; !c.mark[e.to] && e.on.has(b) {
					c.mark[e.to] = true
					next = append(next, e.to)
				}
			}
		}
		for _, q := range next {
			c.mark[q] = false
		}
		slices.Sort(next)
		c.states[n].edges = append(c.states[n].edges, edge{on: part, to: c.state(next)})
		c.edges++
	}
	c.states[n].edges = unite(c.states[n].edges)
}

// splitBytes makes sets disjoint: the last one may meet those before it.
func splitBytes(sets []byteSet) []byteSet {
	last := sets[len(sets)-1]
	sets = sets[:len(sets)-1]
	for i, k := 0, len(sets); i < k; i++ {
		in, out := sets[i].intersect(last), sets[i].minus(last)
		if in.isEmpty() {
			continue
		}
		last = last.minus(in)
		if !out.isEmpty() {
			sets[i] = in
			sets = append(sets, out)
		}
	}
	if !last.isEmpty() {
		sets = append(sets, last)
	}
	return sets
}

// minimal merges the states of a deterministic automaton from which every text gets the same class (E. F. Moore, "Gedanken-experiments
// on sequential machines", 1956).
func minimal(states []state, class []int32) *Classes {
	group := make([]int32, len(states))
	groups := map[int32]int32{}
	for q, c := range class {
		g, known := groups[c]
		if !known {
			g = int32(len(groups))
			groups[c] = g
		}
		group[q] = g
	}
	for count := len(groups); ; {
		next := make([]int32, len(states))
		seen := map[string]int32{}
		for q := range states {
			key := binary.LittleEndian.AppendUint32(nil, uint32(group[q]))
			for _, e := range grouped(states[q].edges, group) {
				key = binary.LittleEndian.AppendUint32(key, uint32(e.to))
				for _, word := range e.on {
					key = binary.LittleEndian.AppendUint64(key, word)
				}
			}
			g, known := seen[string(key)]
			if !known {
				g = int32(len(seen))
				seen[string(key)] = g
			}
			next[q] = g
		}
		group = next
		if len(seen) == count {
			break
		}
		count = len(seen)
	}
	result := &Classes{}
	for q := range states { // state 0 is of group 0, and a group comes no later than its first state
		if int(group[q]) == len(result.states) {
			result.states = append(result.states, state{edges: grouped(states[q].edges, group)})
			result.class = append(result.class, class[q])
		}
	}
	return result
}

// grouped are edges to groups instead of states.
func grouped(edges []edge, group []int32) []edge {
	moved := make([]edge, len(edges))
	for i, e := range edges {
		moved[i] = edge{on: e.on, to: group[e.to]}
	}
	return unite(moved)
}
