package regular

import (
	"slices"
	"strings"
)

// Limits of the starts of a pattern: more, or longer ones, tell no more patterns apart than they cost.
const (
	mostStarts   = 16
	longestStart = 256
)

// Starts are a few texts, in their order, of which every text of a pattern begins with one. Two patterns have no text
// in common where no start of one begins with a start of the other, which costs next to nothing to ask. A pattern that
// matches nothing has none.
func Starts(e Expr) []string {
	if e.literal != nil {
		return []string{e.literal.text}
	}
	a := e.automaton()
	if known := a.starts.Load(); known != nil {
		return *known
	}
	found := a.findStarts()
	a.starts.Store(&found)
	return found
}

// findStarts follows the texts of an automaton as long as they do not branch into too many.
func (a *automaton) findStarts() []string {
	type open struct {
		text   []byte
		states []int32
	}
	var starts []string
	mark := make([]bool, len(a.states))
	work := []open{{states: []int32{0}}}
	for len(work) > 0 {
		at := work[0]
		work = work[1:]
		var on byteSet
		accept := false
		for _, q := range at.states {
			accept = accept || a.states[q].accept
			for i := range a.states[q].edges {
				on = on.union(a.states[q].edges[i].on)
			}
		}
		branches := on.len()
		if accept || len(at.text) >= longestStart || branches > 1 && len(starts)+len(work)+branches > mostStarts {
			starts = append(starts, string(at.text))
			continue
		}
		for b := 1; b < 256; b++ {
			if on.has(byte(b)) {
				work = append(work, open{append(slices.Clip(at.text), byte(b)), a.step(at.states, byte(b), mark)})
			}
		}
	}
	slices.Sort(starts)
	return starts
}

// MayStart tells whether a text of a pattern may begin with one of some texts, which are in their order, or one of them
// with it.
func MayStart(e Expr, with []string) bool { return mayStartAlike(Starts(e), with) }

// mayStartAlike tells whether a start of one list begins with one of another. Both are in their order.
func mayStartAlike(a, b []string) bool {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case strings.HasPrefix(a[0], b[0]) || strings.HasPrefix(b[0], a[0]):
			return true
		case a[0] < b[0]: // what begins with a[0] comes before b[0]
			a = a[1:]
		default:
			b = b[1:]
		}
	}
	return false
}
