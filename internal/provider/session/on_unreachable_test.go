package session

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// TestPlanSkipped: only what a node will hold is left open that did not answer when it was read last, or of which
// nothing is recorded, and that would change.
func TestPlanSkipped(t *testing.T) {
	t.Parallel()
	typ := types.ObjectType{AttrTypes: map[string]attr.Type{"text": types.StringType}}
	deployed := func(texts map[string]string) types.Map {
		entries := map[string]attr.Value{}
		for name, text := range texts {
			entries[name] = types.ObjectValueMust(typ.AttrTypes, map[string]attr.Value{"text": types.StringValue(text)})
		}
		return types.MapValueMust(typ, entries)
	}
	recorded := func(skipped types.List) *Placed {
		return &Placed{Deployed: deployed(map[string]string{"pve1": "a", "pve2": "a", "pve3": "b"}), NodesSkipped: skipped}
	}
	for name, c := range map[string]struct {
		mode     string
		recorded *Placed
		open     []string
		skipped  types.List
	}{
		"fail":                  {"fail", recorded(values.StringList([]string{"pve2"})), nil, values.StringList(nil)},
		"one was silent":        {"skip", recorded(values.StringList([]string{"pve2"})), []string{"pve2", "pve4"}, values.StringList([]string{"pve2"})},
		"the one that is right": {"skip", recorded(values.StringList([]string{"pve3"})), []string{"pve4"}, values.StringList([]string{"pve3"})},
		"none was silent":       {"skip", recorded(values.StringList(nil)), []string{"pve4"}, values.StringList(nil)},
		"never recorded":        {"skip", recorded(types.ListNull(types.StringType)), []string{"pve1", "pve2", "pve3", "pve4"}, types.ListUnknown(types.StringType)},
		"new":                   {"skip", nil, []string{"pve1", "pve2", "pve3", "pve4"}, types.ListUnknown(types.StringType)},
	} {
		var diags diag.Diagnostics
		plan := &Placed{OnUnreachable: types.StringValue(c.mode), Deployed: deployed(map[string]string{"pve1": "b", "pve2": "b", "pve3": "b", "pve4": "b"})}
		plan.PlanSkipped(t.Context(), c.recorded, &diags)
		open := map[string]bool{}
		for _, node := range c.open {
			open[node] = true
		}
		for node, entry := range plan.Deployed.Elements() {
			if entry.IsUnknown() != open[node] {
				t.Errorf("%s: %s is %s", name, node, entry)
			}
		}
		if !plan.NodesSkipped.Equal(c.skipped) || diags.HasError() {
			t.Errorf("%s: nodes_skipped is %s, want %s; %v", name, plan.NodesSkipped, c.skipped, diags)
		}
		// A node that the plan counts on is not skipped.
		for _, target := range []string{"pve1", "pve2", "pve3", "pve4"} {
			var refused diag.Diagnostics
			var before map[string]attr.Value
			if c.recorded != nil {
				before = c.recorded.Deployed.Elements()
			}
			refuseSilence(plan, before, []node.Target{{Name: target}}, "Unable to apply", &refused)
			same := before != nil && before[target] != nil && before[target].Equal(plan.Deployed.Elements()[target])
			if refused.HasError() == (open[target] || same) {
				t.Errorf("%s: %s falls silent: %v", name, target, refused)
			}
		}
	}
}
