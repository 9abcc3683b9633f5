package access

import (
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
)

// passwordChanges tells that another password is wanted for a user that exists.
func passwordChanges(plan, state *restrictedUserModel) bool {
	return state != nil && plan.UserID.Equal(state.UserID) && !plan.PasswordVersion.IsUnknown() && !plan.PasswordVersion.Equal(state.PasswordVersion) && !plan.PasswordVersion.IsNull()
}

const noPasswordChange = "Password cannot be changed"

// passwordAdvice says what PVE does not offer to API tokens, and what helps.
func passwordAdvice(userID string) string {
	return "PVE refuses PUT /access/password to every API token: the provider can set a password only while it creates the user.\n\n" +
		"Change it on a node (pveum passwd " + userID + ") and leave password_version as it is, or have the user created again " +
		"(terraform apply -replace=ADDRESS), which gives its tokens new secrets."
}

// warnOfPassword says what the apply refuses. It is no error of the plan: with -replace Terraform plans the same before
// it plans the replacement.
func warnOfPassword(plan, state *restrictedUserModel, diags *diag.Diagnostics) {
	if passwordChanges(plan, state) {
		diags.AddAttributeWarning(path.Root("password_version"), noPasswordChange+" without -replace", passwordAdvice(plan.UserID.ValueString()))
	}
}
