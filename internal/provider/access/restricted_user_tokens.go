package access

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// tokenModel is a block token of a restricted user.
type tokenModel struct {
	Name                types.String `tfsdk:"name"`
	Comment             types.String `tfsdk:"comment"`
	ExpiresAt           types.String `tfsdk:"expires_at"`
	ExpiresIn           types.String `tfsdk:"expires_in"`
	NeverExpires        types.Bool   `tfsdk:"never_expires"`
	PrivilegeSeparation types.Bool   `tfsdk:"privilege_separation"`
	InheritGrants       types.Bool   `tfsdk:"inherit_grants"`
	Grants              types.Set    `tfsdk:"grant"`
}

// tokenReadModel is an entry of tokens: what is known of a token and not written.
type tokenReadModel struct {
	FullTokenID types.String `tfsdk:"full_token_id"`
	ExpiresAt   types.String `tfsdk:"expires_at"`
}

// The types of token and of an entry of tokens.
var (
	tokenType     = tokenBlockType()
	tokenReadType = values.ObjectTypeOf(tokenReadAttributes())
)

func tokenBlockType() types.ObjectType {
	block := values.ObjectTypeOf(tokenAttributes())
	block.AttrTypes["grant"] = types.SetType{ElemType: grantType}
	return block
}

// tokenBlocks are the blocks by name. It leaves out those whose names are not known yet.
func (m *restrictedUserModel) tokenBlocks(ctx context.Context, diags *diag.Diagnostics) map[string]tokenModel {
	byName := map[string]tokenModel{}
	if m == nil {
		return byName
	}
	for _, element := range m.TokenBlocks.Elements() {
		object, ok := element.(types.Object)
		if !ok || object.IsNull() || object.IsUnknown() {
			continue
		}
		var token tokenModel
		diags.Append(object.As(ctx, &token, basetypes.ObjectAsOptions{})...)
		if !token.Name.IsUnknown() {
			byName[token.Name.ValueString()] = token
		}
	}
	return byName
}

// token is the block of that name, nil for none.
func (m *restrictedUserModel) token(ctx context.Context, id string, diags *diag.Diagnostics) *tokenModel {
	token, ok := m.tokenBlocks(ctx, diags)[id]
	if !ok {
		return nil
	}
	return &token
}

// recordedEnd is when a token ends, as tokens has it.
func (m *restrictedUserModel) recordedEnd(id string) types.String {
	if object, ok := m.Tokens.Elements()[id].(types.Object); ok {
		if at, ok := object.Attributes()["expires_at"].(types.String); ok {
			return at
		}
	}
	return types.StringNull()
}

// ends is when a token ends, in Unix seconds: as it is written or, with expires_in, as it was computed.
func (m *restrictedUserModel) ends(token tokenModel) int64 {
	if token.ExpiresIn.IsNull() {
		return values.UnixTime(token.ExpiresAt)
	}
	return values.UnixTime(m.recordedEnd(token.Name.ValueString()))
}

// inherits tells that a token has the grants of its user.
func (t tokenModel) inherits() bool {
	return len(t.Grants.Elements()) == 0 && !t.Grants.IsUnknown() && values.BoolOr(t.InheritGrants, true)
}

// token resolves what the configuration leaves out: privilege separation is on, and a separated token gets the user's
// own grants, since it would be powerless without any.
func (t tokenModel) token(ctx context.Context, ends int64, userGrants []proxmox.Grant, managed string, diags *diag.Diagnostics) proxmox.Token {
	token := proxmox.Token{Comment: t.Comment.ValueString(), Expire: ends, PrivilegeSeparation: values.BoolOr(t.PrivilegeSeparation, true)}
	switch {
	case !t.inherits():
		token.Grants = grantsOf(ctx, t.Grants, managed, diags)
	case token.PrivilegeSeparation:
		token.Grants = userGrants
	}
	return token
}

// ownTokens are the tokens that the user's resource answers for: not those that the configuration says are managed
// elsewhere, and not those of a run that is under way.
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

// ownGroups are the groups that the resource answers for: all that the user is in, or with additive membership those
// that are configured.
func (m *restrictedUserModel) ownGroups(ctx context.Context, found []string, diags *diag.Diagnostics) types.Set {
	return values.StringSet(ownGroups(found, m.GroupMembership.ValueString(), values.StringsInSet(ctx, m.Groups, diags)))
}

func ownGroups(found []string, membership string, listed []string) []string {
	if membership != membershipAdditive {
		return found
	}
	return slices.DeleteFunc(slices.Clone(found), func(group string) bool { return !slices.Contains(listed, group) })
}

// takeTokens writes the tokens that PVE has into token and tokens. recorded are the user's grants as recorded, by which
// a token that inherits is judged.
func (m *restrictedUserModel) takeTokens(ctx context.Context, found *proxmox.Principal, recorded []proxmox.Grant, managed string, diags *diag.Diagnostics) {
	known := m.tokenBlocks(ctx, diags)
	blocks, read := make([]tokenModel, 0, len(found.Tokens)), map[string]tokenReadModel{}
	for _, id := range slices.Sorted(maps.Keys(found.Tokens)) {
		token := found.Tokens[id]
		model, recordedToken := known[id]
		model.Name = types.StringValue(id)
		model.Comment = values.KeepString(model.Comment, token.Comment)
		at := m.recordedEnd(id)
		if model.ExpiresIn.IsNull() {
			model.ExpiresAt = values.TimeString(model.ExpiresAt, token.Expire)
			at = model.ExpiresAt
		}
		if !recordedToken && token.Expire == 0 {
			model.NeverExpires = types.BoolValue(true)
		}
		model.PrivilegeSeparation = values.KeepBool(model.PrivilegeSeparation, token.PrivilegeSeparation, true)
		expected := recorded
		if !recordedToken {
			expected = found.Grants
		}
		if !token.PrivilegeSeparation {
			expected = nil
		}
		if model.inherits() && sameGrants(expected, token.Grants) {
			model.Grants = types.SetValueMust(grantType, []attr.Value{})
		} else {
			model.Grants = grantSet(ctx, model.Grants, token.Grants, managed, diags)
			if model.inherits() { // it has no grant and should have the user's, or somebody made it so
				model.InheritGrants = types.BoolValue(false)
			}
		}
		blocks = append(blocks, model)
		read[id] = tokenReadModel{FullTokenID: types.StringValue(found.UserID.Token(id)), ExpiresAt: values.TimeString(at, token.Expire)}
	}
	var problems diag.Diagnostics
	m.TokenBlocks, problems = types.SetValueFrom(ctx, tokenType, blocks)
	diags.Append(problems...)
	m.Tokens, problems = types.MapValueFrom(ctx, tokenReadType, read)
	diags.Append(problems...)
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

// expiries are the points in time, in Unix seconds by token id, at which tokens with expires_in are to expire. State
// cannot keep them: a refresh replaces expires_at by what PVE has.
type expiries map[string]int64

// planTokens plans tokens. A token with expires_in ends as it was computed when the token was written; when is unknown
// for one that is new or has another expires_in.
func planTokens(ctx context.Context, plan, state *restrictedUserModel, computed expiries, diags *diag.Diagnostics) {
	plan.Tokens = types.MapUnknown(tokenReadType)
	blocks := plan.tokenBlocks(ctx, diags)
	if plan.TokenBlocks.IsUnknown() || len(blocks) < len(plan.TokenBlocks.Elements()) {
		return
	}
	before := state.tokenBlocks(ctx, diags)
	planned := map[string]tokenReadModel{}
	for id, token := range blocks {
		entry := tokenReadModel{FullTokenID: types.StringUnknown(), ExpiresAt: token.ExpiresAt}
		if !plan.UserID.IsUnknown() {
			entry.FullTokenID = types.StringValue(proxmox.UserID(plan.UserID.ValueString()).Token(id))
		}
		if !token.ExpiresIn.IsNull() {
			entry.ExpiresAt = types.StringUnknown()
			if recorded, ok := before[id]; ok && recorded.ExpiresIn.Equal(token.ExpiresIn) && computed[id] != 0 {
				entry.ExpiresAt = values.TimeString(state.recordedEnd(id), computed[id])
			}
		}
		planned[id] = entry
	}
	value, problems := types.MapValueFrom(ctx, tokenReadType, planned)
	diags.Append(problems...)
	plan.Tokens = value
}

// computeExpiry fills in what planTokens left unknown, and returns what is to be remembered of all tokens with
// expires_in.
func computeExpiry(ctx context.Context, plan *restrictedUserModel, diags *diag.Diagnostics) expiries {
	computed := expiries{}
	entries := map[string]tokenReadModel{}
	diags.Append(plan.Tokens.ElementsAs(ctx, &entries, false)...)
	for id, token := range plan.tokenBlocks(ctx, diags) {
		if token.ExpiresIn.IsNull() {
			continue
		}
		entry := entries[id]
		if entry.ExpiresAt.IsUnknown() {
			entry.ExpiresAt = values.TimeValue(values.ExpiryAfter(token.ExpiresIn).Unix())
			entries[id] = entry
		}
		computed[id] = values.UnixTime(entry.ExpiresAt)
	}
	value, problems := types.MapValueFrom(ctx, tokenReadType, entries)
	diags.Append(problems...)
	plan.Tokens = value
	plan.showEnds()
	return computed
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
		diags.AddWarning("Unable to read the recorded expiry", "The expiry of tokens is computed again: "+err.Error())
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

// recordSecrets keeps the secrets of new tokens beside those known before, if the configuration asks for it.
func (m *restrictedUserModel) recordSecrets(before map[string]attr.Value, minted proxmox.Secrets) {
	secrets := map[string]attr.Value{}
	if m.SecretInState.ValueBool() {
		for id := range m.Tokens.Elements() {
			if secret, ok := before[id]; ok {
				secrets[id] = secret
			}
			if secret, ok := minted[id]; ok {
				secrets[id] = types.StringValue(secret)
			}
		}
	}
	m.TokenSecrets = types.MapValueMust(types.StringType, secrets)
}
