package sudo

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// showOverruled fills in overruled from the policy and what is around it on each node, and warns of the nodes that do not do all that it says.
func (m *sudoersPolicyModel) showOverruled(ctx context.Context, text *review.Policy, around surroundings, warn bool, diags *diag.Diagnostics) {
	m.Overruled = types.MapUnknown(values.StringListType)
	if text == nil || m.Exclusive.IsUnknown() {
		return
	}
	byNode := map[string][]string{}
	known := map[string][]string{} // by what is around: nodes of a cluster are mostly alike
	var said warnings
	for _, name := range slices.Sorted(maps.Keys(around.on)) {
		key, err := json.Marshal(around.on[name])
		if err != nil {
			panic(err) // only texts: nothing that JSON can't hold
		}
		lines, asked := known[string(key)]
		if !asked {
			lines = review.OverruledOn(m.policy(), text, around.on[name])
			known[string(key)] = lines
		}
		if len(lines) == 0 {
			continue
		}
		byNode[name] = lines
		said.add(name, path.Root("overruled"), "Other files overrule the policy for %s on %s",
			"The policy is in place, but sudo does not do what it says:\n\n  "+strings.Join(lines, "\n  ")+
				"\n\nChange those files, or give the policy a name that sorts behind theirs: of several rules that match, sudo takes the last one.")
	}
	if warn {
		said.report(m.subjects(), diags)
	}
	if around.recorded {
		value, problems := types.MapValueFrom(ctx, values.StringListType, byNode)
		diags.Append(problems...)
		m.Overruled = value
	}
}

func overruledAttribute() schema.MapAttribute {
	return schema.MapAttribute{
		MarkdownDescription: "What of the policy is not so on a node because another sudoers file says otherwise, by node name: a command that it denies or that asks for a password, needs a terminal, or has other tags there, with " +
			"the file and the line that decide. Nodes where all of the policy is in force are left out. A plan warns of it.",
		ElementType: values.StringListType,
		Computed:    true,
	}
}
