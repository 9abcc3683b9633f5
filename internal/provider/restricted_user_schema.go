package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

func (r *restrictedUserResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "A Proxmox VE user with least privilege: its groups, a role of its own, its entries in the access control list, and its API tokens, as one thing.\n\n" +
			"The resource is authoritative for its user: an ACL entry, a group, or a token that somebody adds to the user is drift, shown in the plan and removed by " +
			"the next apply. root@pam can never be managed.",
		Attributes: map[string]schema.Attribute{
			"user_id": schema.StringAttribute{
				MarkdownDescription: "User id as `name@realm`, in any realm that PVE has. Changing it creates a new user.",
				Required:            true,
				Validators:          []validator.String{checkedBy("be a user id other than root@pam", checkUserID)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"comment":    textOrEmpty("Comment shown beside the user.", 2048),
			"email":      textOrEmpty("E-mail address of the user.", 254),
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
				Validators:          []validator.String{checkedBy("be a point in time as RFC 3339 writes it", checkTime)},
			},
			"groups": schema.SetAttribute{
				MarkdownDescription: "Groups that the user belongs to; they must exist. What a group grants is not shown here.",
				ElementType:         types.StringType,
				Optional:            true,
				Computed:            true,
				Default:             setdefault.StaticValue(types.SetValueMust(types.StringType, []attr.Value{})),
				Validators:          []validator.Set{setvalidator.ValueStringsAre(checkedBy("be a group id", proxmox.ValidateGroupID))},
			},
			"role": schema.SingleNestedAttribute{
				MarkdownDescription: "A role of the user's own, created, changed and removed with it. Without it, every grant names a role that exists.",
				Optional:            true,
				Attributes: map[string]schema.Attribute{
					"name": schema.StringAttribute{
						MarkdownDescription: "Role id; `restricted-` and the user id by default, with `-` for characters that a role id can't have. PVE keeps ids that begin with `PVE` for itself.",
						Optional:            true,
						Computed:            true,
						Validators:          []validator.String{checkedBy("be a role id", proxmox.ValidateRoleID)},
					},
					"privileges": schema.SetAttribute{
						MarkdownDescription: "Privileges of the role, such as `VM.Audit`. They are checked against those that the server knows.",
						ElementType:         types.StringType,
						Required:            true,
						Validators:          []validator.Set{setvalidator.SizeAtLeast(1)},
					},
				},
			},
			"grants": grantsAttribute("Entries of the access control list for the user. Entries that are not listed here are removed."),
			"tokens": schema.MapNestedAttribute{
				MarkdownDescription: "API tokens by token id. Tokens that are not listed here are removed.",
				Optional:            true,
				Computed:            true,
				Default:             mapdefault.StaticValue(types.MapValueMust(tokenType, map[string]attr.Value{})),
				Validators:          []validator.Map{keysCheckedBy("be token ids", proxmox.ValidateTokenID)},
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"comment": schema.StringAttribute{
						MarkdownDescription: "Comment shown beside the token.",
						Optional:            true,
						Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
					},
					"expires_at": schema.StringAttribute{
						MarkdownDescription: "Point in time after which the token is refused, as RFC 3339. Never without it; the user's own expiry holds for its tokens as well.",
						Optional:            true,
						Validators:          []validator.String{checkedBy("be a point in time as RFC 3339 writes it", checkTime)},
					},
					"privilege_separation": schema.BoolAttribute{
						MarkdownDescription: "Whether the token has only those of the user's privileges that its own grants give it; `true` by default. Without separation the token can do all that the user can.",
						Optional:            true,
					},
					"grants": tokenGrantsAttribute(),
				}},
			},
			"secret_in_state": schema.BoolAttribute{
				MarkdownDescription: "Whether the secrets of tokens created from now on are kept in `token_secrets`, and so in state, where everybody who reads the state can use " +
					"them. By default a secret is shown nowhere.",
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
			"timeouts": timeouts.Attributes(ctx, allTimeouts),
		},
	}
}

func textOrEmpty(description string, limit int) schema.StringAttribute {
	return schema.StringAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Computed:            true,
		Default:             stringdefault.StaticString(""),
		Validators:          []validator.String{stringvalidator.UTF8LengthAtMost(limit)},
	}
}

func grantAttributes() schema.NestedAttributeObject {
	return schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
		"path": schema.StringAttribute{
			MarkdownDescription: "Path in PVE's access control tree, such as `/pool/build`, `/vms/100` or `/storage/local`.",
			Required:            true,
			Validators:          []validator.String{checkedBy("be a path of PVE's access control tree", proxmox.ValidateACLPath)},
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
	}}
}

func grantsAttribute(description string) schema.SetNestedAttribute {
	return schema.SetNestedAttribute{
		MarkdownDescription: description,
		Optional:            true,
		Computed:            true,
		Default:             setdefault.StaticValue(types.SetValueMust(grantType, []attr.Value{})),
		NestedObject:        grantAttributes(),
	}
}

func tokenGrantsAttribute() schema.SetNestedAttribute {
	return schema.SetNestedAttribute{
		MarkdownDescription: "Entries of the access control list for the token; those of the user by default. They can narrow the user's rights, never widen them.",
		Optional:            true,
		NestedObject:        grantAttributes(),
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
