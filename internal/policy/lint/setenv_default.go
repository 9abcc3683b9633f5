package lint

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// setenvDefault looks for Defaults setenv (sudoers(5)).
var setenvDefault = Rule{
	ID: "PVESEC-S0016", Name: "setenv-default", Severity: Warning,
	Summary: "Defaults setenv lets users keep or set any environment variable.",
	Why:     "Variables such as LD_PRELOAD or PERL5LIB make an allowed program run other code as root.",
	Bad:     "Defaults setenv",
	Good:    `Defaults env_keep += "LANG"`,
	check: func(l *linter, r *Rule) {
		l.defaults(func(d *sudoers.Defaults) {
			for _, s := range d.Settings {
				if s.Name == "setenv" && s.Operator == sudoers.OpTrue {
					l.report(r, s.Pos, "setenv lets users set any environment variable "+boundTo(d), "remove it, and name the variables that are needed in env_keep")
				}
			}
		})
	},
}
