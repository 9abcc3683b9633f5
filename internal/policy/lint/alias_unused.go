package lint

// unusedAlias is a warning of visudo (check_aliases.c). As there, an alias counts as
// used if a rule or a Defaults line reaches it.
var unusedAlias = Rule{
	ID: "PVESEC-S0002", Name: "unused-alias", Severity: Notice,
	Summary: "An alias is defined and no rule or Defaults line reaches it.",
	Why:     "It has no effect; often its name is misspelt where it was meant to be used.",
	Bad:     "Cmnd_Alias BACKUP = /usr/bin/vzdump\nalice ALL = /usr/bin/id",
	Good:    "Cmnd_Alias BACKUP = /usr/bin/vzdump\nalice ALL = BACKUP",
	check: func(l *linter, r *Rule) {
		if l.options.Fragment {
			return
		}
		used := map[aliasKey]bool{}
		var mark func(aliasKey)
		mark = func(k aliasKey) {
			if used[k] {
				return
			}
			used[k] = true
			for _, u := range l.aliases.inBody[k] {
				mark(u.key)
			}
		}
		for _, u := range l.aliases.uses {
			if u.within.name == "" {
				mark(u.key)
			}
		}
		for _, k := range l.aliases.order {
			if !used[k] {
				l.report(r, l.aliases.defs[k].Pos, k.kind.String()+" "+k.name+" is not used", "use it in a rule, or remove it")
			}
		}
	},
}
