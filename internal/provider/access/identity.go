package access

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// userIdentity says which user a resource is, beside its state.
type userIdentity struct {
	UserID types.String `tfsdk:"user_id"`
}

// tokenIdentity says which token a resource is, beside its state.
type tokenIdentity struct {
	UserID  types.String `tfsdk:"user_id"`
	TokenID types.String `tfsdk:"token_id"`
}

func (r *restrictedUserResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"user_id": identityschema.StringAttribute{Description: "User id as name@realm.", RequiredForImport: true},
	}}
}

func (r *apiTokenResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"user_id":  identityschema.StringAttribute{Description: "User id as name@realm.", RequiredForImport: true},
		"token_id": identityschema.StringAttribute{Description: "Id of the token, the part after the \"!\".", RequiredForImport: true},
	}}
}

// setIdentity writes an identity where Terraform knows such a thing (1.12 and later).
func setIdentity(ctx context.Context, identity *tfsdk.ResourceIdentity, value any) diag.Diagnostics {
	if identity == nil {
		return nil
	}
	return identity.Set(ctx, value)
}

// sameUser tells whether a plan is about the user that state has. Two spellings of one user, in a realm that ignores
// letter case, are one: the plan keeps the one that PVE has then.
func (r *restrictedUserResource) sameUser(ctx context.Context, state, plan *restrictedUserModel, diags *diag.Diagnostics) bool {
	switch {
	case plan.UserID.Equal(state.UserID):
		return true
	case plan.UserID.IsUnknown() || r.Clients == nil:
		return false
	}
	same, err := sameUserID(ctx, r.Clients, state.UserID, plan.UserID)
	if !session.PlanReached(err, path.Root("user_id"), diags) || !same {
		return false
	}
	plan.UserID = state.UserID
	return true
}

func sameUserID(ctx context.Context, clients *session.Clients, a, b types.String) (bool, error) {
	first, second := proxmox.UserID(a.ValueString()), proxmox.UserID(b.ValueString())
	if first.Realm() != second.Realm() || !strings.EqualFold(first.Name(), second.Name()) {
		return false, nil // without asking
	}
	pve, err := clients.PVE()
	if err != nil {
		return false, err
	}
	return pve.SameUser(ctx, first, second)
}
