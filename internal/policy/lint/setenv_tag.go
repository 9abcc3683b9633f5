package lint

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// setenvTag looks for the tag SETENV. The SETENV that ALL implies is not one.
var setenvTag = Rule{
	ID: "PVESEC-S0017", Name: "setenv-tag", Severity: Warning,
	Summary: "The tag SETENV lets users keep or set any environment variable for a command.",
	Why:     "Variables such as LD_PRELOAD or PERL5LIB make an allowed program run other code as root.",
	Bad:     "alice ALL = SETENV: /usr/bin/vzdump",
	Good:    "alice ALL = /usr/bin/vzdump",
	check: func(l *linter, r *Rule) {
		l.specs(func(s *sudoers.UserSpec) {
			for _, p := range s.Privileges {
				for _, c := range p.Commands {
					if slices.Contains(c.Tags, sudoers.TagSetenv) && !c.Negated && c.Command.Kind != sudoers.CommandAll {
						l.report(r, c.Pos, "SETENV lets users set any environment variable for "+c.Command.String(), "remove the tag, and name the variables that are needed in env_keep")
					}
				}
			}
		})
	},
}
