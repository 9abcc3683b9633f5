package sudo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// judgeAliases judges aliases that lines of other files use and none of them defines: what a policy says of such a name
// decides what those lines give others, and no plan of it looks at others. One that the policy defines is refused,
// unless the configuration was applied as it is; of one that the policy no longer defines a plan warns, since it takes
// something away.
func (m *sudoersPolicyModel) judgeAliases(state *sudoersPolicyModel, around surroundings, diags *diag.Diagnostics) {
	if m.Content.IsUnknown() || m.Content.IsNull() {
		return
	}
	earlier, judged := "", values.Refused
	switch {
	case m.unchanged:
		judged = values.Deferred
	case state != nil:
		earlier = state.Content.ValueString()
	}
	for _, one := range usedElsewhere(around, func(s hardening.Surroundings) []hardening.UndefinedAlias { return s.Left(m.policy(), earlier) }) {
		diags.AddAttributeWarning(m.textAttribute(), fmt.Sprintf("The policy no longer defines %s, which lines of other sudoers files use", one.alias),
			fmt.Sprintf("No other file defines it. A denial that names it denies nothing after the apply, so that its user may run more; a rule that names it grants nothing: %s.\n\n"+
				"Define the alias in the file that uses it before you apply.", one.places))
	}
	for _, one := range usedElsewhere(around, func(s hardening.Surroundings) []hardening.UndefinedAlias { return s.Opened(m.policy(), earlier) }) {
		alias, used := one.alias, one.places
		p := problem{
			m.textAttribute(), fmt.Sprintf("The policy defines %s, which lines of other sudoers files use", alias),
			fmt.Sprintf("All sudoers files share the names of aliases. These lines use %s, and no other file defines it: %s. The policy would decide what they give others, and no plan of it shows that.\n\n"+
				"Give the alias another name in the policy, or define it in the file that uses it.", alias, used),
			[]string{fmt.Sprintf("%s is used by %s", alias, used)},
		}
		if m.Enforcement.ValueString() == enforceWarn {
			diags.AddAttributeWarning(p.at, p.summary, p.detail)
			continue
		}
		m.add(judged, p, diags)
	}
}

// usedAlias is an alias with the places of the lines that use it, on each node.
type usedAlias struct{ alias, places string }

// usedElsewhere lists aliases of all nodes, each once.
func usedElsewhere(around surroundings, which func(hardening.Surroundings) []hardening.UndefinedAlias) (list []usedAlias) {
	for _, name := range slices.Sorted(maps.Keys(around.on)) {
		for _, found := range which(around.on[name]) {
			places := fmt.Sprintf("%s on %s", strings.Join(found.At, ", "), name)
			if at := slices.IndexFunc(list, func(known usedAlias) bool { return known.alias == found.Alias }); at >= 0 {
				list[at].places += "; " + places
				continue
			}
			list = append(list, usedAlias{found.Alias, places})
		}
	}
	return list
}
