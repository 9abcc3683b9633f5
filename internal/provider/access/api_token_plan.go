package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// ModifyPlan decides whether the token rotates, and checks it against the server.
func (r *apiTokenResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // destroy
	}
	var plan, config apiTokenModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	var state *apiTokenModel
	if !req.State.Raw.IsNull() {
		state = &apiTokenModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	computed := readExpiries(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if state != nil && !r.sameUser(ctx, state, &plan, &resp.Diagnostics) {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("user_id"))
		state = nil
	}
	if state != nil && !plan.TokenID.Equal(state.TokenID) {
		state = nil // replaced
	}
	rotates := planRotation(ctx, &plan, &config, state, computed, &resp.Diagnostics)
	changed := state == nil || rotates || !plan.sameToken(state)
	switch overlaps := rotates && plan.Rotation.ValueString() != rotationInPlace; {
	case overlaps && readRenewed(ctx, req.Private, &resp.Diagnostics) == state.current():
		plan.Previous = types.ObjectNull(previousType.AttrTypes) // no overlap with a secret that somebody else has
	case changed && !overlaps && state != nil:
		plan.planPrevious(ctx, state, time.Now(), &resp.Diagnostics)
	}
	plan.Effective, plan.Findings = types.MapUnknown(effectiveType), types.ListUnknown(accessFindingType)
	if !resp.Diagnostics.HasError() && r.Clients != nil && plan.known() {
		c := tokenChange{state: state, changed: changed, rotates: rotates, last: values.ReadApplied(ctx, req.Private, &resp.Diagnostics)}
		r.planAccess(ctx, &plan, c, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// sameUser tells whether a plan is about a token of the user that state has, in whatever spelling, as for users.
func (r *apiTokenResource) sameUser(ctx context.Context, state, plan *apiTokenModel, diags *diag.Diagnostics) bool {
	switch {
	case plan.UserID.Equal(state.UserID):
		return true
	case plan.UserID.IsUnknown() || r.Clients == nil:
		return false
	}
	same, err := sameUserID(ctx, r.Clients, state.UserID, plan.UserID)
	if !session.PlanReached(err, path.Root("user_id"), diags) || !same {
		return false
	}
	plan.UserID = state.UserID
	return true
}

// tokenChange is what a plan does with a token.
type tokenChange struct {
	state            *apiTokenModel // nil for one that is to be created
	changed, rotates bool
	last             string // digest of what was applied last
}

// planAccess checks the planned token against the server, and fills in what follows from it. When the token changes,
// its rights stay unknown until it is written: its user, or a role, may change in the same run. Ways to root are looked
// for all the same, with the user as it is.
func (r *apiTokenResource) planAccess(ctx context.Context, plan *apiTokenModel, c tokenChange, diags *diag.Diagnostics) {
	pve, err := r.Clients.PVE()
	if !session.PlanReached(err, path.Empty(), diags) {
		return
	}
	want := plan.principal(ctx, diags)
	problems := pve.CheckPrincipal(ctx, want)
	var have *proxmox.Principal
	if c.state != nil {
		have = &proxmox.Principal{UserID: want.UserID, Tokens: map[string]proxmox.Token{plan.TokenID.ValueString(): c.state.token(ctx, diags)}}
		problems = append(problems, pve.CheckUpdate(ctx, *have, want)...)
	}
	review, owner, planned, err := r.foretell(ctx, pve, plan, diags)
	if !session.PlanReached(err, path.Empty(), diags) {
		return
	}
	name := tokenName(plan.UserID.ValueString(), plan.TokenID.ValueString())
	quiet, own, tainted := !r.Clients.Holdings().Read(name), false, false
	if c.state == nil {
		own, tainted = r.Clients.Holdings().Own(ctx, name)
	} else if owner != nil {
		// The other half of what may be granted is the user's, which is not planned here.
		current := planned
		current.Tokens = map[string]proxmox.Token{plan.current(): owner.Tokens[c.state.current()]}
		have = &current
	}
	accepted := values.AcceptedRisks(ctx, plan.AcceptedRisks, diags)
	j := judge(ctx, pve, have, planned, tainted, c.last, plan.digest(ctx, diags))
	problems, toCome := withoutMissingRoles(problems)
	if c.state == nil || !quiet {
		warnOfMissingRoles(r.Clients, toCome, tokenProblemPath, diags)
	}
	for _, problem := range problems {
		if problem.Field == "" && problem.Err != nil {
			session.PlanReached(problem.Err, path.Empty(), diags)
			continue
		}
		reportRefusal(j, diags, quiet, tokenProblemPath(problem.Field), "PVE would refuse this token", strings.TrimSpace(values.UpperFirst(problem.Msg)+"\n\n"+problem.Fix))
	}
	if c.rotates && plan.Rotation.ValueString() == rotationInPlace {
		if err := pve.CanRegenerate(ctx); errors.Is(err, proxmox.ErrNoRegenerate) {
			j.Report(diags, quiet, path.Root("rotation"), "Unable to rotate in place", values.UpperFirst(err.Error())+".\n\nSet rotation = \"overlap\"; the new token then has another name.")
		} else if !session.PlanReached(err, path.Empty(), diags) {
			return
		}
	}
	if diags.HasError() {
		return
	}
	if !c.changed {
		review.showToken(ctx, plan, diags)
		if review.open(accepted) {
			// PVE grants it already; the apply fails because nobody accepted the finding.
			j, plan.Findings = values.Deferred, types.ListUnknown(accessFindingType)
		}
	}
	review.judgeFindings(j, quiet, plan.fullName(), accepted, diags)
	r.remark(ctx, plan, c, review, quiet, diags)
	if c.state == nil && owner != nil && owner.UserID != want.UserID {
		diags.AddAttributeError(path.Root("user_id"), "Invalid spelling of the user", fmt.Sprintf("The realm ignores the case of user names, and PVE stores this user as %s. Set user_id = %q.",
			owner.UserID, string(owner.UserID)))
	}
	if c.state == nil && owner != nil && !own {
		r.existing(plan, owner, diags)
	}
	if !c.changed {
		return
	}
	var groups []string
	if owner != nil {
		groups = owner.Groups
	}
	missing, err := pve.MissingTokenPrivileges(ctx, plan.user(), groups, plan.token(ctx, diags))
	if session.PlanReached(err, path.Empty(), diags) {
		judgeMissing(j, quiet, missing, diags)
	}
}

// remark warns of what PVE takes and what does nothing. Of what the state has too, the refresh has warned. Which
// accepted risks a token needs that changes is known once its user is as it will be.
func (r *apiTokenResource) remark(ctx context.Context, plan *apiTokenModel, c tokenChange, review accessReview, quiet bool, diags *diag.Diagnostics) {
	var granted []proxmox.Grant
	if c.state != nil {
		if quiet {
			return
		}
		granted = c.state.token(ctx, diags).Grants
	}
	warnOfMissingPlaces(ctx, r.Clients, plan.token(ctx, diags).Grants, granted, diags)
	if !c.changed {
		values.WarnOfUnneeded("token "+plan.fullName(), review.unneeded(values.AcceptedRisks(ctx, plan.AcceptedRisks, diags)), unneededIn(ctx, c.state.AcceptedRisks, c.state.Findings, diags), diags)
	}
}

// existing says that the id of a token to be created is taken, unless it is taken by the one that this resource
// replaces.
func (r *apiTokenResource) existing(plan *apiTokenModel, owner *proxmox.Principal, diags *diag.Diagnostics) {
	if _, exists := owner.Tokens[plan.current()]; !exists {
		return
	}
	detail := fmt.Sprintf("PVE has a token %s, but PVE does not return its secret. Import it (terraform import ADDRESS '%s') or choose another id.\n\n%s",
		plan.fullName(), plan.fullName(), besideItself)
	if r.Clients.Holdings().MayApply() {
		diags.AddAttributeWarning(path.Root("token_id"), "The token already exists", detail+"\n\nThe apply is refused.")
		return
	}
	diags.AddAttributeError(path.Root("token_id"), "The token already exists", detail)
}

// fullName is the token with its user.
func (m *apiTokenModel) fullName() string { return m.user().Token(m.current()) }

// digest is one text for everything that a configuration of a token asks of PVE.
func (m *apiTokenModel) digest(ctx context.Context, diags *diag.Diagnostics) string {
	token := m.token(ctx, diags)
	if !m.ExpiresIn.IsNull() {
		token.Expire, token.Comment = 0, token.Comment+"\n"+m.ExpiresIn.ValueString()
	}
	want := proxmox.Principal{UserID: m.user(), Tokens: map[string]proxmox.Token{m.TokenID.ValueString(): token}}
	return appliedDigest(want, values.AcceptedRisks(ctx, m.AcceptedRisks, diags))
}

// foretell reviews the planned token beside everything that its user has now. owner is nil while there is no such user;
// planned is the user with that token.
func (r *apiTokenResource) foretell(ctx context.Context, pve *proxmox.Client, plan *apiTokenModel, diags *diag.Diagnostics) (review accessReview, owner *proxmox.Principal, planned proxmox.Principal, err error) {
	if owner, err = pve.ReadPrincipal(ctx, plan.user(), ""); err != nil {
		return review, nil, planned, err
	}
	planned = proxmox.Principal{UserID: plan.user(), Tokens: map[string]proxmox.Token{}}
	if owner != nil {
		planned.Groups, planned.Grants, planned.Enabled, planned.Expire = owner.Groups, owner.Grants, owner.Enabled, owner.Expire
	}
	planned.Tokens[plan.current()] = plan.token(ctx, diags)
	review, err = reviewAccess(ctx, pve, plan.user(), plan.fullName(), &planned)
	return review, owner, planned, err
}

// showToken writes effective permissions and findings into the model. A token explains what it has through its own
// grants, and without separation nothing of it.
func (r accessReview) showToken(ctx context.Context, m *apiTokenModel, diags *diag.Diagnostics) {
	own := map[string][]proxmox.Grant{m.user().Token(m.current()): grantsOf(ctx, m.Grants, "", diags)}
	m.Effective = r.effectiveValue(ctx, grantsExplain(own), diags)
	m.Findings = r.findingsValue(ctx, values.AcceptedRisks(ctx, m.AcceptedRisks, diags), diags)
}

// tokenProblemPath is the attribute that a problem of a token concerns.
func tokenProblemPath(field string) path.Path {
	if field == "user_id" {
		return path.Root("user_id")
	}
	_, name, ok := strings.Cut(field, "].")
	if !ok {
		return path.Root("token_id")
	}
	name, _, _ = strings.Cut(name, "[")
	return path.Root(blockOf(name))
}

// known tells that nothing that is checked depends on a value that Terraform learns later.
func (m *apiTokenModel) known() bool {
	for _, value := range []attr.Value{m.UserID, m.TokenID, m.Comment, m.PrivilegeSeparation, m.Grants, m.AcceptedRisks} {
		if !values.FullyKnown(value) {
			return false
		}
	}
	return true
}

// sameToken tells that a plan changes nothing that PVE holds.
func (m *apiTokenModel) sameToken(state *apiTokenModel) bool {
	return m.Comment.Equal(state.Comment) && m.ExpiresAt.Equal(state.ExpiresAt) && m.PrivilegeSeparation.Equal(state.PrivilegeSeparation) &&
		m.Grants.Equal(state.Grants) && m.Previous.Equal(state.Previous)
}
