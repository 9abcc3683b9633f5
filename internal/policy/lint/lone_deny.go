package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// loneDeny looks for denials of what nothing before them allows (lookup.c: no match
// is a denial already).
var loneDeny = Rule{
	ID: "PVESEC-S0013", Name: "lone-deny", Severity: Warning,
	Summary: "A command is denied, and no rule before it allows it to anybody it may name.",
	Why:     "What no rule matches is denied anyway; a denial takes away only from what an earlier rule allows.",
	Bad:     "alice ALL = !/usr/bin/su, /usr/bin/id",
	Good:    "alice ALL = /usr/bin/, !/usr/bin/su",
	check: func(l *linter, r *Rule) {
		allowed := allowIndex{names: map[string]bool{}, dirs: map[string]bool{}}
		leaves := l.leaves()
		for start := 0; start < len(leaves); {
			end := start + 1
			for end < len(leaves) && leaves[end].at == leaves[start].at {
				end++
			}
			group := leaves[start:end]
			needed := false
			for i := range group {
				needed = needed || !group[i].denied || allowed.mayAllow(&group[i])
				allowed.add(&group[i])
			}
			if !needed {
				l.report(r, group[0].at, "denying "+group[0].command.String()+" has no effect: nothing before it allows it",
					"move it behind the rule that allows it, or remove it")
			}
			start = end
		}
	},
}

// allowIndex knows roughly what was allowed so far, to whomever: it may say "perhaps"
// too often, never "no" wrongly.
type allowIndex struct {
	everything bool
	names      map[string]bool // base names of plain paths
	dirs       map[string]bool
	pseudo     bool
}

func (x *allowIndex) add(c *leaf) {
	switch {
	case c.opaque:
		x.everything = true
	case c.denied:
	case c.command.Kind == sudoers.CommandPseudo:
		x.pseudo = true
	case c.command.Kind != sudoers.CommandPath || strings.ContainsAny(c.command.Name, `*?[]\`):
		x.everything = true
	case strings.HasSuffix(c.path, "/"):
		x.dirs[c.path] = true
	default:
		x.names[baseName(c.path)] = true
		x.dirs["of "+dirName(c.path)] = true
	}
}

func (x *allowIndex) mayAllow(c *leaf) bool {
	switch {
	case x.everything || c.opaque:
		return true
	case c.command.Kind == sudoers.CommandPseudo:
		return x.pseudo
	case c.command.Kind != sudoers.CommandPath || strings.ContainsAny(c.command.Name, `*?[]\`):
		return x.pseudo || len(x.names) > 0 || len(x.dirs) > 0
	case strings.HasSuffix(c.path, "/"):
		return x.dirs[c.path] || x.dirs["of "+c.path]
	}
	return x.names[baseName(c.path)] || x.dirs[dirName(c.path)]
}

func baseName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
func dirName(path string) string  { return path[:strings.LastIndexByte(path, '/')+1] }
