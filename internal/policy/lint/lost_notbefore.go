package lint

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// lostNotBefore looks for NOTBEFORE together with NOTAFTER (lookup.c of 1.9.15 to
// 1.9.17: the second comparison overwrites the result of the first).
var lostNotBefore = Rule{
	ID: "PVESEC-S0019", Name: "lost-notbefore", Severity: Error,
	Summary: "A command has NOTBEFORE and NOTAFTER, and the target is sudo 1.9.15 to 1.9.17.",
	Why:     "These versions forget NOTBEFORE if NOTAFTER is given too, so the rule holds at once; sudo -l does not show it.",
	Bad:     "alice ALL = NOTBEFORE=20300101000000Z NOTAFTER=20300201000000Z /usr/bin/id",
	Good:    "alice ALL = NOTAFTER=20300201000000Z /usr/bin/id",
	check: func(l *linter, r *Rule) {
		v := l.options.Version
		if !v.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 15}) || v.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 18}) {
			return
		}
		l.specs(func(s *sudoers.UserSpec) {
			for i := range s.Privileges {
				p := &s.Privileges[i]
				for j, e := range p.Effective() {
					if e.NotBefore != "" && e.NotAfter != "" && hasOption(&p.Commands[j], sudoers.OptionNotBefore, sudoers.OptionNotAfter) {
						l.report(r, e.Pos, "sudo "+v.String()+" ignores NOTBEFORE="+e.NotBefore+" because NOTAFTER is given too",
							"use NOTAFTER alone, and apply the rule when it must take effect")
					}
				}
			}
		})
	},
}

func hasOption(c *sudoers.CommandSpec, kinds ...sudoers.OptionKind) bool {
	for _, o := range c.Options {
		for _, k := range kinds {
			if o.Kind == k {
				return true
			}
		}
	}
	return false
}
