package regular

// search looks for a shortest text of a language by breadth first. Each layer is worked off in two passes: first all
// steps that keep a text printable, then all others. So every state is reached by a printable text if one of that
// length does, and the first accepting state has a shortest text, printable if there is one.
type search struct {
	space *space
	found []finding
	known map[ref]struct{}
	less  antichain
}

// finding is a language that is left after reading a text.
type finding struct {
	left      ref
	before    int32 // what it was reached from, -1 at the start
	letter    uint8
	printable bool
}

func (s *space) isEmpty(r ref) Answer {
	f := &search{space: s, known: map[ref]struct{}{}, less: antichain{space: s, found: map[string][][]int32{}}}
	f.add(finding{left: r, before: -1, printable: true})
	if len(f.found) == 0 {
		return f.answer(Yes, "")
	}
	if s.accepts(r) {
		return f.answer(No, "")
	}
	for start, end := 0, len(f.found); start < end; start, end = end, len(f.found) {
		for _, printable := range []bool{true, false} {
			if last, verdict := f.layer(start, end, printable); verdict != Yes {
				return f.answer(verdict, f.text(last))
			}
		}
	}
	return f.answer(Yes, "")
}

func (f *search) answer(v Verdict, witness string) Answer {
	return Answer{Verdict: v, Witness: witness, States: f.space.meter.states}
}

// layer takes the printable steps of a layer, or the others, until an accepting state is found, which is No, or the
// budget is spent, which is Unknown.
func (f *search) layer(start, end int, printable bool) (last int32, v Verdict) {
	letters := f.space.alphabet.letters
	for i := start; i < end; i++ {
		from := f.found[i]
		for l := range letters {
			if (from.printable && letters[l].printable) != printable {
				continue
			}
			if f.space.meter.over() {
				return 0, Unknown
			}
			left := f.space.derive(from.left, uint8(l))
			if f.add(finding{left: left, before: int32(i), letter: uint8(l), printable: printable}) && f.space.accepts(left) {
				return int32(len(f.found) - 1), No
			}
		}
	}
	return 0, Yes
}

// add takes up a language that is not empty, not known yet, and not part of one that is.
func (f *search) add(n finding) bool {
	if n.left == nothing {
		return false
	}
	if _, known := f.known[n.left]; known {
		return false
	}
	f.known[n.left] = struct{}{}
	if f.less.has(n.left) {
		return false
	}
	f.found = append(f.found, n)
	return true
}

// text is the text that leads to a finding.
func (f *search) text(i int32) string {
	if len(f.found) == 0 {
		return ""
	}
	return textBack(i, func(i int32) (byte, int32) {
		return f.space.alphabet.letters[f.found[i].letter].shown, f.found[i].before
	})
}
