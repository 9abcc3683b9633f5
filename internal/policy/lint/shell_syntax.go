package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// shellSyntax looks for what only a shell understands: sudo runs no shell
// (sudoers(5), Cmnd).
var shellSyntax = Rule{
	ID: "PVESEC-S0007", Name: "shell-syntax", Severity: Error,
	Summary: "Arguments contain a pipe, redirection, command separator, substitution or variable of the shell.",
	Why:     "The user's shell takes these signs away before sudo sees the command line, so the rule never matches what is meant.",
	Bad:     "alice ALL = /usr/bin/journalctl -b | /usr/bin/less",
	Good:    "alice ALL = /usr/bin/journalctl -b",
	check: func(l *linter, r *Rule) {
		l.commands(func(c *sudoers.CommandMember) {
			args, ok := plainArguments(&c.Command)
			if !ok {
				return
			}
			if sign := shellSign(args); sign != "" {
				l.report(r, c.Pos, "the arguments of "+c.Command.Name+" contain "+sign+", which only a shell understands",
					"remove it, or allow a script that does all of this; write the sign in brackets, as in [|], where the user passes it as an argument")
			}
		})
	},
}

// shellSign gives the first sign of a shell in arguments, "" for none.
func shellSign(args string) string {
	words := strings.Split(args, " ")
	for i, w := range words {
		switch w {
		case "|", "||", "&", "&&", ">", ">>", "<", "<<", "2>", "2>>", "&>", "2>&1", ">&2", "1>&2":
			return w
		case ";":
			// find -exec ends with this very argument.
			if i+1 < len(words) || !contains(words, "-exec", "-execdir", "-ok", "-okdir") {
				return w
			}
			continue
		}
		switch {
		case len(w) > 1 && strings.HasSuffix(w, ";"):
			return ";"
		case strings.HasPrefix(w, ">") || strings.HasPrefix(w, "2>"):
			return ">"
		case strings.Contains(w, "$("):
			return "$("
		case strings.Contains(w, "`"):
			return "`"
		case strings.Contains(w, "${"):
			return "${"
		}
		if n := strings.IndexByte(w, '$'); n >= 0 && n+1 < len(w) && (w[n+1] >= 'A' && w[n+1] <= 'Z' || w[n+1] == '_') {
			return "$"
		}
	}
	return ""
}

func contains(words []string, wanted ...string) bool {
	for _, w := range words {
		for _, a := range wanted {
			if w == a {
				return true
			}
		}
	}
	return false
}
