package regular

// FixedStart is the longest text that every text of a pattern starts with. For a pattern with one text it is that text.
func FixedStart(e Expr) string {
	if e.literal != nil {
		return e.literal.text
	}
	a := e.automaton()
	var start []byte
	current := []int32{0}
	mark := make([]bool, len(a.states))
	for len(start) <= len(a.states) {
		var on byteSet
		for _, q := range current {
			if a.states[q].accept {
				return string(start)
			}
			for i := range a.states[q].edges {
				on = on.union(a.states[q].edges[i].on)
			}
		}
		if on.len() != 1 {
			return string(start)
		}
		b := on.favourite()
		start = append(start, b)
		current = a.step(current, b, mark)
	}
	return string(start)
}
