package access

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/objectvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

func (r *restrictedUserResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A Proxmox VE user with least privilege: its groups, a role of its own, its entries in the access control list, and its API tokens, as one thing.\n\n" +
			"The resource is authoritative for its user: an ACL entry, a group, or a token that somebody adds to the user is drift, shown in the plan and removed by " +
			"the next apply. root@pam can never be managed, and a user that could become root fails the plan unless `accepted_risks` says why it may.",
		Attributes: map[string]schema.Attribute{
			"user_id": schema.StringAttribute{
				MarkdownDescription: "User id as `name@realm`, in any realm that PVE has. Changing it creates a new user.",
				Required:            true,
				Validators:          []validator.String{values.CheckedBy("be a user id other than root@pam", checkUserID)},
			},
			"comment":    textOrEmpty("Comment shown beside the user, one line.", 2048),
			"email":      textOrEmpty("E-mail address of the user.", 254, values.CheckedBy("be an e-mail address", proxmox.ValidateEmail)),
			"first_name": textOrEmpty("First name of the user.", 1024),
			"last_name":  textOrEmpty("Last name of the user.", 1024),
			"enabled": schema.BoolAttribute{
				MarkdownDescription: "Whether the user and its tokens may log in; `true` by default.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"expires_at": schema.StringAttribute{
				MarkdownDescription: "Point in time after which the user and its tokens are refused, as RFC 3339: `2027-01-31T00:00:00Z`. Never without it.",
				Optional:            true,
				Validators:          []validator.String{values.CheckedBy("be a point in time as RFC 3339 writes it", values.CheckTime)},
			},
			"password": schema.StringAttribute{
				MarkdownDescription: "Password of a user of the realm `pve`, 8 to 64 characters. Write-only: it is in no plan and no state, and may come from an ephemeral value. PVE " +
					"lets an API token set a password only while it creates the user.",
				Optional:   true,
				WriteOnly:  true,
				Sensitive:  true,
				Validators: []validator.String{stringvalidator.UTF8LengthBetween(8, 64)},
			},
			"password_version": schema.Int64Attribute{
				CustomType:          values.WholeType{},
				MarkdownDescription: "Number of the password, since Terraform does not remember the password itself. It changes only when the user is created again: `terraform apply -replace=ADDRESS`, which gives its tokens new secrets.",
				Optional:            true,
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"groups": schema.SetAttribute{
				MarkdownDescription: "Groups that the user belongs to; they must exist. What they grant shows in `effective_permissions`.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Default:             setdefault.StaticValue(types.SetValueMust(types.StringType, []attr.Value{})),
				Validators:          []validator.Set{setvalidator.ValueStringsAre(values.CheckedBy("be a group id", proxmox.ValidateGroupID))},
			},
			"group_membership": schema.StringAttribute{
				MarkdownDescription: "`exclusive`, the default: the user is in `groups` and in no other; another membership is drift. `additive`: the user is in `groups` at least; other " +
					"memberships belong to somebody else and stay.",
				Optional:   true,
				Computed:   true,
				Default:    stringdefault.StaticString(membershipExclusive),
				Validators: []validator.String{stringvalidator.OneOf(membershipExclusive, membershipAdditive)},
			},
			"tokens": schema.MapNestedAttribute{
				MarkdownDescription: "What is known of the tokens, by name.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: tokenReadAttributes()},
			},
			"external_tokens": schema.SetAttribute{
				MarkdownDescription: "Ids of tokens of this user that are managed elsewhere, by `pvesec_api_token` for example. They are no drift and stay, until the user itself is removed.",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Set{setvalidator.ValueStringsAre(values.CheckedBy("be a token id", proxmox.ValidateTokenID))},
			},
			"secret_in_state": schema.BoolAttribute{
				MarkdownDescription: "Whether to store the secrets of new tokens in `token_secrets`, and so in state. Everyone who can read the state can use " +
					"them. By default pvesec stores a secret nowhere.",
				Optional: true,
				Computed: true,
				Default:  booldefault.StaticBool(false),
			},
			"token_secrets": schema.MapAttribute{
				MarkdownDescription: "Secrets by token id, of tokens that were created while `secret_in_state` was `true`.",
				ElementType:         types.StringType,
				Computed:            true,
				Sensitive:           true,
			},
			"expires":               endsAttribute(),
			"accepted_risks":        acceptedPrivileges(),
			"effective_permissions": effectiveAttribute("the user"),
			"findings":              accessFindingsAttribute(),
		},
		Blocks: map[string]schema.Block{
			"role": schema.SingleNestedBlock{
				MarkdownDescription: "A role of the user's own, created, changed and removed with it. Without it, every grant names a role that exists.",
				// A required attribute would be required without the block as well.
				Validators: []validator.Object{objectvalidator.AlsoRequires(path.MatchRelative().AtName("privileges"))},
				Attributes: roleAttributes(),
			},
			"grant": schema.SetNestedBlock{
				MarkdownDescription: "An entry of the access control list for the user. Entries that no block names are removed.",
				NestedObject:        schema.NestedBlockObject{Attributes: grantAttributes()},
			},
			"token": schema.SetNestedBlock{
				MarkdownDescription: "An API token of the user. Tokens that no block names are removed.",
				NestedObject: schema.NestedBlockObject{
					Attributes: tokenAttributes(),
					Blocks: map[string]schema.Block{
						"grant": schema.SetNestedBlock{
							MarkdownDescription: "An entry of the access control list for the token; without any, those of the user. They can narrow the user's rights, never widen them.",
							NestedObject:        schema.NestedBlockObject{Attributes: grantAttributes()},
						},
					},
				},
			},
			"timeouts": timeouts.Block(ctx, session.AllTimeouts),
		},
	}
}

// The values of group_membership.
const (
	membershipExclusive = "exclusive"
	membershipAdditive  = "additive"
)

func textOrEmpty(description string, limit int, more ...validator.String) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString(""),
		Validators:          append([]validator.String{stringvalidator.UTF8LengthAtMost(limit)}, more...),
	}
}

// grantAttributes describes grant.
func grantAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"path": schema.StringAttribute{
			MarkdownDescription: "Path in PVE's access control tree, such as `/pool/build`, `/vms/100` or `/storage/local`.",
			Required:            true,
			Validators:          []validator.String{values.CheckedBy("be a path of PVE's access control tree", proxmox.ValidateACLPath)},
		},
		"role": schema.StringAttribute{
			MarkdownDescription: "Role granted on the path; the user's own `role` by default.",
			Optional:            true,
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"propagate": schema.BoolAttribute{
			MarkdownDescription: "Whether the grant holds below the path too; `true` by default.",
			Optional:            true,
		},
	}
}

// checkUserID says why a text can't be the id of a restricted user, or returns nil.
func checkUserID(text string) error {
	id, err := proxmox.ParseUserID(text)
	if err != nil {
		return err
	}
	if id.IsRootPAM() {
		return proxmox.ErrRootPAM
	}
	return nil
}

// roleAttributes describes role.
func roleAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			MarkdownDescription: "Role id; by default `restricted-` and the user id with `-` for the `@`, and for other characters that a role id can't have with a number behind it that no other user has. PVE keeps ids that begin with `PVE` for itself.",
			Optional:            true,
			Computed:            true,
			Validators:          []validator.String{values.CheckedBy("be a role id", proxmox.ValidateRoleID)},
		},
		"privileges": schema.SetAttribute{
			MarkdownDescription: "Privileges of the role, such as `VM.Audit`. Required. They are checked against those that the server knows.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          []validator.Set{setvalidator.SizeAtLeast(1)},
		},
	}
}

// tokenAttributes describes token, without its grants.
func tokenAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"name": schema.StringAttribute{
			MarkdownDescription: "Id of the token, the part after the `!`.",
			Required:            true,
			Validators:          []validator.String{values.CheckedBy("be a token id", proxmox.ValidateTokenID)},
		},
		"comment": schema.StringAttribute{
			MarkdownDescription: "Comment shown beside the token, one line.",
			Optional:            true,
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"expires_at": schema.StringAttribute{
			MarkdownDescription: "Point in time after which the token is refused, as RFC 3339. One of `expires_at`, `expires_in` and `never_expires` is required, unless the user itself expires, which holds for its tokens as well.",
			Optional:            true,
			Validators:          []validator.String{values.CheckedBy("be a point in time as RFC 3339 writes it", values.CheckTime)},
		},
		"expires_in": schema.StringAttribute{
			MarkdownDescription: "The same as a length of time from when the token is created, or from when this changes: `90d`, `12h`, `2w`.",
			Optional:            true,
			Validators:          []validator.String{values.CheckedBy("be a length of time such as 90d", values.CheckLifetime)},
		},
		"never_expires": schema.BoolAttribute{
			MarkdownDescription: "`true` for a token that works until somebody removes it.",
			Optional:            true,
		},
		"privilege_separation": schema.BoolAttribute{
			MarkdownDescription: "Whether the token has only those of the user's privileges that its own grants give it; `true` by default. Without separation the token can do all that the user can.",
			Optional:            true,
		},
		"inherit_grants": schema.BoolAttribute{
			MarkdownDescription: "Whether a token without `grant` gets the entries of its user; `true` by default. With `false` it has what its own `grant` blocks give and nothing else: " +
				"write that where they come from a list that may be empty.",
			Optional: true,
		},
	}
}

// tokenReadAttributes describes an entry of tokens.
func tokenReadAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"full_token_id": schema.StringAttribute{MarkdownDescription: "The token with its user, `name@realm!token`, as clients and ACL entries write it.", Computed: true},
		"expires_at":    schema.StringAttribute{MarkdownDescription: "When the token ends; null if it does not, or if its user alone ends.", Computed: true},
	}
}
