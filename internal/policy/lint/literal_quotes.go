package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// literalQuotes looks for quotes in arguments (toke.l, GOTCMND: they are ordinary
// characters there).
var literalQuotes = Rule{
	ID: "PVESEC-S0006", Name: "literal-quotes", Severity: Error,
	Summary: "Arguments contain quotes.",
	Why:     "sudo takes quotes in arguments literally: the rule matches only if the user passes the quote signs themselves.",
	Bad:     `alice ALL = /usr/bin/logger "backup done"`,
	Good:    `alice ALL = /usr/bin/logger backup done`,
	check: func(l *linter, r *Rule) {
		l.commands(func(c *sudoers.CommandMember) {
			if args, ok := plainArguments(&c.Command); ok && strings.ContainsAny(args, `"'`) {
				l.report(r, c.Pos, "the quotes in the arguments of "+c.Command.Name+" are compared literally",
					`remove the quotes: arguments are joined by single spaces before they are compared; write ["] where a quote sign itself is meant, and "" alone for no arguments`)
			}
		})
	},
}
