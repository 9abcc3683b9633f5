package regular

// coarse has any number in the place of counts above one, so that an expression becomes no larger than it is long. It
// has some text if and only if the expression has, and the same first bytes: of a text x1 x2 … of repetitions, those in
// between can be left out or said again, since no assertion stands in a counted repetition, and one beside it looks at
// the byte next to it only.
func (t *tree) coarse() *tree {
	c := *t
	c.subs = make([]*tree, len(t.subs))
	for i, sub := range t.subs {
		c.subs[i] = sub.coarse()
	}
	switch {
	case t.op != opRepeat || t.max == 0 || t.max == 1 || t.max == unbounded && t.min <= 1:
	default:
		c.min, c.max = min(t.min, 1), unbounded
	}
	return &c
}
