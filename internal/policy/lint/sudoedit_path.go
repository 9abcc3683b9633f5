package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// sudoeditPath is a warning of visudo since 1.9.16, an error before (gram.y).
var sudoeditPath = Rule{
	ID: "PVESEC-S0018", Name: "sudoedit-path", Severity: Warning,
	Summary: "sudoedit is written with a path.",
	Why:     "It is a word of the language and no program: older versions of sudo reject the line, newer ones read it without the path.",
	Bad:     "alice ALL = /usr/bin/sudoedit /etc/hosts",
	Good:    "alice ALL = sudoedit /etc/hosts",
	check: func(l *linter, r *Rule) {
		for _, f := range l.tree.Files {
			one := &linter{tree: &sudoers.Tree{Entries: f.Entries}}
			one.commands(func(c *sudoers.CommandMember) {
				if c.Command.Name == "sudoedit" && strings.Contains(f.Text[c.Span.Start:c.Span.End], "/sudoedit") {
					l.report(r, c.Pos, "sudoedit stands with a path", "write sudoedit without a path")
				}
			})
		}
	},
}
