package sudo

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// TestShared: a policy does not share with itself, and a name of which no node has a policy is told, unless a node was
// not read.
func TestShared(t *testing.T) {
	t.Parallel()
	model := func(shared ...string) *sudoersPolicyModel {
		entry := types.ObjectNull(deployedPolicyType.AttrTypes)
		return &sudoersPolicyModel{
			Name: types.StringValue("agent"), Subject: types.StringValue("agent"), Content: types.StringValue(""), SharedWith: values.StringSet(shared),
			Placed: session.Placed{Deployed: types.MapValueMust(deployedPolicyType, map[string]attr.Value{"pve1": entry, "pve2": entry})},
		}
	}
	for name, c := range map[string]struct {
		shared []string
		errors int
	}{"another": {[]string{"night"}, 0}, "itself": {[]string{"night", "agent"}, 1}} {
		var diags diag.Diagnostics
		model(c.shared...).checkShared(t.Context(), &diags)
		if diags.ErrorsCount() != c.errors {
			t.Errorf("%s: %v", name, diags)
		}
	}
	with := func(names ...string) hardening.Surroundings {
		files := map[string]string{"/etc/sudoers": ""}
		for _, name := range names {
			files["/etc/sudoers.d/"+name] = ""
		}
		return hardening.Surroundings{Files: files}
	}
	for name, c := range map[string]struct {
		on   map[string]hardening.Surroundings
		want string
	}{
		"on one node":   {map[string]hardening.Surroundings{"pve1": with("night"), "pve2": with()}, ""},
		"on none":       {map[string]hardening.Surroundings{"pve1": with("day"), "pve2": with()}, `No node has a policy "night"`},
		"one is silent": {map[string]hardening.Surroundings{"pve1": with()}, ""},
	} {
		var diags diag.Diagnostics
		model("night").warnOfNobodyShared(surroundings{on: c.on}, &diags)
		if got := diags.WarningsCount(); (got == 1) != (c.want != "") || got == 1 && diags[0].Summary() != c.want {
			t.Errorf("%s: %v", name, diags)
		}
	}
}
