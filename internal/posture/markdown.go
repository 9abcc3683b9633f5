package posture

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/paths"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// maxRows bounds a table: nobody reads more, and the attributes have everything.
const maxRows = 500

// maxRowsOfOne is how many of its rows one subject has: who can make many paths must not hide the others.
const maxRowsOfOne = 20

// Markdown is the report for people: who leads to root, on which paths, what to change first, and what is not known.
func (r *Report) Markdown() string {
	var b strings.Builder
	counts := r.Counts()
	fmt.Fprintf(&b, "# Who is root\n\n%d nodes, %d subjects. %d of them lead to root without being root, on %d paths. %d things are not known.\n\n", counts.Nodes, counts.Subjects, counts.Root, counts.Paths, counts.Unknown)
	if len(r.Cuts) > 0 {
		cut := r.Cuts[0]
		fmt.Fprintf(&b, "## What to change first\n\nWho: %s\n\nWhat: %s, see %s. Without it, %d of them no longer lead to root.\n\nChange: %s\n\n",
			Mark(r.Graph.Principal(cut.Step.From).String()), Mark(cut.Step.Does), Mark(cut.Step.Evidence), len(cut.Frees), Mark(cut.Step.Remedy))
	}
	if len(r.Paths) > 0 {
		b.WriteString("## Paths to root\n\n")
		drawing, left := paths.Mermaid(r.labelled())
		fmt.Fprintf(&b, "```mermaid\n%s```\n\n", drawing)
		if left > 0 {
			fmt.Fprintf(&b, "%d more arrows are not drawn.\n\n", left)
		}
		var rows [][]string
		shown, left := map[string]int{}, 0
		for _, p := range r.Paths {
			if shown[p.From.ID]++; shown[p.From.ID] > maxRowsOfOne {
				left++
				continue
			}
			var steps []string
			for _, s := range p.Steps {
				text := s.Does
				if s.Condition != "" {
					text += " (if " + s.Condition + ")"
				}
				steps = append(steps, Mark(text)+" ["+Mark(s.Evidence)+"]")
			}
			rows = append(rows, []string{Mark(p.From.String()), strings.Join(steps, " → "), Mark(p.To.String())})
		}
		Table(&b, []string{"Who", "Steps", "Root of"}, rows)
		if left > 0 {
			fmt.Fprintf(&b, "%d more paths of those who have more than %d are not shown.\n\n", left, maxRowsOfOne)
		}
	}
	if rows := r.emergencies(); len(rows) > 0 {
		b.WriteString("## Emergency access\n\n")
		Table(&b, []string{"Who", "On", "Name", "Until", "Grant"}, rows)
	}
	b.WriteString("## Subjects\n\n")
	var rows [][]string
	for _, m := range r.Merged() {
		rows = append(rows, []string{string(m.Kind), Mark(m.Name), Mark(strings.Join(m.Nodes, ", ")), Mark(strings.Join(m.Root, ", "))})
	}
	Table(&b, []string{"Kind", "Name", "On", "Leads to root on"}, rows)
	if len(r.Gaps) > 0 {
		b.WriteString("## Not known\n\nWhat is not known may lead to root.\n\n")
		var rows [][]string
		for _, g := range r.Gaps {
			rows = append(rows, []string{Mark(g.Node), Mark(g.About), Mark(g.Reason)})
		}
		Table(&b, []string{"Node", "What", "Why"}, rows)
	}
	return b.String()
}

// labelled are the paths with the names of principals in place of their ids, which a drawing shows.
func (r *Report) labelled() []paths.Path {
	list := make([]paths.Path, len(r.Paths))
	for i, p := range r.Paths {
		p.Steps = slices.Clone(p.Steps)
		p.From.ID, p.From.Name, p.From.Node = p.From.String(), p.From.String(), ""
		p.To.ID, p.To.Name, p.To.Node = p.To.String(), p.To.String(), ""
		for j := range p.Steps {
			p.Steps[j].From, p.Steps[j].To = r.Graph.Principal(p.Steps[j].From).String(), r.Graph.Principal(p.Steps[j].To).String()
		}
		list[i] = p
	}
	return list
}

// Merged is one subject on all nodes.
type Merged struct {
	Kind  paths.Kind
	Name  string
	Nodes []string // "cluster" for what belongs to it
	Root  []string // those of them on which it leads to root
}

// Merged brings together the subjects of one kind and name.
func (r *Report) Merged() []Merged {
	var list []Merged
	at := map[string]int{}
	for i := range r.Subjects {
		s := &r.Subjects[i]
		key := string(s.Kind) + "\x00" + s.Name
		index, known := at[key]
		if !known {
			index = len(list)
			at[key] = index
			list = append(list, Merged{Kind: s.Kind, Name: s.Name, Nodes: []string{}, Root: []string{}})
		}
		node := s.Node
		if node == "" {
			node = "cluster"
		}
		list[index].Nodes = append(list[index].Nodes, node)
		if s.Root {
			list[index].Root = append(list[index].Root, node)
		}
	}
	return list
}

// Table writes a table of Markdown. Of many rows the first are shown, and how many more there are.
func Table(b *strings.Builder, head []string, rows [][]string) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for i, row := range rows {
		if i == maxRows {
			fmt.Fprintf(b, "\n%d more are not shown.\n", len(rows)-maxRows)
			break
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(row, " | "))
	}
	b.WriteString("\n")
}

// Mark writes text of others so that nothing in it is Markdown, HTML, a link, a mention or a formula: as code, between
// more backticks than it has. A table cannot hold the bar that parts its columns in any way that all readers agree on,
// so that it becomes the broken bar.
func Mark(text string) string {
	text = strings.ReplaceAll(untrusted.Line(text), "|", "¦")
	if text == "" {
		return ""
	}
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") || strings.TrimSpace(text) == "" {
		text = " " + text + " "
	}
	return fence + text + fence
}
