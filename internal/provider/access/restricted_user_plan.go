package access

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// ModifyPlan names the managed role, and checks everything that a server knows: realm, groups, roles and privileges,
// what the user will be able to do and whether that leads to root, and whether the provider's own token may do what is
// planned.
func (r *restrictedUserResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state *restrictedUserModel
	if !req.State.Raw.IsNull() {
		state = &restrictedUserModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if req.Plan.Raw.IsNull() {
		if state != nil && !resp.Diagnostics.HasError() {
			r.foretellRole(ctx, state, "", &resp.Diagnostics)
		}
		return // destroy
	}
	var plan, config restrictedUserModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if state != nil && !r.sameUser(ctx, state, &plan, &resp.Diagnostics) {
		resp.RequiresReplace = append(resp.RequiresReplace, path.Root("user_id"))
		state = nil
	}
	nameRole(ctx, &plan, &config, &resp.Diagnostics)
	planTokens(ctx, &plan, state, readExpiries(ctx, req.Private, &resp.Diagnostics), &resp.Diagnostics)
	plan.showEnds()
	planSecrets(&plan, state)
	warnOfPassword(&plan, state, &resp.Diagnostics)
	plan.Effective, plan.Findings = types.MapUnknown(effectiveType), types.ListUnknown(accessFindingType)
	if !resp.Diagnostics.HasError() && r.Clients != nil && plan.known() {
		r.planAccess(ctx, &plan, state, values.ReadApplied(ctx, req.Private, &resp.Diagnostics), &resp.Diagnostics)
	}
	if state == nil && !plan.UserID.IsUnknown() && !resp.Diagnostics.HasError() {
		warnOfMissingAccount(ctx, r.Clients, proxmox.UserID(plan.UserID.ValueString()), &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// planAccess checks the planned user against the server and fills in what follows from it. last is the digest of what
// was applied last.
func (r *restrictedUserResource) planAccess(ctx context.Context, plan, state *restrictedUserModel, last string, diags *diag.Diagnostics) {
	pve, err := r.Clients.PVE()
	if !session.PlanReached(err, path.Empty(), diags) {
		return
	}
	want, accepted := plan.principal(ctx, diags), values.AcceptedRisks(ctx, plan.AcceptedRisks, diags)
	name := userName(plan.UserID.ValueString())
	quiet := !r.Clients.Holdings().Read(name)
	check, tainted := pve.CheckPrincipal, false
	var have *proxmox.Principal
	if state == nil {
		var own bool
		if own, tainted = r.Clients.Holdings().Own(ctx, name); !own {
			check = pve.CheckCreate
		}
	} else {
		recorded := state.principal(ctx, diags)
		have = &recorded
		check = func(ctx context.Context, p proxmox.Principal) []proxmox.Problem {
			return append(pve.CheckPrincipal(ctx, p), pve.CheckUpdate(ctx, recorded, p)...)
		}
	}
	problems, toCome := withoutMissingRoles(check(ctx, want))
	if want.Role != nil {
		r.Clients.Holdings().NoteRole(want.Role.ID)
	}
	if state == nil || !quiet {
		warnOfMissingRoles(r.Clients, toCome, problemPath, diags)
	}
	all := want
	if all.Groups, err = plan.allGroups(ctx, pve, state, want.Groups, diags); !session.PlanReached(err, path.Empty(), diags) {
		return
	}
	j := judge(ctx, pve, have, all, tainted, last, plan.digest(ctx, diags))
	for _, problem := range problems {
		if problem.Field == "" && problem.Err != nil {
			session.PlanReached(problem.Err, path.Empty(), diags)
			continue
		}
		if errors.Is(problem.Err, proxmox.ErrExists) && problem.Field == "user_id" {
			problem.Fix = besideItself
			if r.Clients.Holdings().MayApply() {
				diags.AddAttributeWarning(path.Root("user_id"), "The user already exists", values.UpperFirst(problem.Msg)+"\n\nThe apply is refused.")
				continue
			}
		}
		reportRefusal(j, diags, quiet, problemPath(problem.Field), "PVE would refuse this user", strings.TrimSpace(values.UpperFirst(problem.Msg)+"\n\n"+problem.Fix))
	}
	if diags.HasError() {
		return
	}
	review, err := reviewAccess(ctx, pve, want.UserID, string(want.UserID), &all)
	if !session.PlanReached(err, path.Empty(), diags) {
		return
	}
	review.shared = review.shared || len(toCome) > 0
	unchanged := state != nil && plan.samePowers(state)
	if unchanged || !review.shared { // otherwise the apply tells, since the role may change before this user does
		review.show(ctx, plan, all, diags)
	}
	if unchanged && review.open(accepted) {
		// PVE grants it already; the apply fails because nobody accepted the finding.
		j, plan.Findings = values.Deferred, types.ListUnknown(accessFindingType)
	}
	review.judgeFindings(j, quiet, string(want.UserID), accepted, diags)
	r.remark(ctx, plan, state, want, review, quiet, diags)
	if state == nil {
		missing, err := pve.MissingPrivileges(ctx, all)
		if session.PlanReached(err, path.Empty(), diags) {
			judgeMissing(j, quiet, missing, diags)
		}
		return
	}
	warnOfToday(ctx, string(want.UserID), state.Findings, review, diags)
	r.foretellRole(ctx, state, managedIn(want), diags)
	if unchanged {
		return
	}
	missing, err := pve.MissingPrivileges(ctx, all)
	if session.PlanReached(err, path.Empty(), diags) {
		judgeMissing(j, quiet, missing, diags)
	}
}

// remark warns of what PVE takes and what does nothing. Of what the state has too, the refresh has warned.
func (r *restrictedUserResource) remark(ctx context.Context, plan, state *restrictedUserModel, want proxmox.Principal, review accessReview, quiet bool, diags *diag.Diagnostics) {
	var granted []proxmox.Grant
	var unneeded []string
	if state != nil {
		if quiet {
			return
		}
		granted = allGrants(state.principal(ctx, diags))
		unneeded = unneededIn(ctx, state.AcceptedRisks, state.Findings, diags)
	}
	warnOfMissingPlaces(ctx, r.Clients, allGrants(want), granted, diags)
	if !review.shared {
		values.WarnOfUnneeded(userName(plan.UserID.ValueString()), review.unneeded(values.AcceptedRisks(ctx, plan.AcceptedRisks, diags)), unneeded, diags)
	}
}

// besideItself explains "exists already" where the object is the one that is to be replaced.
const besideItself = "If this resource is being replaced: PVE cannot have two objects under one id, so a replacement that keeps the id cannot be created before the old one is " +
	"destroyed. Take create_before_destroy away, from this resource and from those that depend on it, or give the new object another id."

// managedIn is the id of a user's own role, "" for none.
func managedIn(p proxmox.Principal) string {
	if p.Role == nil {
		return ""
	}
	return p.Role.ID
}

// show writes effective permissions and findings into the model. p is what its own grants are.
func (r accessReview) show(ctx context.Context, m *restrictedUserModel, p proxmox.Principal, diags *diag.Diagnostics) {
	m.Effective = r.effectiveValue(ctx, grantsExplain(map[string][]proxmox.Grant{string(p.UserID): p.Grants}), diags)
	m.Findings = r.findingsValue(ctx, values.AcceptedRisks(ctx, m.AcceptedRisks, diags), diags)
}

// samePowers tells that a plan changes nothing that PVE holds.
func (m *restrictedUserModel) samePowers(state *restrictedUserModel) bool {
	return m.UserID.Equal(state.UserID) && m.Comment.Equal(state.Comment) && m.Email.Equal(state.Email) && m.FirstName.Equal(state.FirstName) &&
		m.LastName.Equal(state.LastName) && m.Enabled.Equal(state.Enabled) && m.ExpiresAt.Equal(state.ExpiresAt) && m.Groups.Equal(state.Groups) &&
		m.Role.Equal(state.Role) && m.Grants.Equal(state.Grants) && m.TokenBlocks.Equal(state.TokenBlocks) &&
		m.Tokens.Equal(state.Tokens)
}

// allGroups are the groups that the user will be in: those of the plan, and with additive membership those that others
// gave it.
func (m *restrictedUserModel) allGroups(ctx context.Context, pve *proxmox.Client, state *restrictedUserModel, want []string, diags *diag.Diagnostics) ([]string, error) {
	if state == nil || m.GroupMembership.ValueString() != membershipAdditive {
		return want, nil
	}
	rights, err := pve.Rights(ctx)
	if err != nil {
		return nil, err
	}
	given := values.StringsInSet(ctx, state.Groups, diags)
	all := slices.Clone(want)
	for _, group := range rights.GroupsOf(proxmox.UserID(m.UserID.ValueString())) {
		if !slices.Contains(all, group) && !slices.Contains(given, group) {
			all = append(all, group)
		}
	}
	return all, nil
}

// planSecrets plans token_secrets: kept for tokens that stay, unknown while a new token will bring one.
func planSecrets(plan, state *restrictedUserModel) {
	kept := map[string]attr.Value{}
	var before map[string]attr.Value
	if state != nil {
		before = state.Tokens.Elements()
		for id, secret := range state.TokenSecrets.Elements() {
			if _, stays := plan.Tokens.Elements()[id]; stays {
				kept[id] = secret
			}
		}
	}
	for id := range plan.Tokens.Elements() {
		if _, exists := before[id]; !exists && plan.SecretInState.ValueBool() {
			kept[id] = types.StringUnknown()
		}
	}
	plan.TokenSecrets = types.MapValueMust(types.StringType, kept)
	if plan.Tokens.IsUnknown() || plan.SecretInState.IsUnknown() {
		plan.TokenSecrets = types.MapUnknown(types.StringType)
	}
	if !plan.SecretInState.IsUnknown() && !plan.SecretInState.ValueBool() {
		// Switched off, the secrets that state still holds are forgotten.
		plan.TokenSecrets = types.MapValueMust(types.StringType, map[string]attr.Value{})
	}
}

// known tells that nothing in the plan depends on a value that Terraform learns later.
func (m *restrictedUserModel) known() bool {
	for _, value := range []attr.Value{m.UserID, m.Comment, m.Email, m.FirstName, m.LastName, m.Enabled, m.ExpiresAt, m.Groups, m.GroupMembership, m.Role, m.Grants, m.AcceptedRisks} {
		if !values.FullyKnown(value) {
			return false
		}
	}
	if m.TokenBlocks.IsUnknown() || m.ExternalTokens.IsUnknown() {
		return false
	}
	for _, token := range m.TokenBlocks.Elements() {
		object, ok := token.(types.Object)
		if !ok || object.IsUnknown() {
			return false
		}
		for name, value := range object.Attributes() {
			if name != "expires_at" && !values.FullyKnown(value) { // when a token expires decides about nothing that is checked
				return false
			}
		}
	}
	return true
}

// problemPath is the attribute that a problem of a principal concerns. Elements of a set have no address that a person
// would recognise, so the attribute itself is named.
func problemPath(field string) path.Path {
	name := field
	for i, r := range field {
		if r == '[' || r == '.' {
			name = field[:i]
			break
		}
	}
	switch field {
	case "role.privileges":
		return path.Root("role").AtName("privileges")
	case "role.id":
		return path.Root("role").AtName("name")
	}
	return path.Root(blockOf(name))
}

// blockOf is what a field of a principal is called in a configuration.
func blockOf(field string) string {
	switch field {
	case "grants":
		return "grant"
	case "tokens":
		return "token"
	case "expire":
		return "expires_at"
	}
	return field
}
