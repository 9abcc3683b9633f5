package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// relativeCommand looks for patterns that no absolute path matches (match_command.c,
// command_matches_regex: the path is matched from its first byte).
var relativeCommand = Rule{
	ID: "PVESEC-S0009", Name: "relative-command", Severity: Warning,
	Summary: "A regular expression for a command does not begin with a slash.",
	Why:     "sudo compares it with the full path of the command, so it never matches.",
	Bad:     "alice ALL = ^systemctl$ ^status .*$",
	Good:    "alice ALL = ^/usr/bin/systemctl$ ^status .*$",
	check: func(l *linter, r *Rule) {
		l.commands(func(c *sudoers.CommandMember) {
			if c.Command.Kind != sudoers.CommandRegex || strings.Contains(c.Command.Name, "|") {
				return
			}
			re := strings.TrimPrefix(strings.TrimPrefix(c.Command.Name, "^"), "(?i)")
			if re != "" && (isWord(re[0]) || re == "$") {
				l.report(r, c.Pos, "the regular expression "+c.Command.Name+" matches no absolute path", "begin it with ^/")
			}
		})
	},
}

func isWord(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
