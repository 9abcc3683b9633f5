package lint

import (
	"slices"
	"strings"
)

// undefinedAlias is a warning of visudo and an error of visudo -s (check_aliases.c). What other files define for a
// fragment is to be named.
var undefinedAlias = Rule{
	ID: "PVESEC-S0001", Name: "undefined-alias", Severity: Error,
	Summary: "A word in capitals names an alias that is defined nowhere in the policy.",
	Why: "As a command it matches nothing; as a user, host or run-as name sudo compares it as a literal name. Where another file defines it, that file decides what the policy " +
		"grants and to whom. `defined_elsewhere` of `pvesec_sudoers_policy` names such aliases.",
	Bad:  "alice ALL = BACKUPS",
	Good: "Cmnd_Alias BACKUPS = /usr/bin/vzdump\nalice ALL = BACKUPS",
	check: func(l *linter, r *Rule) {
		for _, u := range l.aliases.uses {
			if l.aliases.defs[u.key] != nil || slices.Contains(l.options.Elsewhere, u.key.name) {
				continue
			}
			kind := u.key.kind.String()
			if near := l.near(u.key); near != "" {
				l.report(r, u.pos, kind+" "+u.key.name+" is not defined; "+near+" is", "write "+near+", or define it: "+kind+" "+u.key.name+" = ...")
			} else {
				l.report(r, u.pos, kind+" "+u.key.name+" is not defined",
					"define it: "+kind+" "+u.key.name+" = ..., or put the name in double quotes if a name in capitals is meant")
			}
		}
	},
}

// near is the alias of the same kind whose name differs by one slip of the hand, "" if there is none, or if too many
// names were compared before. Names that differ by a digit are meant to.
func (l *linter) near(k aliasKey) string {
	if !spend(&l.work.names, len(l.aliases.order)) {
		return ""
	}
	for _, known := range l.aliases.order {
		if known.kind == k.kind && len(k.name) > 2 && slip(known.name, k.name) {
			return known.name
		}
	}
	return ""
}

// slip tells whether one letter is missing, too much or another one, or two have changed places.
func slip(a, b string) bool {
	if withoutDigits(a) == withoutDigits(b) {
		return false
	}
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) < 2 && len(b) < 2 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}

func withoutDigits(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, name)
}
