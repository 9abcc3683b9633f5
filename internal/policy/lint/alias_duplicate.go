package lint

// duplicateAlias is an error of the parser within one tree. It is a finding where
// files were parsed one by one, each correct by itself, and are to stand together.
var duplicateAlias = Rule{
	ID: "PVESEC-S0004", Name: "duplicate-alias", Severity: Warning,
	Summary: "An alias is defined in two files that are part of one policy.",
	Why:     "Each file passes visudo -c by itself; together sudo drops the line of the second definition.",
	Bad:     "# in 50-a\nCmnd_Alias NET = /usr/sbin/ifreload\n# in 50-b\nCmnd_Alias NET = /usr/sbin/ifup",
	Good:    "# in 50-a\nCmnd_Alias NET_A = /usr/sbin/ifreload\n# in 50-b\nCmnd_Alias NET_B = /usr/sbin/ifup",
	check: func(l *linter, r *Rule) {
		for _, a := range l.aliases.again {
			l.report(r, a.alias.Pos, a.key.kind.String()+" "+a.key.name+" is already defined at "+l.aliases.defs[a.key].Pos.String(),
				"give one of them another name; a prefix for each file keeps them apart")
		}
	},
}
