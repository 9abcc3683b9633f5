package sudo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// refuseOpened refuses a policy that defines an alias which lines of other files use and none of them defines: those
// lines would give others what the policy says, and no plan of it looks at others. A configuration that was applied as
// it is was that already.
func (m *sudoersPolicyModel) refuseOpened(state *sudoersPolicyModel, around surroundings, diags *diag.Diagnostics) {
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
	var aliases []string
	at := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(around.on)) {
		for _, opened := range around.on[name].Opened(m.policy(), earlier) {
			if at[opened.Alias] == nil {
				aliases = append(aliases, opened.Alias)
			}
			at[opened.Alias] = append(at[opened.Alias], fmt.Sprintf("%s on %s", strings.Join(opened.At, ", "), name))
		}
	}
	for _, alias := range aliases {
		used := strings.Join(at[alias], "; ")
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
