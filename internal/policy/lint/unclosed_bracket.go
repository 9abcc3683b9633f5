package lint

import (
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// unclosedBracket looks for a '[' in arguments that stands for itself (fnmatch(3)). Alone it is a word, which test(1)
// knows.
var unclosedBracket = Rule{
	ID: "PVESEC-S0024", Name: "unclosed-bracket", Severity: Error,
	Summary: "A bracket in arguments is not closed.",
	Why:     "sudo then compares the sign `[` and what follows it literally, so the rule does not match what is meant.",
	Bad:     "alice ALL = /usr/sbin/qm start 2[0-9{3}",
	Good:    "alice ALL = /usr/sbin/qm ^start 2[0-9]{3}$",
	check: func(l *linter, r *Rule) {
		l.commands(func(c *sudoers.CommandMember) {
			args := c.Command.Args
			if _, plain := plainArguments(&c.Command); !plain {
				return
			}
			at := regular.Glob{Pattern: args}.OpenBracket()
			if at < 0 || (at == 0 || args[at-1] == ' ') && (at+1 == len(args) || args[at+1] == ' ') {
				return
			}
			l.report(r, c.Pos, "the bracket in the arguments of "+c.Command.Name+" is not closed, so that its '[' stands for itself",
				"close it with ']', and write a count such as {3} in a regular expression: ^start 2[0-9]{3}$; write [[] where the sign itself is meant")
		})
	},
}
