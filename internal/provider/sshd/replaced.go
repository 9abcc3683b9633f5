package sshd

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// replacesKey is in the private part of the plan of a policy: the name of the one whose place it takes, empty where it
// takes none.
const replacesKey = "replaces"

// replaced is the name of the policy whose place a planned one takes, empty where it takes none. Terraform plans a
// policy that gets another name twice, and says the second time that there was none before; it hands on only what the
// first plan kept in its private part.
func replaced(ctx context.Context, plan, state *policyModel, before values.PrivateReader, after values.PrivateWriter, diags *diag.Diagnostics) string {
	name, keep := "", ""
	if state == nil {
		text, problems := before.GetKey(ctx, replacesKey)
		diags.Append(problems...)
		if len(text) > 0 && json.Unmarshal(text, &name) != nil || name == plan.Name.ValueString() {
			name = ""
		}
	} else if !state.Name.Equal(plan.Name) && !plan.Name.IsUnknown() {
		name, keep = state.Name.ValueString(), state.Name.ValueString()
	}
	if text, err := json.Marshal(keep); err == nil {
		diags.Append(after.SetKey(ctx, replacesKey, text)...)
	}
	return name
}
