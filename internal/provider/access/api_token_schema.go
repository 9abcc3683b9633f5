package access

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// The values of rotation.
const (
	rotationOverlap = "overlap"
	rotationInPlace = "in_place"
	// defaultOverlap is how long the old token works on after a rotation.
	defaultOverlap = "24h"
)

func (r *apiTokenResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "An API token of a Proxmox VE user, with its entries in the access control list, its expiry and its rotation.\n\n" +
			"PVE tells the secret of a token once. It is kept where you choose: encrypted for public keys (`recipients`), in state (`secret_in_state`), or " +
			"nowhere. With `secret_in_state` a refresh finds a secret that somebody else renewed, and the next apply replaces it. Tokens of `root@pam` can't be managed. A token that is needed by one run only is better an ephemeral `pvesec_api_token`.\n\n" +
			"If the user is a `pvesec_restricted_user`, name the token in its `external_tokens`, since that resource removes tokens that it does not know.",
		Attributes: map[string]schema.Attribute{
			"user_id": schema.StringAttribute{
				MarkdownDescription: "User that the token belongs to, `name@realm`. Changing it creates a new token.",
				Required:            true,
				Validators:          []validator.String{values.CheckedBy("be a user id other than root@pam", checkUserID)},
			},
			"token_id": schema.StringAttribute{
				MarkdownDescription: "Id of the token, the part after the `!`. After a rotation with overlap the token is called `ID-2`, then `ID-3`: see `current_token_id`. These names belong to the resource. Changing it creates a new token.",
				Required:            true,
				Validators:          []validator.String{values.CheckedBy("be a token id", checkRotatingTokenID)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"comment": schema.StringAttribute{
				MarkdownDescription: "Comment shown beside the token, one line.",
				Optional:            true,
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"expires_at": schema.StringAttribute{
				MarkdownDescription: "Point in time after which the token is refused, as RFC 3339: `2027-01-31T00:00:00Z`. One of `expires_at`, `expires_in` and `never_expires` is required.",
				Optional:            true,
				Computed:            true,
				Validators:          []validator.String{values.CheckedBy("be a point in time as RFC 3339 writes it", values.CheckTime)},
			},
			"expires_in": schema.StringAttribute{
				MarkdownDescription: "The same as a length of time from when the token is created or rotated, or from when this changes: `90d`, `12h`, `2w`.",
				Optional:            true,
				Validators:          []validator.String{values.CheckedBy("be a length of time such as 90d", values.CheckLifetime)},
			},
			"never_expires": schema.BoolAttribute{
				MarkdownDescription: "`true` for a token that works until somebody removes it.",
				Optional:            true,
			},
			"privilege_separation": schema.BoolAttribute{
				MarkdownDescription: "Whether the token has only those of the user's privileges that its own `grant` blocks give it; `true` by default. Without separation the token can do all that the user can.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(true),
			},
			"rotation_id": schema.StringAttribute{
				MarkdownDescription: "Any text; when it changes the token gets a new secret. Use it to rotate by hand, or from `time_rotating`.",
				Optional:            true,
			},
			"rotate_before": schema.StringAttribute{
				MarkdownDescription: "How long before its expiry the token is rotated by the next apply: `14d`. Needs `expires_in`.",
				Optional:            true,
				Validators:          []validator.String{values.CheckedBy("be a length of time such as 14d", values.CheckLifetime), stringvalidator.AlsoRequires(path.MatchRoot("expires_in"))},
			},
			"rotation": schema.StringAttribute{
				MarkdownDescription: "`overlap`, the default: a rotation makes a new token under the next name, and the old one works on for `overlap`. `in_place`: the token keeps its name and the old secret dies at once; needs PVE 9.2.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(rotationOverlap),
				Validators:          []validator.String{stringvalidator.OneOf(rotationOverlap, rotationInPlace)},
			},
			"overlap": schema.StringAttribute{
				MarkdownDescription: "How long the old token works on after a rotation; `24h` by default. PVE itself ends it then, and the next change, rotation or destroy after that removes it.",
				Optional:            true,
				Computed:            true,
				Default:             stringdefault.StaticString(defaultOverlap),
				Validators:          []validator.String{values.CheckedBy("be a length of time such as 24h", values.CheckLifetime)},
			},
			"recipients": schema.SetAttribute{
				MarkdownDescription: "Public keys of those who may read the secret: age recipients (`age1…`) or SSH public keys (`ssh-ed25519 …`, `ssh-rsa …`).",
				ElementType:         types.StringType,
				Optional:            true,
				Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(values.CheckedBy("be a public key", checkRecipient))},
			},
			"encrypted_secret": schema.StringAttribute{
				MarkdownDescription: "The secret, encrypted for `recipients`: `terraform output -raw NAME | age -d -i KEYFILE` shows it.",
				Computed:            true,
			},
			"secret_in_state": schema.BoolAttribute{
				MarkdownDescription: "Whether to store the secret in `secret`, and so in state. Everyone who can read the state can use it.",
				Optional:            true,
				Computed:            true,
				Default:             booldefault.StaticBool(false),
			},
			"secret": schema.StringAttribute{
				MarkdownDescription: "The secret, if `secret_in_state` is `true`.",
				Computed:            true,
				Sensitive:           true,
			},
			"current_token_id": schema.StringAttribute{
				MarkdownDescription: "Id that the token has now.",
				Computed:            true,
			},
			"full_token_id": schema.StringAttribute{
				MarkdownDescription: "The same with its user, `name@realm!token`, as clients and ACL entries write it.",
				Computed:            true,
			},
			"previous": schema.SingleNestedAttribute{
				MarkdownDescription: "The token before the last rotation, as long as PVE has it.",
				Computed:            true,
				Attributes:          previousAttributes(),
			},
			"rotation_due": schema.BoolAttribute{
				MarkdownDescription: "Whether the last refresh found the token due for rotation.",
				Computed:            true,
			},
			"accepted_risks":        acceptedPrivileges(),
			"effective_permissions": effectiveAttribute("the token"),
			"findings":              accessFindingsAttribute(),
		},
		Blocks: map[string]schema.Block{
			"grant": schema.SetNestedBlock{
				MarkdownDescription: "An entry of the access control list for the token. It narrows the user's rights and never widens them. Entries that no block names are removed.",
				NestedObject:        schema.NestedBlockObject{Attributes: tokenGrantAttributes()},
			},
			"timeouts": timeouts.Block(ctx, session.AllTimeouts),
		},
	}
}

func tokenGrantAttributes() map[string]schema.Attribute {
	attributes := grantAttributes()
	attributes["role"] = schema.StringAttribute{
		MarkdownDescription: "Role granted on the path; it must exist.",
		Required:            true,
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
	}
	return attributes
}

// checkRotatingTokenID leaves room for the number that a rotation adds.
func checkRotatingTokenID(id string) error {
	if err := proxmox.ValidateTokenID(id); err != nil {
		return err
	}
	if len(id) > 58 {
		return fmt.Errorf("token id %q has %d characters; 58 leave room for the number that a rotation adds", id, len(id))
	}
	return nil
}

// previousAttributes describes previous.
func previousAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"token_id":   schema.StringAttribute{MarkdownDescription: "Its id.", Computed: true},
		"expires_at": schema.StringAttribute{MarkdownDescription: "When it stops working.", Computed: true},
	}
}
