package access

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// apiTokenModel is pvesec_api_token in configuration, plan and state.
type apiTokenModel struct {
	UserID              types.String   `tfsdk:"user_id"`
	TokenID             types.String   `tfsdk:"token_id"`
	Comment             types.String   `tfsdk:"comment"`
	ExpiresAt           types.String   `tfsdk:"expires_at"`
	ExpiresIn           types.String   `tfsdk:"expires_in"`
	NeverExpires        types.Bool     `tfsdk:"never_expires"`
	PrivilegeSeparation types.Bool     `tfsdk:"privilege_separation"`
	Grants              types.Set      `tfsdk:"grant"`
	RotationID          types.String   `tfsdk:"rotation_id"`
	RotateBefore        types.String   `tfsdk:"rotate_before"`
	Rotation            types.String   `tfsdk:"rotation"`
	Overlap             types.String   `tfsdk:"overlap"`
	RotationDue         types.Bool     `tfsdk:"rotation_due"`
	Recipients          types.Set      `tfsdk:"recipients"`
	EncryptedSecret     types.String   `tfsdk:"encrypted_secret"`
	SecretInState       types.Bool     `tfsdk:"secret_in_state"`
	Secret              types.String   `tfsdk:"secret"`
	CurrentTokenID      types.String   `tfsdk:"current_token_id"`
	FullTokenID         types.String   `tfsdk:"full_token_id"`
	Previous            types.Object   `tfsdk:"previous"`
	AcceptedRisks       types.Map      `tfsdk:"accepted_risks"`
	Effective           types.Map      `tfsdk:"effective_permissions"`
	Findings            types.List     `tfsdk:"findings"`
	Timeouts            timeouts.Value `tfsdk:"timeouts"`
}

// previousModel is the token that was current before the last rotation.
type previousModel struct {
	TokenID   types.String `tfsdk:"token_id"`
	ExpiresAt types.String `tfsdk:"expires_at"`
}

var previousType = values.ObjectTypeOf(previousAttributes())

func (m *apiTokenModel) user() proxmox.UserID { return proxmox.UserID(m.UserID.ValueString()) }

// current is the id that the token has now.
func (m *apiTokenModel) current() string { return m.CurrentTokenID.ValueString() }

// token is the model as package proxmox needs it.
func (m *apiTokenModel) token(ctx context.Context, diags *diag.Diagnostics) proxmox.Token {
	return proxmox.Token{
		Comment:             m.Comment.ValueString(),
		Expire:              values.UnixTime(m.ExpiresAt),
		PrivilegeSeparation: m.PrivilegeSeparation.ValueBool(),
		Grants:              grantsOf(ctx, m.Grants, "", diags),
	}
}

// principal is the token as part of its user, for checks that are about users.
func (m *apiTokenModel) principal(ctx context.Context, diags *diag.Diagnostics) proxmox.Principal {
	return proxmox.Principal{UserID: m.user(), Tokens: map[string]proxmox.Token{m.TokenID.ValueString(): m.token(ctx, diags)}}
}

// take writes what PVE has into the model.
func (m *apiTokenModel) take(ctx context.Context, found proxmox.Token, diags *diag.Diagnostics) {
	m.Comment = values.Comment(m.Comment, found.Comment)
	m.ExpiresAt = values.TimeString(m.ExpiresAt, found.Expire)
	m.PrivilegeSeparation = types.BoolValue(found.PrivilegeSeparation)
	m.Grants = grantSet(ctx, m.Grants, found.Grants, "", diags)
}

func (m *apiTokenModel) name(current string) {
	m.CurrentTokenID = types.StringValue(current)
	m.FullTokenID = types.StringValue(m.user().Token(current))
}

// previousToken is the token before the last rotation, nil for none.
func (m *apiTokenModel) previousToken(ctx context.Context, diags *diag.Diagnostics) *previousModel {
	if m.Previous.IsNull() || m.Previous.IsUnknown() {
		return nil
	}
	var previous previousModel
	diags.Append(m.Previous.As(ctx, &previous, basetypes.ObjectAsOptions{})...)
	return &previous
}

func previousValue(id string, expiresAt types.String) types.Object {
	return types.ObjectValueMust(previousType.AttrTypes, map[string]attr.Value{"token_id": types.StringValue(id), "expires_at": expiresAt})
}

// recordSecret keeps a secret where the configuration wants it, and nowhere else.
func (m *apiTokenModel) recordSecret(ctx context.Context, secret string, diags *diag.Diagnostics) {
	m.Secret, m.EncryptedSecret = types.StringNull(), types.StringNull()
	if m.SecretInState.ValueBool() {
		m.Secret = types.StringValue(secret)
	}
	if recipients := values.StringsInSet(ctx, m.Recipients, diags); len(recipients) > 0 {
		text, err := encryptFor(recipients, secret)
		if err != nil {
			diags.AddError("Unable to encrypt the secret", values.UpperFirst(err.Error()))
			return
		}
		m.EncryptedSecret = types.StringValue(text)
	}
}

// successor is the id after one that token_id began with: ci, ci-2, ci-3.
func successor(tokenID, current string) string {
	return fmt.Sprintf("%s-%d", tokenID, generation(tokenID, current)+1)
}

// generation is the number of a token id among those that a rotation gives, 1 for the first, 0 for one that is none of
// them.
func generation(tokenID, id string) int {
	if id == tokenID {
		return 1
	}
	suffix, ok := strings.CutPrefix(id, tokenID+"-")
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(suffix)
	if err != nil || n < 2 || strconv.Itoa(n) != suffix {
		return 0
	}
	return n
}

// dueAt tells whether a token that expires then is to be rotated now.
func (m *apiTokenModel) dueAt(now time.Time) bool {
	return dueAt(m.RotateBefore, values.UnixTime(m.ExpiresAt), now)
}

func dueAt(rotateBefore types.String, expire int64, now time.Time) bool {
	before := values.Lifetime(rotateBefore)
	return before != 0 && expire != 0 && !now.Add(before).Before(time.Unix(expire, 0))
}
