package access

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// planRotation plans everything that a new secret brings with it, or that nothing of it happens.
func planRotation(ctx context.Context, plan, config, state *apiTokenModel, computed expiries, diags *diag.Diagnostics) (rotates bool) {
	plan.RotationDue = types.BoolValue(false)
	rotates = state != nil && plan.rotates(state)
	plan.planExpiry(config, state, rotates, computed)
	switch {
	case state == nil:
		plan.Previous = types.ObjectNull(previousType.AttrTypes)
		plan.CurrentTokenID, plan.FullTokenID = plan.TokenID, types.StringUnknown()
		if !plan.UserID.IsUnknown() && !plan.TokenID.IsUnknown() {
			plan.name(plan.TokenID.ValueString())
		}
		plan.planNewSecret()
	case rotates && plan.Rotation.ValueString() == rotationInPlace:
		plan.name(state.current())
		plan.Previous = state.Previous
		plan.planNewSecret()
	case rotates:
		plan.name(successor(plan.TokenID.ValueString(), state.current()))
		plan.Previous = previousValue(state.current(), types.StringUnknown())
		plan.planNewSecret()
	default:
		plan.name(state.current())
		plan.Previous = state.Previous
		if previous := state.previousToken(ctx, diags); previous != nil && computed[previous.TokenID.ValueString()] != 0 {
			plan.Previous = previousValue(previous.TokenID.ValueString(), values.TimeString(previous.ExpiresAt, computed[previous.TokenID.ValueString()]))
		}
		plan.keepSecret(state, diags)
	}
	return rotates
}

// planPrevious plans what becomes of the token before the last rotation when the resource changes: it goes once its
// time is over, which the apply tells if that is not yet so.
func (m *apiTokenModel) planPrevious(ctx context.Context, state *apiTokenModel, now time.Time, diags *diag.Diagnostics) {
	previous := state.previousToken(ctx, diags)
	switch {
	case previous == nil:
	case previous.over(now):
		m.Previous = types.ObjectNull(previousType.AttrTypes)
	default:
		m.Previous = types.ObjectUnknown(previousType.AttrTypes)
	}
}

// over tells whether the token has come to its end.
func (p previousModel) over(now time.Time) bool {
	end := values.UnixTime(p.ExpiresAt)
	return end != 0 && end <= now.Unix()
}

// planExpiry fills in expires_at as planExpiry of a user's tokens does.
func (m *apiTokenModel) planExpiry(config, state *apiTokenModel, rotates bool, computed expiries) {
	m.ExpiresAt = config.ExpiresAt
	switch {
	case config.NeverExpires.IsUnknown() || config.ExpiresIn.IsUnknown():
		m.ExpiresAt = types.StringUnknown()
	case config.ExpiresIn.IsNull():
	case state == nil || rotates || !state.ExpiresIn.Equal(config.ExpiresIn) || computed[state.current()] == 0:
		m.ExpiresAt = types.StringUnknown()
	default:
		m.ExpiresAt = values.TimeString(state.ExpiresAt, computed[state.current()])
	}
}

// planNewSecret plans a secret that the apply will bring.
func (m *apiTokenModel) planNewSecret() {
	m.Secret, m.EncryptedSecret = types.StringUnknown(), types.StringUnknown()
	if !m.SecretInState.IsUnknown() && !m.SecretInState.ValueBool() {
		m.Secret = types.StringNull()
	}
	if m.Recipients.IsNull() {
		m.EncryptedSecret = types.StringNull()
	}
}

// rotates tells whether a plan gives the token another secret.
func (m *apiTokenModel) rotates(state *apiTokenModel) bool {
	return !m.RotationID.Equal(state.RotationID) || state.RotationDue.ValueBool()
}

// lostValue says that a secret that the configuration asks for is not known any more.
const lostValue = "PVE tells a secret only once, and this one was not kept. Change rotation_id too, which gives the token a new one."

// asksForLostSecret is the attribute that asks, of a token that does not rotate, for a secret that nobody kept; empty
// for none.
func (m *apiTokenModel) asksForLostSecret(state *apiTokenModel) string {
	switch {
	case !state.Secret.IsNull():
		return ""
	case m.SecretInState.ValueBool():
		return "secret_in_state"
	case !m.Recipients.IsNull() && !m.Recipients.IsUnknown() && !m.Recipients.Equal(state.Recipients):
		return "recipients"
	}
	return ""
}

// keepSecret plans the secret of a token that does not rotate: what the configuration newly asks for is made of what is
// known. What is not known is warned of, and refused by the apply: a destroy plans this too.
func (m *apiTokenModel) keepSecret(state *apiTokenModel, diags *diag.Diagnostics) {
	m.Secret, m.EncryptedSecret = state.Secret, state.EncryptedSecret
	if name := m.asksForLostSecret(state); name != "" {
		diags.AddAttributeWarning(path.Root(name), "Unable to recover the secret", lostValue+"\n\nThe plan goes on, since Terraform makes it before a destroy too. An apply is refused.")
	}
	switch {
	case m.SecretInState.IsUnknown():
		m.Secret = types.StringUnknown()
	case !m.SecretInState.ValueBool():
		m.Secret = types.StringNull()
	case state.Secret.IsNull():
		m.Secret = types.StringUnknown()
	}
	switch {
	case m.Recipients.IsUnknown():
		m.EncryptedSecret = types.StringUnknown()
	case m.Recipients.IsNull():
		m.EncryptedSecret = types.StringNull()
	case m.Recipients.Equal(state.Recipients):
	default:
		m.EncryptedSecret = types.StringUnknown()
	}
}
