package regular

// shortest gives a text of an automaton that is as short as any, found once; some is false if it has none.
func (a *automaton) shortest() (text string, some bool) {
	if found := a.sample.Load(); found != nil {
		return found.text, found.some
	}
	found := a.findShortest()
	a.sample.Store(&found)
	return found.text, found.some
}

// sampleText is a text of an automaton, if it has one.
type sampleText struct {
	text string
	some bool
}

func (a *automaton) findShortest() sampleText {
	type step struct {
		at, before int32 // before is the index of the step before
		by         byte
	}
	steps := append(make([]step, 0, len(a.states)), step{before: -1})
	seen := make([]bool, len(a.states))
	seen[0] = true
	for i := 0; i < len(steps); i++ {
		s := &a.states[steps[i].at]
		if s.accept {
			return sampleText{textBack(int32(i), func(i int32) (byte, int32) { return steps[i].by, steps[i].before }), true}
		}
		for j := range s.edges {
			if e := &s.edges[j]; !seen[e.to] {
				seen[e.to] = true
				steps = append(steps, step{e.to, int32(i), e.on.favourite()})
			}
		}
	}
	return sampleText{}
}

// textBack reads a text from the step that ends it; from gives the byte of a step and the one before it, which is -1
// before the first byte.
func textBack(last int32, from func(int32) (byte, int32)) string {
	var reversed []byte
	for {
		by, before := from(last)
		if before < 0 {
			break
		}
		reversed, last = append(reversed, by), before
	}
	for l, r := 0, len(reversed)-1; l < r; l, r = l+1, r-1 {
		reversed[l], reversed[r] = reversed[r], reversed[l]
	}
	return string(reversed)
}
