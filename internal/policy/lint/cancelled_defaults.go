package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// cancelledDefaults looks for settings that a later one with the same binding
// overwrites (defaults.c, update_defaults: the last one in the policy holds).
var cancelledDefaults = Rule{
	ID: "PVESEC-S0014", Name: "cancelled-defaults", Severity: Warning,
	Summary: "A setting is overwritten by another one for the same binding.",
	Why:     "sudo applies Defaults in the order of the policy, wherever they stand; only the last one has an effect.",
	Bad:     "Defaults use_pty\nDefaults !use_pty",
	Good:    "Defaults use_pty",
	check: func(l *linter, r *Rule) {
		last := map[string]*sudoers.Setting{}
		l.defaults(func(d *sudoers.Defaults) {
			for i := range d.Settings {
				s := &d.Settings[i]
				key := binding(d) + " " + s.Name
				before := last[key]
				last[key] = s
				if before == nil || s.Operator == sudoers.OpAdd || s.Operator == sudoers.OpRemove || s.String() == before.String() {
					continue
				}
				l.report(r, before.Pos, before.String()+" is overwritten by "+s.String()+" at "+s.Pos.String(), "keep one of them")
			}
		})
	},
}

// binding is the text of a binding, for comparison.
func binding(d *sudoers.Defaults) string {
	var b strings.Builder
	b.WriteByte("G@:>!"[d.Scope])
	for i := range d.Members {
		b.WriteString(d.Members[i].String() + ",")
	}
	for i := range d.Commands {
		b.WriteString(d.Commands[i].String() + ",")
	}
	return b.String()
}
