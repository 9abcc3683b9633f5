package regular

// Texts gives all texts of a pattern, if there are no more than most of them. With digits, those that differ in decimal
// digits only are taken for one, so that a pattern of numbers counts as few texts as well; the digit shown is any that
// the pattern has.
func Texts(e Expr, most int, digits bool) (texts []string, ok bool) {
	a := e.automaton()
	type walk struct {
		states []int32
		text   string
	}
	mark := make([]bool, len(a.states))
	work := []walk{{states: []int32{0}}}
	for len(work) > 0 {
		at := work[len(work)-1]
		work = work[:len(work)-1]
		if len(at.text) > len(a.states) {
			return nil, false // longer than any text of a pattern without a loop
		}
		var on byteSet
		accept := false
		for _, q := range at.states {
			accept = accept || a.states[q].accept
			for i := range a.states[q].edges {
				on = on.union(a.states[q].edges[i].on)
			}
		}
		if accept {
			texts = append(texts, at.text)
		}
		digit := false
		for b := 255; b > 0; b-- { // from behind, so that texts come in their order
			if !on.has(byte(b)) {
				continue
			}
			next := a.step(at.states, byte(b), mark)
			if digits && b >= '0' && b <= '9' {
				if digit {
					next = nil
				} else {
					next, digit = a.stepDigits(at.states, mark), true
				}
			}
			if next != nil {
				work = append(work, walk{next, at.text + string([]byte{byte(b)})})
			}
		}
		if len(texts)+len(work) > 8*most || len(texts) > most {
			return nil, false
		}
	}
	return texts, true
}

// stepDigits gives the states that a set of states reaches with any decimal digit.
func (a *automaton) stepDigits(from []int32, mark []bool) []int32 {
	var to []int32
	for b := byte('0'); b <= '9'; b++ {
		to = append(to, a.step(from, b, mark)...)
	}
	kept := to[:0]
	for _, q := range to {
		if !mark[q] {
			mark[q] = true
			kept = append(kept, q)
		}
	}
	for _, q := range kept {
		mark[q] = false
	}
	return kept
}
