package sudo

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// removedGrantsAttribute describes removed_grants.
func removedGrantsAttribute() schema.MapAttribute {
	return schema.MapAttribute{
		MarkdownDescription: "With `exclusive`, what this plan takes out of other sudoers files, by node name; null where it takes nothing, and after the next refresh: " +
			"`/etc/sudoers.d/emergency:1: agent ALL=(ALL) NOPASSWD: ALL`. An apply removes what its plan shows here and nothing else: a grant that appeared since is refused by name " +
			"(where the policy is new, Terraform itself refuses: the final plan is inconsistent in `removed_grants`, because the node changed; plan again).",
		ElementType: values.StringListType,
		Computed:    true,
	}
}

// cutsUnknown tells that the plan cannot say what is cut out of other files.
func (m *sudoersPolicyModel) cutsUnknown() bool {
	return m.Exclusive.IsUnknown() || m.Exclusive.ValueBool() && !m.knowsShared()
}

func (m *sudoersPolicyModel) knowsShared() bool {
	return m.SharedWith.IsNull() || values.FullyKnown(m.SharedWith)
}

// planRemovedGrants fills in removed_grants. Where nothing is to be written it stays as it is recorded, as change does.
// Only a value of the plan reaches the apply of a policy that is new: Terraform plans anew while it applies, and holds
// the two plans together.
func (m *sudoersPolicyModel) planRemovedGrants(ctx context.Context, state *sudoersPolicyModel, targets []node.Target, observed map[string]observedNode, seen map[string]*hardening.SudoersState, diags *diag.Diagnostics) {
	switch {
	case m.cutsUnknown():
		return
	case state != nil && m.Content.Equal(state.Content) && m.Deployed.Equal(state.Deployed):
		m.RemovedGrants = state.RemovedGrants
		return
	case !m.Exclusive.ValueBool():
		m.RemovedGrants = types.MapNull(values.StringListType)
		return
	}
	removed := map[string]types.List{}
	for _, target := range targets {
		cuts := observed[target.Name].Cuts
		if found := seen[target.Name]; found != nil {
			cuts = removable(found)
		}
		if cuts == nil {
			removed[target.Name] = types.ListUnknown(types.StringType)
		} else if len(cuts) > 0 {
			removed[target.Name] = values.StringList(cuts)
		}
	}
	m.RemovedGrants = removedGrantsMap(ctx, removed, diags)
}

func removedGrantsMap(ctx context.Context, removed map[string]types.List, diags *diag.Diagnostics) types.Map {
	if len(removed) == 0 {
		return types.MapNull(values.StringListType)
	}
	value, problems := types.MapValueFrom(ctx, values.StringListType, removed)
	diags.Append(problems...)
	return value
}

// plannedCuts are the grants that the plan shows as removed from a node; nil where it could not tell.
func (m *sudoersPolicyModel) plannedCuts(ctx context.Context, name string, diags *diag.Diagnostics) []string {
	if m.RemovedGrants.IsUnknown() {
		return nil
	}
	list, listed := m.RemovedGrants.Elements()[name].(types.List)
	switch {
	case !listed:
		return []string{}
	case list.IsUnknown():
		return nil
	}
	cuts := []string{}
	diags.Append(list.ElementsAs(ctx, &cuts, false)...)
	return cuts
}

// settleRemovedGrants puts what was removed where the plan could not tell.
func (m *sudoersPolicyModel) settleRemovedGrants(ctx context.Context, removed map[string][]string, diags *diag.Diagnostics) {
	m.RemovedGrants = settledRemovals(ctx, m.RemovedGrants, removed, diags)
}

// settledRemovals are planned removals with what was removed where the plan could not tell.
func settledRemovals(ctx context.Context, planned types.Map, removed map[string][]string, diags *diag.Diagnostics) types.Map {
	settled := map[string]types.List{}
	add := func(name string) {
		if len(removed[name]) > 0 {
			settled[name] = values.StringList(removed[name])
		}
	}
	if planned.IsUnknown() {
		for name := range removed {
			add(name)
		}
	}
	for name, value := range planned.Elements() {
		if list, ok := value.(types.List); ok && !list.IsUnknown() {
			settled[name] = list
			continue
		}
		settled[name] = values.StringList(removed[name]) // a plan that names a node keeps it
	}
	return removedGrantsMap(ctx, settled, diags)
}

// removable are the foreign grants that exclusive = true removes.
func removable(found *hardening.SudoersState) []string {
	cuts := []string{}
	for _, grant := range found.Foreign {
		if grant.Removable {
			cuts = append(cuts, grant.String())
		}
	}
	return cuts
}
