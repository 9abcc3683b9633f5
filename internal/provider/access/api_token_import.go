package access

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// ImportState takes USER@REALM!TOKEN, or an identity with both.
func (r *apiTokenResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	userID, tokenID, _ := strings.Cut(req.ID, "!")
	identity := tokenIdentity{types.StringValue(userID), types.StringValue(tokenID)}
	if req.ID == "" && req.Identity != nil {
		resp.Diagnostics.Append(req.Identity.Get(ctx, &identity)...)
	}
	if err := errors.Join(checkUserID(identity.UserID.ValueString()), proxmox.ValidateTokenID(identity.TokenID.ValueString())); err != nil {
		resp.Diagnostics.AddError("Invalid import id", "An import id is USER@REALM!TOKEN. "+values.UpperFirst(err.Error())+".")
	}
	if resp.Diagnostics.HasError() {
		return
	}
	identity.UserID = r.spelled(ctx, identity.UserID)
	model, found, err := r.adopt(ctx, resp.State, identity, &resp.Diagnostics)
	full := model.FullTokenID.ValueString()
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to import token "+full, err)
		return
	}
	if !found {
		resp.Diagnostics.AddError("Unable to find the object to import", fmt.Sprintf("PVE has no token %s.", full))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, identity)...)
}

// spelled is a user id as PVE spells it, where the realm ignores letter case; as it was given when PVE has no such
// user.
func (r *apiTokenResource) spelled(ctx context.Context, id types.String) types.String {
	pve, err := r.Clients.PVE()
	if err != nil {
		return id // reading says so
	}
	owner, err := pve.ReadPrincipal(ctx, proxmox.UserID(id.ValueString()), "")
	if err != nil || owner == nil {
		return id
	}
	return types.StringValue(string(owner.UserID))
}

// adopt reads a token that is in no state yet; empty gives the schema.
func (r *apiTokenResource) adopt(ctx context.Context, empty tfsdk.State, identity tokenIdentity, diags *diag.Diagnostics) (*apiTokenModel, bool, error) {
	model := &apiTokenModel{}
	diags.Append(values.NullModel(ctx, empty, model)...)
	model.UserID, model.TokenID, model.SecretInState = identity.UserID, identity.TokenID, types.BoolValue(false)
	model.Rotation, model.Overlap = types.StringValue(rotationOverlap), types.StringValue(defaultOverlap)
	model.name(identity.TokenID.ValueString())
	found, err := r.read(ctx, model, diags)
	if found && model.ExpiresAt.IsNull() {
		model.NeverExpires = types.BoolValue(true)
	}
	return model, found, err
}
