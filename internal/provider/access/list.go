package access

import (
	"context"
	"fmt"
	"iter"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// The lists by which terraform query finds what PVE has and no configuration names yet. They come from the lists that a
// refresh reads.

var (
	_ list.ListResourceWithConfigure = (*restrictedUserList)(nil)
	_ list.ListResourceWithConfigure = (*apiTokenList)(nil)
)

type restrictedUserList struct{ restrictedUserResource }

type apiTokenList struct{ apiTokenResource }

// NewRestrictedUserList is list resource pvesec_restricted_user.
func NewRestrictedUserList() list.ListResource { return &restrictedUserList{} }

// NewAPITokenList is list resource pvesec_api_token.
func NewAPITokenList() list.ListResource { return &apiTokenList{} }

// accessListModel narrows a list down.
type accessListModel struct {
	Realm types.String `tfsdk:"realm"`
}

func accessListSchema(what string) schema.Schema {
	return schema.Schema{
		MarkdownDescription: "Finds the " + what + " that PVE has. Those of root@pam are left out, since they can't be managed.",
		Attributes: map[string]schema.Attribute{
			"realm": schema.StringAttribute{MarkdownDescription: "Only those of users of this realm.", Optional: true},
		},
	}
}

func (l *restrictedUserList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = accessListSchema("users")
}

func (l *apiTokenList) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = accessListSchema("API tokens")
}

// listedUsers returns what there is to list, complete or not at all.
func listedUsers(ctx context.Context, shared *session.Clients, req list.ListRequest, diags *diag.Diagnostics) []proxmox.User {
	var model accessListModel
	diags.Append(req.Config.Get(ctx, &model)...)
	if diags.HasError() {
		return nil
	}
	pve, err := shared.PVE()
	if err == nil {
		err = pve.RequireVisibility(ctx)
	}
	var all, wanted []proxmox.User
	if err == nil {
		all, err = pve.Users(ctx)
	}
	if err != nil {
		values.AddError(diags, "Unable to list users", err)
		return nil
	}
	for _, u := range all {
		if !u.ID.IsRootPAM() && checkUserID(string(u.ID)) == nil && (model.Realm.IsNull() || model.Realm.ValueString() == u.ID.Realm()) {
			wanted = append(wanted, u)
		}
	}
	return wanted
}

func (l *restrictedUserList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var diags diag.Diagnostics
	users := listedUsers(ctx, l.Clients, req, &diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = limited(req.Limit, func(yield func(list.ListResult) bool) {
		for _, user := range users {
			result := req.NewListResult(ctx)
			result.DisplayName = string(user.ID)
			id := types.StringValue(string(user.ID))
			result.Diagnostics.Append(result.Identity.Set(ctx, userIdentity{id})...)
			if req.IncludeResource {
				model, found, err := l.adopt(ctx, tfsdk.State{Schema: result.Resource.Schema}, id, &result.Diagnostics)
				include(ctx, &result, model, found, err)
			}
			if !yield(result) {
				return
			}
		}
	})
}

func (l *apiTokenList) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var diags diag.Diagnostics
	users := listedUsers(ctx, l.Clients, req, &diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	stream.Results = limited(req.Limit, func(yield func(list.ListResult) bool) {
		for _, user := range users {
			for _, token := range user.Tokens {
				result := req.NewListResult(ctx)
				result.DisplayName = user.ID.Token(token.ID)
				identity := tokenIdentity{types.StringValue(string(user.ID)), types.StringValue(token.ID)}
				result.Diagnostics.Append(result.Identity.Set(ctx, identity)...)
				if req.IncludeResource {
					model, found, err := l.adopt(ctx, tfsdk.State{Schema: result.Resource.Schema}, identity, &result.Diagnostics)
					include(ctx, &result, model, found, err)
				}
				if !yield(result) {
					return
				}
			}
		}
	})
}

// include adds what was read to a result.
func include(ctx context.Context, result *list.ListResult, model any, found bool, err error) {
	switch {
	case err != nil:
		result.Diagnostics.AddError("Unable to read "+result.DisplayName, values.UpperFirst(err.Error()))
	case !found:
		result.Diagnostics.AddError("Unable to read "+result.DisplayName, fmt.Sprintf("%s was removed meanwhile.", result.DisplayName))
	default:
		result.Diagnostics.Append(result.Resource.Set(ctx, model)...)
	}
}

// limited ends a sequence after so many results, never for 0.
func limited(limit int64, results iter.Seq[list.ListResult]) iter.Seq[list.ListResult] {
	if limit <= 0 {
		return results
	}
	return func(yield func(list.ListResult) bool) {
		left := limit
		for result := range results {
			if left--; !yield(result) || left == 0 {
				return
			}
		}
	}
}
