package lint

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// doubleDenial looks for a denied alias that contains a denial: sudo negates each command of a negated alias (match.c, cmnd_matches), so that the denial
// becomes a grant.
var doubleDenial = Rule{
	ID: "PVESEC-S0022", Name: "double-denial", Severity: Error,
	Summary: "A denied alias contains a denied command.",
	Why:     "sudo turns each command of a denied alias around, so the command that the alias denies is granted.",
	Bad:     "Cmnd_Alias DANGEROUS = /usr/bin/su, !/usr/bin/id\nalice ALL = /usr/bin/, !DANGEROUS",
	Good:    "Cmnd_Alias DANGEROUS = /usr/bin/su\nalice ALL = /usr/bin/, !DANGEROUS",
	check: func(l *linter, r *Rule) {
		l.commands(func(c *sudoers.CommandMember) {
			if c.Negated && c.Command.Kind == sudoers.CommandAlias {
				if granted := l.deniedIn(c.Command.Name, map[string]bool{}); granted != "" {
					l.report(r, c.Pos, "!"+c.Command.Name+" grants "+granted+", which the alias denies", "take !"+granted+" out of "+c.Command.Name)
				}
			}
		})
	},
}

// deniedIn is the first command that an alias denies, itself or in an alias that it names; "" for none.
func (l *linter) deniedIn(name string, seen map[string]bool) string {
	if seen[name] {
		return ""
	}
	seen[name] = true
	for _, e := range l.tree.Entries {
		def, is := e.(*sudoers.AliasDef)
		if !is || def.Kind != sudoers.CmndAlias {
			continue
		}
		for i := range def.Aliases {
			if def.Aliases[i].Name != name {
				continue
			}
			for j := range def.Aliases[i].Commands {
				member := &def.Aliases[i].Commands[j]
				switch {
				case member.Negated:
					return member.Command.String()
				case member.Command.Kind == sudoers.CommandAlias:
					if found := l.deniedIn(member.Command.Name, seen); found != "" {
						return found
					}
				}
			}
		}
	}
	return ""
}
