package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers/posix"
)

// malformedRegex is an error of visudo -s only (lib/util/regex.c).
var malformedRegex = Rule{
	ID: "PVESEC-S0011", Name: "malformed-regex", Severity: Warning,
	Summary: "A regular expression is malformed.",
	Why:     "sudo takes it for one that matches nothing, in allow and in deny rules alike.",
	Bad:     "alice ALL = ^/usr/bin/(id$",
	Good:    "alice ALL = ^/usr/bin/(id)$",
	check: func(l *linter, r *Rule) {
		l.commands(func(c *sudoers.CommandMember) {
			var patterns []string
			if c.Command.Kind == sudoers.CommandRegex {
				patterns = append(patterns, c.Command.Name)
			}
			if strings.HasPrefix(c.Command.Args, "^") && strings.HasSuffix(c.Command.Args, "$") {
				patterns = append(patterns, c.Command.Args)
			}
			for _, p := range patterns {
				if err := posix.CheckERE(p); err != nil {
					l.report(r, c.Pos, "the regular expression "+p+" is malformed and never matches: "+err.Error(),
						"write a POSIX extended regular expression")
				}
			}
		})
	},
}
