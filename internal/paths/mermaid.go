package paths

import (
	"fmt"
	"strings"
)

// maxDrawn is how many arrows a drawing may have: code hosts refuse to draw more than 500, and nobody reads them.
const maxDrawn = 120

// Mermaid draws paths as a flow chart that code hosts draw. left is how many arrows it leaves out, because nobody could
// read them.
func Mermaid(list []Path) (text string, left int) {
	var b strings.Builder
	b.WriteString("graph LR\n")
	names, drawn := map[string]string{}, map[string]bool{}
	place := func(id, label string) string {
		if name, ok := names[id]; ok {
			return name
		}
		name := fmt.Sprintf("n%d", len(names))
		names[id] = name
		fmt.Fprintf(&b, "  %s[\"%s\"]\n", name, mermaidText(label))
		return name
	}
	byID := map[string]Principal{}
	for _, p := range list {
		byID[p.From.ID], byID[p.To.ID] = p.From, p.To
	}
	label := func(id string) string {
		if p, ok := byID[id]; ok {
			return p.String()
		}
		return id
	}
	for _, p := range list {
		for _, s := range p.Steps {
			arrow := s.From + "\x00" + s.To + "\x00" + s.Way
			if drawn[arrow] {
				continue
			}
			if len(drawn) == maxDrawn {
				left++
				continue
			}
			drawn[arrow] = true
			from, to := place(s.From, label(s.From)), place(s.To, label(s.To))
			fmt.Fprintf(&b, "  %s -->|\"%s\"| %s\n", from, mermaidText(s.Way), to)
		}
	}
	return b.String(), left
}

// mermaidText writes a label so that nothing in it is syntax: Mermaid takes entities by number.
func mermaidText(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z', strings.ContainsRune(" ._/@!:%+-", r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}
