package lint

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// unsupportedOption looks for options whose security module Debian does not have.
var unsupportedOption = Rule{
	ID: "PVESEC-S0020", Name: "unsupported-option", Severity: Warning,
	Summary: "An option belongs to a security module that Proxmox VE does not run.",
	Why:     "ROLE and TYPE need SELinux, PRIVS and LIMITPRIVS need Solaris; on Proxmox VE they have no effect.",
	Bad:     "alice ALL = ROLE=sysadm_r /usr/bin/id",
	Good:    "alice ALL = /usr/bin/id",
	check: func(l *linter, r *Rule) {
		needs := map[sudoers.OptionKind]string{
			sudoers.OptionRole: "SELinux", sudoers.OptionType: "SELinux",
			sudoers.OptionPrivs: "Solaris", sudoers.OptionLimitPrivs: "Solaris",
		}
		l.specs(func(s *sudoers.UserSpec) {
			for _, p := range s.Privileges {
				for _, c := range p.Commands {
					for _, o := range c.Options {
						if what := needs[o.Kind]; what != "" {
							l.report(r, o.Pos, string(o.Kind)+" needs "+what+" and has no effect on Proxmox VE", "remove it")
						}
					}
				}
			}
		})
	},
}
