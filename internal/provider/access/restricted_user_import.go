package access

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// ImportState takes a user id, or an identity with one.
func (r *restrictedUserResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := types.StringValue(req.ID)
	if req.ID == "" && req.Identity != nil {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("user_id"), &id)...)
	}
	if err := checkUserID(id.ValueString()); err != nil {
		resp.Diagnostics.AddError("Invalid import id", values.UpperFirst(err.Error())+".")
	}
	if resp.Diagnostics.HasError() {
		return
	}
	model, found, err := r.adopt(ctx, resp.State, id, &resp.Diagnostics)
	if err != nil {
		values.AddError(&resp.Diagnostics, fmt.Sprintf("Unable to import user %s", id.ValueString()), err)
		return
	}
	if !found {
		resp.Diagnostics.AddError("Unable to find the object to import", fmt.Sprintf("PVE has no user %s.", id.ValueString()))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, userIdentity{model.UserID})...) // as PVE spells it
}

// adopt reads a user that is in no state yet; empty gives the schema.
func (r *restrictedUserResource) adopt(ctx context.Context, empty tfsdk.State, id types.String, diags *diag.Diagnostics) (*restrictedUserModel, bool, error) {
	model := &restrictedUserModel{}
	diags.Append(values.NullModel(ctx, empty, model)...)
	model.UserID, model.GroupMembership, model.SecretInState = id, types.StringValue(membershipExclusive), types.BoolValue(false)
	pve, err := r.Clients.PVE()
	if err != nil {
		return model, false, err
	}
	role, err := pve.OwnRole(ctx, proxmox.UserID(id.ValueString()))
	if err != nil {
		return model, false, err
	}
	found, err := r.read(ctx, model, role, diags)
	return model, found, err
}
