package access

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/memo"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// What memos of users and tokens are about, and what PVE says of it. Everything that a reading puts into state comes
// from what is said.

var (
	_ memo.Resource = (*restrictedUserResource)(nil)
	_ memo.Resource = (*apiTokenResource)(nil)
)

// userAbout is what a reading of a user asks, and by what it sorts the answer.
type userAbout struct {
	User     proxmox.UserID
	Role     string            `json:",omitempty"` // the managed one
	Grants   []proxmox.Grant   `json:",omitempty"` // the user's own, which explain what it may do
	Additive []string          `json:",omitempty"` // the listed groups, with additive membership
	External []string          `json:",omitempty"` // tokens that are managed elsewhere
	Accepted map[string]string `json:",omitempty"`
}

type userSaid struct {
	Principal proxmox.Principal
	Powers    saidPowers
}

// saidPowers is what somebody may do and what follows from it.
type saidPowers struct {
	Paths    map[string]saidPath
	Findings []saidFinding
}

type saidPath struct{ Privileges, ThisPathOnly, Extra []string }

type saidFinding struct {
	ID, Severity, Example, Accepted string
	PrivilegesHeld                  []string
}

// said is a review as a reading puts it into state. It is silent where everything is accepted, and every acceptance is
// needed.
func (r accessReview) said(explained func(proxmox.Source) bool, accepted map[string]string) (powers saidPowers, silent bool) {
	powers, silent = saidPowers{Paths: map[string]saidPath{}}, true
	for at, rights := range r.rights(explained) {
		powers.Paths[at] = saidPath{memo.Sorted(rights.privileges), memo.Sorted(rights.thisPathOnly), append([]string{}, rights.extra...)}
	}
	for _, f := range r.findings {
		reason, ok := accepted[f.ID]
		silent = silent && ok
		powers.Findings = append(powers.Findings, saidFinding{f.ID, string(f.Severity), f.Witness, reason, append([]string{}, r.holds[f.ID]...)})
	}
	return powers, silent && len(r.unneeded(accepted)) == 0
}

// allPlaces tells that PVE has every pool and storage that grants are on.
func allPlaces(ctx context.Context, pve *proxmox.Client, grants []proxmox.Grant) bool {
	missing, err := pve.MissingPlaces(ctx, grants)
	return err == nil && len(missing) == 0
}

// saidIn is the same out of effective_permissions and findings.
func saidIn(ctx context.Context, effective types.Map, findings types.List, diags *diag.Diagnostics) saidPowers {
	powers := saidPowers{Paths: map[string]saidPath{}}
	paths := map[string]effectiveModel{}
	diags.Append(effective.ElementsAs(ctx, &paths, false)...)
	for at, model := range paths {
		extra := append([]string{}, values.StringsInList(ctx, model.Extra, diags)...)
		powers.Paths[at] = saidPath{memo.Sorted(values.StringsInSet(ctx, model.Privileges, diags)), memo.Sorted(values.StringsInSet(ctx, model.ThisPathOnly, diags)), extra}
	}
	var models []accessFindingModel
	diags.Append(findings.ElementsAs(ctx, &models, false)...)
	for _, m := range models {
		powers.Findings = append(powers.Findings, saidFinding{m.ID.ValueString(), m.Severity.ValueString(), m.Example.ValueString(), m.Accepted.ValueString(),
			append([]string{}, values.StringsInList(ctx, m.PrivilegesHeld, diags)...)})
	}
	return powers
}

// remember leaves a memo of a user that was written or read. It leaves none where something is not known of it, or
// where it has a timeout of its own.
func (m *restrictedUserModel) remember(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	// A secret in state is tried by every refresh, and a memo holds none.
	if !m.Timeouts.IsNull() || m.Effective.IsNull() || m.Findings.IsNull() || m.Tokens.IsNull() || len(m.TokenSecrets.Elements()) > 0 {
		memo.Drop(ctx, private, diags)
		return
	}
	p := m.principal(ctx, diags)
	about := userAbout{User: p.UserID, Role: m.managedRole(ctx, diags), Grants: p.Normal().Grants, External: memo.Sorted(values.StringsInSet(ctx, m.ExternalTokens, diags)),
		Accepted: values.AcceptedRisks(ctx, m.AcceptedRisks, diags)}
	if m.GroupMembership.ValueString() == membershipAdditive {
		about.Additive = memo.Sorted(p.Groups)
	}
	memo.Write(ctx, private, about, userSaid{p.Normal(), saidIn(ctx, m.Effective, m.Findings, diags)}, diags)
}

// Recall asks PVE for a user and for what it may do.
func (r *restrictedUserResource) Recall(ctx context.Context, shared *session.Clients, question []byte) (said any, silent bool) {
	var about userAbout
	pve, err := shared.PVE()
	if err != nil || json.Unmarshal(question, &about) != nil {
		return nil, false
	}
	p, err := pve.ReadPrincipal(ctx, about.User, about.Role)
	if err != nil || p == nil {
		return nil, false
	}
	review, err := reviewAccess(ctx, pve, about.User, string(about.User), nil)
	if err != nil {
		return nil, false
	}
	own := *p
	own.Tokens = ownTokens(p.Tokens, about.External, time.Now())
	if about.Additive != nil {
		own.Groups = ownGroups(p.Groups, membershipAdditive, about.Additive)
	}
	own = own.Normal()
	powers, silent := review.said(grantsExplain(map[string][]proxmox.Grant{string(about.User): about.Grants}), about.Accepted)
	return userSaid{own, powers}, silent && allPlaces(ctx, pve, allGrants(own)) && len(pve.CheckPrincipal(ctx, own)) == 0 && len(nodesWithoutAccount(ctx, shared, about.User)) == 0
}

// tokenAbout is what a reading of a token asks, and by what it sorts the answer.
type tokenAbout struct {
	User         proxmox.UserID
	ID           string
	Token        string            // its id now
	Previous     string            `json:",omitempty"`
	Grants       []proxmox.Grant   `json:",omitempty"`
	RotateBefore string            `json:",omitempty"`
	Accepted     map[string]string `json:",omitempty"`
}

type tokenSaid struct {
	Token    proxmox.Token
	Previous int64 // when the one before it ends
	Powers   saidPowers
}

// remember leaves a memo of a token that was written or read. It leaves none where something is not known of it, where
// it is due for rotation, or where it has a timeout of its own.
func (m *apiTokenModel) remember(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics) {
	if !m.Timeouts.IsNull() || m.Effective.IsNull() || m.Findings.IsNull() || m.RotationDue.ValueBool() || m.Secret.ValueString() != "" {
		memo.Drop(ctx, private, diags)
		return
	}
	token := m.token(ctx, diags).Normal()
	about := tokenAbout{User: m.user(), ID: m.TokenID.ValueString(), Token: m.current(), Grants: token.Grants, RotateBefore: m.RotateBefore.ValueString(),
		Accepted: values.AcceptedRisks(ctx, m.AcceptedRisks, diags)}
	said := tokenSaid{Token: token, Powers: saidIn(ctx, m.Effective, m.Findings, diags)}
	if previous := m.previousToken(ctx, diags); previous != nil {
		about.Previous, said.Previous = previous.TokenID.ValueString(), values.UnixTime(previous.ExpiresAt)
	}
	memo.Write(ctx, private, about, said, diags)
}

// Recall asks PVE for a token, for the one before it, and for what the token may do.
func (r *apiTokenResource) Recall(ctx context.Context, shared *session.Clients, question []byte) (said any, silent bool) {
	var about tokenAbout
	pve, err := shared.PVE()
	if err != nil || json.Unmarshal(question, &about) != nil {
		return nil, false
	}
	token, err := pve.ReadToken(ctx, about.User, about.Token)
	if err != nil || token == nil {
		return nil, false
	}
	now := tokenSaid{Token: token.Normal()}
	if about.Previous != "" {
		before, err := pve.ReadToken(ctx, about.User, about.Previous)
		if err != nil || before == nil {
			return nil, false
		}
		now.Previous = before.Expire
	}
	authID := about.User.Token(about.Token)
	review, err := reviewAccess(ctx, pve, about.User, authID, nil)
	if err != nil {
		return nil, false
	}
	now.Powers, silent = review.said(grantsExplain(map[string][]proxmox.Grant{authID: about.Grants}), about.Accepted)
	due := dueAt(types.StringValue(about.RotateBefore), now.Token.Expire, time.Now())
	planned := proxmox.Principal{UserID: about.User, Tokens: map[string]proxmox.Token{about.ID: now.Token}}
	ended := now.Token.Expire != 0 && now.Token.Expire <= shared.Now().Unix()
	return now, silent && !due && !ended && allPlaces(ctx, pve, now.Token.Grants) && len(pve.CheckPrincipal(ctx, planned)) == 0
}
