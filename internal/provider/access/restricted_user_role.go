package access

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// foretellRole warns that a managed role which is to be removed stays, because others hold it.
func (r *restrictedUserResource) foretellRole(ctx context.Context, state *restrictedUserModel, planned string, diags *diag.Diagnostics) {
	role := state.managedRole(ctx, diags)
	if role == "" || role == planned || r.Clients == nil || !r.Clients.Holdings().Read(userName(state.UserID.ValueString())) {
		return
	}
	pve, err := r.Clients.PVE()
	if err != nil {
		return // what cannot be asked is told by the apply
	}
	holders, err := pve.RoleHolders(ctx, proxmox.UserID(state.UserID.ValueString()), role)
	if err == nil && len(holders) > 0 {
		warnOfRole(proxmox.KeptRole{ID: role, Holders: holders}, "will stay", diags)
	}
}

// warnOfRole warns that a managed role is not removed with its user.
func warnOfRole(kept proxmox.KeptRole, how string, diags *diag.Diagnostics) {
	detail := "Others also have this role: " + strings.Join(kept.Holders, ", ") + ". Removing it would remove their access."
	if kept.Err != nil {
		detail = "pvesec could not find out whether others have this role: " + kept.Err.Error() + "."
	}
	diags.AddAttributeWarning(path.Root("role"), "Role "+kept.ID+" "+how, detail+
		"\n\nTerraform no longer manages the role. When no one needs it, remove it with: pveum role delete "+kept.ID)
}

func nameRole(ctx context.Context, plan, config *restrictedUserModel, diags *diag.Diagnostics) {
	if config.Role.IsNull() || config.Role.IsUnknown() {
		return
	}
	var role roleModel
	diags.Append(config.Role.As(ctx, &role, basetypes.ObjectAsOptions{})...)
	if role.Name.IsNull() && !plan.UserID.IsUnknown() {
		role.Name = types.StringValue(managedRoleName(plan.UserID.ValueString()))
	}
	named, problems := types.ObjectValueFrom(ctx, roleType.AttrTypes, role)
	diags.Append(problems...)
	plan.Role = named
}
