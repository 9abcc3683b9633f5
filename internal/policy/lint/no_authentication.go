package lint

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// noAuthentication looks for Defaults !authenticate (sudoers(5)).
var noAuthentication = Rule{
	ID: "PVESEC-S0015", Name: "no-authentication", Severity: Warning,
	Summary: "Defaults !authenticate turns passwords off.",
	Why:     "Nobody that the line binds to is asked for a password, whatever the command; a stolen session is enough.",
	Bad:     "Defaults:alice !authenticate",
	Good:    "alice ALL = NOPASSWD: /usr/sbin/qm list",
	check: func(l *linter, r *Rule) {
		l.defaults(func(d *sudoers.Defaults) {
			for _, s := range d.Settings {
				if s.Name == "authenticate" && s.Operator == sudoers.OpFalse {
					l.report(r, s.Pos, "!authenticate turns passwords off "+boundTo(d), "remove it, and write NOPASSWD: before the single commands that need it")
				}
			}
		})
	},
}

// boundTo says to whom a Defaults line applies.
func boundTo(d *sudoers.Defaults) string {
	switch d.Scope {
	case sudoers.ScopeHost:
		return "on these hosts"
	case sudoers.ScopeUser:
		return "for these users"
	case sudoers.ScopeRunAs:
		return "for commands run as these users"
	case sudoers.ScopeCommand:
		return "for these commands"
	default:
		return "for everyone"
	}
}
