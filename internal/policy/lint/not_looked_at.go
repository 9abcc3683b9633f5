package lint

import "fmt"

// notLookedAt says what the budget did not suffice for. It is the last of the rules.
var notLookedAt = Rule{
	ID: "PVESEC-S0025", Name: "not-looked-at", Severity: Warning,
	Summary: "The policy stands for more commands than are looked at.",
	Why:     "Whether some of its commands are covered by later ones, or denied where nothing allows them, is not known.",
	Bad:     "Cmnd_Alias MANY = /usr/bin/a1, /usr/bin/a2, ...\nalice ALL = MANY\n... # a thousand such rules",
	Good:    "Cmnd_Alias FEW = /usr/bin/a1, /usr/bin/a2\nalice ALL = FEW",
	check: func(l *linter, r *Rule) {
		l.leaves()
		if len(l.passed) > 0 {
			l.report(r, l.passed[0], fmt.Sprintf("%d commands of rules, of which this is the first, stand for too many to be looked at", len(l.passed)),
				"split the policy, or name fewer commands in the aliases that many rules have")
		}
	},
}
