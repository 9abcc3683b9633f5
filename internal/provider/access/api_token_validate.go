package access

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// ValidateConfig finds what no single attribute shows.
func (r *apiTokenResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model apiTokenModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	model.checkExpiry(&resp.Diagnostics)
	values.WarnOfEnd("the token", values.UnixEnd(values.UnixTime(model.ExpiresAt)), r.Clients.Now(), path.Root("expires_at"), &resp.Diagnostics)
	separated := model.PrivilegeSeparation
	switch {
	case model.Grants.IsUnknown() || separated.IsUnknown():
	case len(model.Grants.Elements()) > 0 && !separated.IsNull() && !separated.ValueBool():
		resp.Diagnostics.AddAttributeError(path.Root("grant"), "Grants have no effect",
			"With privilege_separation = false PVE gives the token all privileges of the user and ignores the token's grants. Remove the grant blocks, or set privilege_separation = true.")
	case len(model.Grants.Elements()) == 0 && (separated.IsNull() || separated.ValueBool()):
		resp.Diagnostics.AddAttributeWarning(path.Root("grant"), "The token has no privileges",
			"With privilege separation a token has only the privileges of its own grants, and this token has no grants. Add grant blocks within the privileges of its user.")
	}
	model.checkRecipients(ctx, &resp.Diagnostics)
}

// checkRecipients finds public keys that cannot be combined, such as age's own keys with its post-quantum keys.
func (m *apiTokenModel) checkRecipients(ctx context.Context, diags *diag.Diagnostics) {
	if m.Recipients.IsNull() || !values.FullyKnown(m.Recipients) {
		return
	}
	recipients := values.StringsInSet(ctx, m.Recipients, diags)
	if slices.ContainsFunc(recipients, func(text string) bool { return checkRecipient(text) != nil }) {
		return // said by the attribute's own validator
	}
	if _, err := encryptFor(recipients, "trial"); err != nil {
		diags.AddAttributeError(path.Root("recipients"), "Invalid recipients", values.UpperFirst(err.Error())+".")
	}
}

// checkExpiry requires exactly one of the attributes for the expiry.
func (m *apiTokenModel) checkExpiry(diags *diag.Diagnostics) {
	if m.ExpiresAt.IsUnknown() || m.ExpiresIn.IsUnknown() || m.NeverExpires.IsUnknown() {
		return
	}
	var given []string
	for name, set := range map[string]bool{"expires_at": !m.ExpiresAt.IsNull(), "expires_in": !m.ExpiresIn.IsNull(), "never_expires": m.NeverExpires.ValueBool()} {
		if set {
			given = append(given, name)
		}
	}
	switch {
	case len(given) == 0:
		diags.AddAttributeError(path.Root("expires_in"), "Missing expiry",
			"The token has no expiry. Set expires_in (for example \"90d\") or expires_at, or never_expires = true.")
	case len(given) > 1:
		diags.AddAttributeError(path.Root("expires_in"), "Invalid expiry", "Set only one of expires_at, expires_in and never_expires.")
	}
	if before := values.Lifetime(m.RotateBefore); before != 0 && !m.ExpiresIn.IsNull() && before >= values.Lifetime(m.ExpiresIn) {
		diags.AddAttributeError(path.Root("rotate_before"), "Invalid rotate_before",
			fmt.Sprintf("rotate_before = %q is not shorter than expires_in = %q, so the token would rotate at every apply. Set a shorter rotate_before or a longer expires_in.", m.RotateBefore.ValueString(), m.ExpiresIn.ValueString()))
	}
}
