package lint

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// doubleDenial looks for a denied alias that contains a denial: sudo negates each command of a negated alias (match.c,
// cmnd_matches), so that the denial becomes a grant.
var doubleDenial = Rule{
	ID: "PVESEC-S0022", Name: "double-denial", Severity: Error,
	Summary: "A denied alias contains a denied command.",
	Why:     "sudo turns each command of a denied alias around, so the command that the alias denies is granted.",
	Bad:     "Cmnd_Alias DANGEROUS = /usr/bin/su, !/usr/bin/id\nalice ALL = /usr/bin/, !DANGEROUS",
	Good:    "Cmnd_Alias DANGEROUS = /usr/bin/su\nalice ALL = /usr/bin/, !DANGEROUS",
	check: func(l *linter, r *Rule) {
		denied := l.denials()
		l.commands(func(c *sudoers.CommandMember) {
			if granted := denied[c.Command.Name]; c.Negated && c.Command.Kind == sudoers.CommandAlias && granted != "" {
				l.report(r, c.Pos, "!"+c.Command.Name+" grants "+granted+", which the alias denies", "take !"+granted+" out of "+c.Command.Name)
			}
		})
	},
}

// denials are the first commands that aliases deny, themselves or in an alias that they name.
func (l *linter) denials() map[string]string {
	denied := map[string]string{}
	var names []string
	namedIn := map[string][]string{}
	for _, e := range l.tree.Entries {
		def, is := e.(*sudoers.AliasDef)
		if !is || def.Kind != sudoers.CmndAlias {
			continue
		}
		for i := range def.Aliases {
			alias := &def.Aliases[i]
			for j := range alias.Commands {
				switch member := &alias.Commands[j]; {
				case member.Negated && denied[alias.Name] == "":
					denied[alias.Name] = member.Command.String()
					names = append(names, alias.Name)
				case member.Command.Kind == sudoers.CommandAlias:
					namedIn[member.Command.Name] = append(namedIn[member.Command.Name], alias.Name)
				}
			}
		}
	}
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		for _, outer := range namedIn[name] {
			if denied[outer] == "" {
				denied[outer] = denied[name]
				names = append(names, outer)
			}
		}
	}
	return denied
}
