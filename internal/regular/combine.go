package regular

import "slices"

// The functions below put patterns together to longer ones. They are for compiled patterns, so an anchor of an ERE
// means the start or end of the text of its own pattern, wherever that comes to stand. An ERE in the middle of a
// pattern should be Whole, or it brings the texts around its match along.

// Concat has the texts of each pattern one after the other; of none it is Epsilon. The error is ErrTooLarge, also where
// the budget is spent.
func Concat(budget Budget, parts ...Expr) (Expr, error) {
	meter := budget.meter()
	result := epsilonAutomaton
	for _, p := range parts {
		if !meter.work(result.size() + p.automaton().size()) {
			return Expr{}, ErrTooLarge
		}
		var err error
		if result, err = join(result, p.automaton()); err != nil {
			return Expr{}, err
		}
	}
	return Expr{a: result}, nil
}

// Alternate has the texts of any of the patterns; of none it is Empty. Unlike Union it is an Expr.
func Alternate(of ...Expr) (Expr, error) {
	c := &combiner{states: make([]state, 1)}
	for _, e := range of {
		base := c.copy(e.automaton())
		c.absorb(0, base)
		c.states[0].accept = c.states[0].accept || c.states[base].accept
	}
	return c.finish()
}

// Optional has the empty text as well.
func Optional(e Expr) (Expr, error) { return Alternate(Epsilon(), e) }

// Star has the texts of a pattern any number of times.
func Star(e Expr) (Expr, error) {
	c := &combiner{states: make([]state, 1)}
	base := c.copy(e.automaton())
	c.absorb(0, base)
	c.states[0].accept = true
	for q := range c.states {
		if q > 0 && c.states[q].accept {
			c.absorb(int32(q), base)
		}
	}
	return c.finish()
}

// join is one automaton behind another.
func join(a, b *automaton) (*automaton, error) {
	c := &combiner{}
	c.copy(a)
	base := c.copy(b)
	for q := int32(0); q < base; q++ {
		if c.states[q].accept {
			c.absorb(q, base)
			c.states[q].accept = c.states[base].accept
		}
	}
	e, err := c.finish()
	return e.automaton(), err
}

// combiner builds an automaton of copies of others.
type combiner struct {
	states []state
	edges  int
}

// copy adds the states of an automaton and gives its first. The edges of all share one array; what is added to those of
// a state goes elsewhere.
func (c *combiner) copy(a *automaton) int32 {
	base := int32(len(c.states))
	total := 0
	for q := range a.states {
		total += len(a.states[q].edges)
	}
	c.states = slices.Grow(c.states, len(a.states))
	all := make([]edge, total)
	for q := range a.states {
		n := copy(all, a.states[q].edges)
		edges := all[:n:n]
		all = all[n:]
		for i := range edges {
			edges[i].to += base
		}
		c.states = append(c.states, state{accept: a.states[q].accept, edges: edges})
	}
	c.edges += total
	return base
}

// absorb lets a state do what another one does.
func (c *combiner) absorb(to, from int32) {
	if c.edges > maxEdges {
		return
	}
	for _, e := range slices.Clone(c.states[from].edges) {
		edges := &c.states[to].edges
		if i := slices.IndexFunc(*edges, func(x edge) bool { return x.to == e.to }); i >= 0 {
			(*edges)[i].on = (*edges)[i].on.union(e.on)
			continue
		}
		*edges = append(*edges, e)
		c.edges++
	}
}

func (c *combiner) finish() (Expr, error) {
	if len(c.states) > maxStates || c.edges > maxEdges {
		return Expr{}, ErrTooLarge
	}
	for q := range c.states {
		sortEdges(c.states[q].edges)
	}
	return Expr{a: finish(c.states)}, nil
}
