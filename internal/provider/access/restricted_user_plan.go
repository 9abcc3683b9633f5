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
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

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

// sameUser tells whether a plan is about the user that state has. Two spellings of one user, in a realm that ignores
// letter case, are one: the plan keeps the one that PVE has then.
func (r *restrictedUserResource) sameUser(ctx context.Context, state, plan *restrictedUserModel, diags *diag.Diagnostics) bool {
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

func sameUserID(ctx context.Context, clients *session.Clients, a, b types.String) (bool, error) {
	first, second := proxmox.UserID(a.ValueString()), proxmox.UserID(b.ValueString())
	if first.Realm() != second.Realm() || !strings.EqualFold(first.Name(), second.Name()) {
		return false, nil // without asking
	}
	pve, err := clients.PVE()
	if err != nil {
		return false, err
	}
	return pve.SameUser(ctx, first, second)
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

// foretellRole warns that a managed role which is to be removed stays, because others hold it.
func (r *restrictedUserResource) foretellRole(ctx context.Context, state *restrictedUserModel, planned string, diags *diag.Diagnostics) {
	role := state.managedRole(ctx, diags)
	if role == "" || role == planned || r.Clients == nil || !r.Clients.Holdings().Read(userName(state.UserID.ValueString())) {
		return
	}
	pve, err := r.Clients.PVE()
	if err != nil {
		return // what cannot be asked is told by the apply
	}
	holders, err := pve.RoleHolders(ctx, proxmox.UserID(state.UserID.ValueString()), role)
	if err == nil && len(holders) > 0 {
		warnOfRole(proxmox.KeptRole{ID: role, Holders: holders}, "will stay", diags)
	}
}

// warnOfRole warns that a managed role is not removed with its user.
func warnOfRole(kept proxmox.KeptRole, how string, diags *diag.Diagnostics) {
	detail := "Others also have this role: " + strings.Join(kept.Holders, ", ") + ". Removing it would remove their access."
	if kept.Err != nil {
		detail = "pvesec could not find out whether others have this role: " + kept.Err.Error() + "."
	}
	diags.AddAttributeWarning(path.Root("role"), "Role "+kept.ID+" "+how, detail+
		"\n\nTerraform no longer manages the role. When no one needs it, remove it with: pveum role delete "+kept.ID)
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

// passwordChanges tells that another password is wanted for a user that exists.
func passwordChanges(plan, state *restrictedUserModel) bool {
	return state != nil && plan.UserID.Equal(state.UserID) && !plan.PasswordVersion.IsUnknown() && !plan.PasswordVersion.Equal(state.PasswordVersion) && !plan.PasswordVersion.IsNull()
}

const noPasswordChange = "Password cannot be changed"

// passwordAdvice says what PVE does not offer to API tokens, and what helps.
func passwordAdvice(userID string) string {
	return "PVE refuses PUT /access/password to every API token: the provider can set a password only while it creates the user.\n\n" +
		"Change it on a node (pveum passwd " + userID + ") and leave password_version as it is, or have the user created again " +
		"(terraform apply -replace=ADDRESS), which gives its tokens new secrets."
}

// warnOfPassword says what the apply refuses. It is no error of the plan: with -replace Terraform plans the same before
// it plans the replacement.
func warnOfPassword(plan, state *restrictedUserModel, diags *diag.Diagnostics) {
	if passwordChanges(plan, state) {
		diags.AddAttributeWarning(path.Root("password_version"), noPasswordChange+" without -replace", passwordAdvice(plan.UserID.ValueString()))
	}
}

func nameRole(ctx context.Context, plan, config *restrictedUserModel, diags *diag.Diagnostics) {
	if config.Role.IsNull() || config.Role.IsUnknown() {
		return
	}
	var role roleModel
	diags.Append(config.Role.As(ctx, &role, basetypes.ObjectAsOptions{})...)
	if role.Name.IsNull() && !plan.UserID.IsUnknown() {
		role.Name = types.StringValue(managedRoleName(plan.UserID.ValueString()))
	}
	named, problems := types.ObjectValueFrom(ctx, roleType.AttrTypes, role)
	diags.Append(problems...)
	plan.Role = named
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
