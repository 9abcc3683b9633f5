package access

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// tokenModel is one of the tokens of a restricted user.
type tokenModel struct {
	Comment             types.String `tfsdk:"comment"`
	ExpiresAt           types.String `tfsdk:"expires_at"`
	ExpiresIn           types.String `tfsdk:"expires_in"`
	NeverExpires        types.Bool   `tfsdk:"never_expires"`
	PrivilegeSeparation types.Bool   `tfsdk:"privilege_separation"`
	Grants              types.Set    `tfsdk:"grants"`
}

var tokenType = values.ObjectTypeOf(tokenAttributes())

// token resolves what the configuration leaves out: privilege separation is on, and a separated token gets the user's own grants, since it
// would be powerless without any.
func (t tokenModel) token(ctx context.Context, userGrants []proxmox.Grant, managed string, diags *diag.Diagnostics) proxmox.Token {
	var own []proxmox.Grant
	if !t.Grants.IsNull() {
		own = grantsOf(ctx, t.Grants, managed, diags)
	}
	return t.resolved(!t.Grants.IsNull(), own, userGrants)
}

// resolved is token where its own grants, given or left out, are known.
func (t tokenModel) resolved(given bool, own, userGrants []proxmox.Grant) proxmox.Token {
	token := proxmox.Token{
		Comment:             t.Comment.ValueString(),
		Expire:              values.UnixTime(t.ExpiresAt),
		PrivilegeSeparation: t.PrivilegeSeparation.IsNull() || t.PrivilegeSeparation.ValueBool(),
	}
	switch {
	case given:
		token.Grants = own
	case token.PrivilegeSeparation:
		token.Grants = userGrants
	}
	return token
}

// ownTokens are the tokens that the user's resource answers for: not those that the configuration says are managed elsewhere, and not those of
// a run that is under way.
func (m *restrictedUserModel) ownTokens(ctx context.Context, found map[string]proxmox.Token, diags *diag.Diagnostics) map[string]proxmox.Token {
	return ownTokens(found, values.StringsInSet(ctx, m.ExternalTokens, diags), time.Now())
}

func ownTokens(found map[string]proxmox.Token, external []string, now time.Time) map[string]proxmox.Token {
	own := map[string]proxmox.Token{}
	for id, token := range found {
		if !slices.Contains(external, id) && !ephemeralToken(id, token, now) {
			own[id] = token
		}
	}
	return own
}

// ownGroups are the groups that the resource answers for: all that the user is in, or with additive membership those that are configured.
func (m *restrictedUserModel) ownGroups(ctx context.Context, found []string, diags *diag.Diagnostics) types.Set {
	return values.StringSet(ownGroups(found, m.GroupMembership.ValueString(), values.StringsInSet(ctx, m.Groups, diags)))
}

func ownGroups(found []string, membership string, listed []string) []string {
	if membership != membershipAdditive {
		return found
	}
	return slices.DeleteFunc(slices.Clone(found), func(group string) bool { return !slices.Contains(listed, group) })
}

func tokenMap(ctx context.Context, known map[string]tokenModel, found *proxmox.Principal, recorded []proxmox.Grant, managed string, diags *diag.Diagnostics) types.Map {
	models := map[string]tokenModel{}
	for id, token := range found.Tokens {
		model, recordedToken := known[id]
		model.Comment = values.KeepString(model.Comment, token.Comment)
		model.ExpiresAt = values.TimeString(model.ExpiresAt, token.Expire)
		if !recordedToken && token.Expire == 0 {
			model.NeverExpires = types.BoolValue(true)
		}
		model.PrivilegeSeparation = values.KeepBool(model.PrivilegeSeparation, token.PrivilegeSeparation, true)
		inherited := recordedToken && model.Grants.IsNull()
		expected := recorded
		if !token.PrivilegeSeparation {
			expected = nil
		}
		switch {
		case inherited && sameGrants(expected, token.Grants):
			model.Grants = types.SetNull(grantType)
		case !recordedToken && sameGrants(found.Grants, token.Grants) && token.PrivilegeSeparation:
			model.Grants = types.SetNull(grantType)
		case !recordedToken && len(token.Grants) == 0 && !token.PrivilegeSeparation:
			model.Grants = types.SetNull(grantType)
		default:
			model.Grants = grantSet(ctx, model.Grants, token.Grants, managed, diags)
		}
		models[id] = model
	}
	value, problems := types.MapValueFrom(ctx, tokenType, models)
	diags.Append(problems...)
	return value
}

// keepSecrets drops the secrets of tokens that are gone.
func keepSecrets(secrets types.Map, tokens map[string]proxmox.Token) types.Map {
	kept := map[string]attr.Value{}
	for id, secret := range secrets.Elements() {
		if _, exists := tokens[id]; exists {
			kept[id] = secret
		}
	}
	return types.MapValueMust(types.StringType, kept)
}

// expiries are the points in time, in Unix seconds by token id, at which tokens with expires_in are to expire. State cannot keep them: a refresh
// replaces expires_at by what PVE has.
type expiries map[string]int64

// planExpiry fills in expires_at where expires_in says when: as it was computed when the token was written, or unknown for a token that is new or
// has another expires_in.
func planExpiry(plan, config, state *restrictedUserModel, computed expiries, diags *diag.Diagnostics) {
	if plan.Tokens.IsUnknown() || config.Tokens.IsNull() || config.Tokens.IsUnknown() {
		return
	}
	planned := map[string]attr.Value{}
	for id, value := range config.Tokens.Elements() {
		object, ok := value.(types.Object)
		if !ok || object.IsUnknown() || object.IsNull() {
			planned[id] = value
			continue
		}
		attributes := object.Attributes()
		if in, _ := attributes["expires_in"].(types.String); !in.IsNull() {
			attributes["expires_at"] = types.StringUnknown()
			if before := state.token(id); before != nil && before.ExpiresIn.Equal(in) && computed[id] != 0 {
				attributes["expires_at"] = values.TimeString(before.ExpiresAt, computed[id])
			}
		}
		object, problems := types.ObjectValue(tokenType.AttrTypes, attributes)
		diags.Append(problems...)
		planned[id] = object
	}
	value, problems := types.MapValue(tokenType, planned)
	diags.Append(problems...)
	plan.Tokens = value
}

// computeExpiry replaces what planExpiry left unknown, and returns what is to be remembered of all tokens with expires_in.
func computeExpiry(ctx context.Context, plan *restrictedUserModel, diags *diag.Diagnostics) expiries {
	computed := expiries{}
	models := map[string]tokenModel{}
	diags.Append(values.PresentInMap(plan.Tokens).ElementsAs(ctx, &models, false)...)
	for id, model := range models {
		if model.ExpiresIn.IsNull() {
			continue
		}
		if model.ExpiresAt.IsUnknown() {
			model.ExpiresAt = values.TimeValue(values.ExpiryAfter(model.ExpiresIn).Unix())
			models[id] = model
		}
		computed[id] = values.UnixTime(model.ExpiresAt)
	}
	value, problems := types.MapValueFrom(ctx, tokenType, models)
	diags.Append(problems...)
	plan.Tokens = value
	return computed
}

// token is the recorded token of that id, nil for none.
func (m *restrictedUserModel) token(id string) *tokenModel {
	if m == nil {
		return nil
	}
	object, ok := m.Tokens.Elements()[id].(types.Object)
	if !ok {
		return nil
	}
	var token tokenModel
	if object.As(context.Background(), &token, basetypes.ObjectAsOptions{}).HasError() {
		return nil
	}
	return &token
}

const expiryKey = "expiry"

// readExpiries is empty for a resource that was imported, or written before there was anything to remember.
func readExpiries(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) expiries {
	computed := expiries{}
	text, problems := private.GetKey(ctx, expiryKey)
	diags.Append(problems...)
	if len(text) == 0 {
		return computed
	}
	if err := json.Unmarshal(text, &computed); err != nil {
		diags.AddWarning("Recorded expiry not readable", "The expiry of tokens is computed again: "+err.Error())
	}
	return computed
}

func (e expiries) write(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	text, err := json.Marshal(e)
	if err != nil {
		diags.AddError("Unable to record the expiry of tokens", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, expiryKey, text)...)
}
