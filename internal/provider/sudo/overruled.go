package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// showOverruled fills in overruled from the policy and what is around it on each node, and warns of the nodes that do
// not do all that it says. A plan does not repeat what the refresh of its state has said. What a grant in another file
// of a node that was seen decides is said with that grant.
func (m *sudoersPolicyModel) showOverruled(
	ctx context.Context, text *review.Policy, around surroundings, warn bool, state *sudoersPolicyModel, seen map[string]*hardening.SudoersState, diags *diag.Diagnostics,
) {
	m.Overruled = types.MapUnknown(values.StringListType)
	if text == nil || m.cutsUnknown() {
		return
	}
	byNode := map[string][]string{}
	known := map[string][]string{} // by what is around: nodes of a cluster are mostly alike
	var said warnings
	var told map[string]attr.Value
	if state != nil {
		told = state.Overruled.Elements()
	}
	for _, name := range slices.Sorted(maps.Keys(around.on)) {
		key := around.on[name].Key(m.policy())
		lines, asked := known[key]
		if !asked {
			lines = review.OverruledOn(m.policy(), text, around.on[name])
			known[key] = lines
		}
		if len(lines) == 0 {
			continue
		}
		byNode[name] = lines
		if values.StringList(lines).Equal(told[name]) {
			continue
		}
		if lines = slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return seen[name] != nil && byGrant(line, seen[name].Foreign) }); len(lines) == 0 {
			continue
		}
		said.add(name, path.Root("overruled"), "Other files overrule the policy for %s on %s",
			"The policy is in place, but sudo does not do what it says:\n\n  "+strings.Join(lines, "\n  ")+
				"\n\nChange those files. Against another rule, a name of the policy that sorts behind that file helps too: of several rules that match, sudo takes the last one. It does not help against Defaults.")
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

// byGrant tells that a grant for the subject decides what is overruled, which is said where that grant is.
func byGrant(line string, grants []hardening.ForeignGrant) bool {
	return slices.ContainsFunc(grants, func(g hardening.ForeignGrant) bool {
		return !g.Shared && strings.HasSuffix(line, fmt.Sprintf(", by %s:%d: %s", g.File, g.Line, g.Text))
	})
}

func overruledAttribute() schema.MapAttribute {
	return schema.MapAttribute{
		MarkdownDescription: "Which parts of the policy are not in force on a node because another sudoers file says otherwise, by node name: a command that it denies or that asks for a password, needs a terminal, or has other tags there, with " +
			"the file and the line that decide. Nodes where all of the policy is in force are left out. Every refresh warns of it.",
		ElementType: values.StringListType,
		Computed:    true,
	}
}

// overruledOn is what is recorded of a node in overruled.
func (m *sudoersPolicyModel) overruledOn(ctx context.Context, node string) []string {
	lines, _ := m.Overruled.Elements()[node].(types.List)
	return values.StringsInList(ctx, lines, &diag.Diagnostics{})
}
