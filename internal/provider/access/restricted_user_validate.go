package access

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// ValidateConfig finds what the validator of one attribute can't see: what attributes mean together.
func (r *restrictedUserResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model restrictedUserModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if !resp.Diagnostics.HasError() {
		model.validate(&resp.Diagnostics)
		model.warnOfEnds(r.Clients.Now(), &resp.Diagnostics)
	}
}

// validate finds a grant without a role, grants that a token without separation ignores, two expiries of one token, and
// half of a password.
func (m *restrictedUserModel) validate(diags *diag.Diagnostics) {
	if m.Role.IsNull() {
		requireRoles(m.Grants, path.Root("grant"), diags)
	}
	m.validatePassword(diags)
	m.validateTokens(diags)
}

func (m *restrictedUserModel) validateTokens(diags *diag.Diagnostics) {
	seen := map[string]bool{}
	for _, value := range m.TokenBlocks.Elements() {
		object, ok := value.(types.Object)
		if !ok || object.IsUnknown() || object.IsNull() {
			continue
		}
		token, at := object.Attributes(), path.Root("token")
		name, _ := token["name"].(types.String)
		id := name.ValueString()
		if name.IsUnknown() {
			id = "(name known later)"
		} else if seen[id] {
			diags.AddAttributeError(at, "Invalid token blocks", fmt.Sprintf("Two token blocks have the name %q. A user has one token of a name: give each block its own.", id))
		}
		seen[id] = seen[id] || !name.IsUnknown()
		grants, _ := token["grant"].(types.Set)
		separated, _ := token["privilege_separation"].(types.Bool)
		inherits, _ := token["inherit_grants"].(types.Bool)
		if m.Role.IsNull() {
			requireRoles(grants, at, diags)
		}
		if len(grants.Elements()) > 0 && !separated.IsUnknown() && !separated.IsNull() && !separated.ValueBool() {
			diags.AddAttributeError(at, "Grants have no effect",
				fmt.Sprintf("Token %q has privilege_separation = false, so PVE gives it all privileges of the user and ignores the token's grants. Remove the grant blocks, or set privilege_separation = true.", id))
		}
		if len(grants.Elements()) > 0 && inherits.ValueBool() {
			diags.AddAttributeError(at, "Invalid grants",
				fmt.Sprintf("Token %q has grant blocks and inherit_grants = true. Remove one of them.", id))
		}
		m.validateExpiry(id, token, at, diags)
	}
}

// validateExpiry requires one expiry for a token: its own, or the user's.
func (m *restrictedUserModel) validateExpiry(id string, token map[string]attr.Value, at path.Path, diags *diag.Diagnostics) {
	never, _ := token["never_expires"].(types.Bool)
	switch {
	case token["expires_at"].IsUnknown() || token["expires_in"].IsUnknown() || never.IsUnknown():
	case !token["expires_at"].IsNull() && !token["expires_in"].IsNull():
		diags.AddAttributeError(at, "Invalid expiry",
			fmt.Sprintf("Token %q has both expires_at and expires_in. Remove one of them.", id))
	case never.ValueBool() && !(token["expires_at"].IsNull() && token["expires_in"].IsNull()):
		diags.AddAttributeError(at, "Invalid expiry",
			fmt.Sprintf("Token %q has never_expires = true and an expiry. Remove one of them.", id))
	case token["expires_at"].IsNull() && token["expires_in"].IsNull() && !never.ValueBool() && m.ExpiresAt.IsNull():
		diags.AddAttributeError(at, "Missing expiry",
			fmt.Sprintf("Token %q has no expiry. Set its expires_in (for example \"90d\") or expires_at, or never_expires = true, or set expires_at of the user.", id))
	}
}

// warnOfEnds warns of ends that are over.
func (m *restrictedUserModel) warnOfEnds(now time.Time, diags *diag.Diagnostics) {
	values.WarnOfEnd("the user", values.UnixEnd(values.UnixTime(m.ExpiresAt)), now, path.Root("expires_at"), diags)
	for _, value := range m.TokenBlocks.Elements() {
		if object, ok := value.(types.Object); ok && !object.IsUnknown() && !object.IsNull() {
			name, _ := object.Attributes()["name"].(types.String)
			end, _ := object.Attributes()["expires_at"].(types.String)
			values.WarnOfEnd(fmt.Sprintf("token %q", name.ValueString()), values.UnixEnd(values.UnixTime(end)), now, path.Root("token"), diags)
		}
	}
}

func (m *restrictedUserModel) validatePassword(diags *diag.Diagnostics) {
	if m.Password.IsNull() != m.PasswordVersion.IsNull() {
		diags.AddAttributeError(path.Root("password_version"), "Missing password or password version",
			"Terraform does not store a password, so it needs password_version, a number that you change with the password. Set both, or neither.")
	}
	if id := m.UserID; !m.Password.IsNull() && !id.IsUnknown() && proxmox.UserID(id.ValueString()).Realm() != "pve" {
		diags.AddAttributeError(path.Root("password"), "Invalid realm for a password",
			fmt.Sprintf("Only the realm pve stores passwords itself. In the realm pam, PVE would set the Unix password of the account %s on the node. Remove password.", proxmox.UserID(id.ValueString()).Name()))
	}
}

func requireRoles(set types.Set, at path.Path, diags *diag.Diagnostics) {
	for _, element := range set.Elements() {
		grant, ok := element.(types.Object)
		if !ok || grant.IsUnknown() || grant.IsNull() {
			continue
		}
		if role := grant.Attributes()["role"]; role.IsNull() {
			diags.AddAttributeError(at, "Missing role",
				fmt.Sprintf("The grant on %s has no role, and the user has no managed role. Set role in the grant, or configure role for the user.", grant.Attributes()["path"]))
		}
	}
}
