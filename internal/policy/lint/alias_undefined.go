package lint

// undefinedAlias is a warning of visudo and an error of visudo -s (check_aliases.c).
var undefinedAlias = Rule{
	ID: "PVESEC-S0001", Name: "undefined-alias", Severity: Warning,
	Summary: "A word in capitals names an alias that is defined nowhere in the policy.",
	Why:     "As a command it matches nothing; as a user, host or run-as name sudo compares it as a literal name.",
	Bad:     "alice ALL = BACKUPS",
	Good:    "Cmnd_Alias BACKUPS = /usr/bin/vzdump\nalice ALL = BACKUPS",
	check: func(l *linter, r *Rule) {
		if l.options.Fragment {
			return
		}
		for _, u := range l.aliases.uses {
			if l.aliases.defs[u.key] == nil {
				l.report(r, u.pos, u.key.kind.String()+" "+u.key.name+" is not defined",
					"define it: "+u.key.kind.String()+" "+u.key.name+" = ..., or put the name in double quotes if a name in capitals is meant")
			}
		}
	},
}
