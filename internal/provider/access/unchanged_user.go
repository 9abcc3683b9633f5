package access

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// recordedUser is a pvesec_restricted_user as state records it.
type recordedUser struct {
	proxmox.Principal
	state    plain
	expiries expiries // of tokens with expires_in, from private state
}

// complete are the attributes that every state has which a refresh or an apply wrote.
var complete = []string{"user_id", "comment", "email", "first_name", "last_name", "enabled", "groups", "group_membership", "grants", "tokens",
	"secret_in_state", "token_secrets", "effective_permissions", "findings"}

// recorded reads a state with its private part; false where it is not the whole of a user, such as after an import or an interrupted run.
func recorded(state plain, private []byte) (recordedUser, bool) {
	for _, name := range complete {
		if state[name] == nil {
			return recordedUser{}, false
		}
	}
	user := recordedUser{state: state, Principal: proxmox.Principal{
		UserID: proxmox.UserID(state.text("user_id")), Comment: state.text("comment"), Email: state.text("email"),
		FirstName: state.text("first_name"), LastName: state.text("last_name"), Enabled: state["enabled"] == true,
		Expire: values.UnixTime(types.StringValue(state.text("expires_at"))), Groups: state.texts("groups"), Tokens: map[string]proxmox.Token{}}}
	var ok bool
	if user.expiries, ok = readPrivate(private); !ok {
		return recordedUser{}, false
	}
	if role := state.object("role"); role != nil {
		user.Role = &proxmox.Role{ID: role.text("name"), Privileges: role.texts("privileges")}
	}
	user.Grants = plainGrants(state.list("grants"), user.managedRole())
	for id, entry := range state.object("tokens") {
		token, ok := entry.(map[string]any)
		if !ok {
			return recordedUser{}, false
		}
		fields := plain(token)
		model := tokenModel{Comment: types.StringValue(fields.text("comment")), ExpiresAt: types.StringValue(fields.text("expires_at")),
			PrivilegeSeparation: types.BoolValue(fields["privilege_separation"] != false)}
		var own []proxmox.Grant
		if fields["grants"] != nil {
			own = plainGrants(fields.list("grants"), user.managedRole())
		}
		user.Tokens[id] = model.resolved(fields["grants"] != nil, own, user.Grants)
	}
	return user, true
}

// readPrivate reads the private part of a state: the expiries that were computed. Anything else in it but an empty list of lost tokens is for
// the framework.
func readPrivate(private []byte) (expiries, bool) {
	computed := expiries{}
	if len(private) == 0 {
		return computed, true
	}
	var keys map[string][]byte
	if json.Unmarshal(private, &keys) != nil {
		return nil, false
	}
	for key, text := range keys {
		switch key {
		case expiryKey:
			if json.Unmarshal(text, &computed) != nil {
				return nil, false
			}
		case lostTokensKey:
			var lost lostTokens
			if json.Unmarshal(text, &lost) != nil || len(lost) > 0 {
				return nil, false
			}
		default:
			return nil, false
		}
	}
	return computed, true
}

func plainGrants(list []any, managed string) []proxmox.Grant {
	grants := make([]proxmox.Grant, 0, len(list))
	for _, item := range list {
		entry, _ := item.(map[string]any)
		fields := plain(entry)
		model := grantModel{Path: types.StringValue(fields.text("path")), Role: types.StringValue(fields.text("role")), Propagate: types.BoolValue(fields["propagate"] != false)}
		grants = append(grants, model.grant(managed))
	}
	return grants
}

func (u recordedUser) managedRole() string {
	if u.Role == nil {
		return ""
	}
	return u.Role.ID
}

// is tells whether PVE holds exactly what is recorded, as far as the resource answers for it.
func (u recordedUser) is(holds proxmox.Principal) bool {
	holds.Tokens = ownTokens(holds.Tokens, u.state.texts("external_tokens"), time.Now())
	holds.Groups = ownGroups(holds.Groups, u.state.text("group_membership"), u.Groups)
	for id := range u.state.object("token_secrets") {
		if _, exists := holds.Tokens[id]; !exists {
			return false
		}
	}
	return u.Equal(holds)
}

// reviewed tells whether a review says what is recorded.
func (u recordedUser) reviewed(review accessReview) bool {
	effective := review.rights(grantsExplain(map[string][]proxmox.Grant{string(u.UserID): u.Grants}))
	record := u.state.object("effective_permissions")
	if len(record) != len(effective) {
		return false
	}
	for path, rights := range effective {
		here := record.object(path)
		if here == nil || !sameTexts(here.texts("privileges"), rights.privileges) || !sameTexts(here.texts("this_path_only"), rights.thisPathOnly) ||
			!slices.Equal(here.texts("extra"), rights.extra) {
			return false
		}
	}
	findings := u.state.list("findings")
	if len(findings) != len(review.findings) {
		return false
	}
	accepted := u.state.object("accepted_risks")
	for i, finding := range review.findings {
		entry, _ := findings[i].(map[string]any)
		have := plain(entry)
		if have.text("id") != finding.ID || have.text("severity") != string(finding.Severity) || have.text("why") != finding.Why ||
			have.text("example") != finding.Witness || have.text("fix") != finding.Fix || have["accepted"] != accepted[finding.ID] ||
			!slices.Equal(have.texts("privileges_held"), review.holds[finding.ID]) {
			return false
		}
	}
	return true
}

// keepsTokens tells whether the tokens of a configuration are those recorded, expiry included.
func (u recordedUser) keepsTokens(config map[string]any) bool {
	tokens := u.state.object("tokens")
	if len(config) != len(tokens) {
		return false
	}
	for id, entry := range config {
		wanted, ok := entry.(map[string]any)
		if !ok {
			return false
		}
		have, want := maps.Clone(map[string]any(tokens.object(id))), maps.Clone(wanted)
		if want["expires_in"] != nil {
			if want["expires_at"] != nil || u.expiries[id] == 0 || u.expiries[id] != u.Tokens[id].Expire {
				return false
			}
			delete(have, "expires_at")
			delete(want, "expires_at")
		}
		if !samePlain(have, want) {
			return false
		}
	}
	return true
}
