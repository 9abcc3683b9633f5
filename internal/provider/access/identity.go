package access

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
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
