package escalation

import (
	"cmp"
	"slices"
	"strings"
)

// collector brings together what is found. First come the ways of each grant and command; what has the same cause
// becomes one finding.
type collector struct {
	found []*CommandFinding
	at    map[groupKey]*CommandFinding
}

type groupKey struct {
	place   Place
	command string
	rule    string // of what is wrong whatever the command: each has to be mended by itself
}

// add takes a way of a grant and command. What is wrong whatever the command has none.
func (c *collector) add(place Place, command string, w Way) {
	if c.at == nil {
		c.at = map[groupKey]*CommandFinding{}
	}
	key := groupKey{place: place, command: command}
	if command == "" {
		key.rule = w.Key()
	}
	f := c.at[key]
	if f == nil {
		f = &CommandFinding{Place: place, Command: command}
		c.at[key] = f
		c.found = append(c.found, f)
	}
	for i := range f.Ways {
		if f.Ways[i].Key() == w.Key() && f.Ways[i].Effect == w.Effect {
			if prefer(&w, &f.Ways[i]) < 0 {
				f.Ways[i] = w
			}
			return
		}
	}
	f.Ways = append(f.Ways, w)
}

// prefer orders two ways that are one in what they are about: first the worse, then the one that needs nothing else,
// then the one with an example that convinces.
func prefer(a, b *Way) int {
	return cmp.Or(worse(a.Severity, b.Severity), boolean(a.Condition != "", b.Condition != ""), boolean(a.Made, b.Made))
}

// take takes findings of another analysis.
func (c *collector) take(findings []CommandFinding) {
	for _, f := range findings {
		for _, place := range f.Places {
			for _, w := range f.Ways {
				c.add(place, f.Command, w)
			}
		}
	}
}

// findings gives what was found, one finding for each thing to mend: grants of one command with the same ways are one,
// and so is what is wrong with grants whatever their command.
func (c *collector) findings() []CommandFinding {
	var list []CommandFinding
	index := map[string]int{}
	for _, f := range c.found {
		order(f.Ways)
		f.Way = f.Ways[0]
		f.Places = []Place{f.Place}
		cause := causeOf(f)
		i, known := index[cause]
		if !known {
			index[cause] = len(list)
			list = append(list, *f)
			continue
		}
		into := &list[i]
		if !slices.Contains(into.Places, f.Place) {
			into.Places = append(into.Places, f.Place)
		}
		if comparePos(f.Pos, into.Pos) < 0 {
			into.Place = f.Place
		}
	}
	for i := range list {
		slices.SortStableFunc(list[i].Places, func(a, b Place) int { return comparePos(a.Pos, b.Pos) })
	}
	inOrder(list)
	return list
}

// causeOf names what has to be mended.
func causeOf(f *CommandFinding) string {
	var b strings.Builder
	b.WriteString(f.Pos.File) // an acceptance can be for one file
	b.WriteByte(0)
	b.WriteString(f.Command)
	for _, w := range f.Ways {
		b.WriteByte(0)
		b.WriteString(w.Key())
		b.WriteString(string(w.Effect))
		b.WriteByte(0)
		b.WriteString(string(w.Severity)) // an option can be worse for one grant than for another
	}
	return b.String()
}

// merge takes what another collector has.
func (c *collector) merge(other *collector) {
	for _, f := range other.found {
		for _, w := range f.Ways {
			c.add(f.Place, f.Command, w)
		}
	}
}
