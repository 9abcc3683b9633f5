package access

import (
	"context"
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

// ModifyPlan names the managed role, and checks everything that a server knows: realm, groups, roles and privileges, what the user will be able to
// do and whether that leads to root, and whether the provider's own token may do what is planned.
func (r *restrictedUserResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // destroy
	}
	var plan, config restrictedUserModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	var state *restrictedUserModel
	if !req.State.Raw.IsNull() {
		state = &restrictedUserModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	nameRole(ctx, &plan, &config, &resp.Diagnostics)
	planExpiry(&plan, &config, state, readExpiries(ctx, req.Private, &resp.Diagnostics), &resp.Diagnostics)
	planSecrets(&plan, state)
	refusePasswordChange(&plan, state, &resp.Diagnostics)
	plan.Effective, plan.Findings = types.MapUnknown(effectiveType), types.ListUnknown(accessFindingType)
	if !resp.Diagnostics.HasError() && r.Clients != nil && plan.known() {
		r.planAccess(ctx, &plan, state, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// planAccess checks the planned user against the server and fills in what follows from it.
func (r *restrictedUserResource) planAccess(ctx context.Context, plan, state *restrictedUserModel, diags *diag.Diagnostics) {
	pve, err := r.Clients.PVE()
	if !session.PlanReached(err, path.Empty(), diags) {
		return
	}
	want := plan.principal(ctx, diags)
	check := pve.CheckPrincipal
	if state == nil || state.UserID.ValueString() != plan.UserID.ValueString() {
		check = pve.CheckCreate
	}
	problems := check(ctx, want)
	if state != nil && len(problems) == 0 {
		problems = pve.CheckUpdate(ctx, state.principal(ctx, diags), want)
	}
	for _, problem := range problems {
		if problem.Field == "" && problem.Err != nil {
			session.PlanReached(problem.Err, path.Empty(), diags)
			continue
		}
		diags.AddAttributeError(problemPath(problem.Field), "PVE would refuse this user", strings.TrimSpace(values.UpperFirst(problem.Msg)+"\n\n"+problem.Fix))
	}
	if len(problems) > 0 {
		return
	}
	if want.Groups, err = plan.allGroups(ctx, pve, state, want.Groups, diags); !session.PlanReached(err, path.Empty(), diags) {
		return
	}
	review, err := reviewAccess(ctx, pve, want.UserID, string(want.UserID), &want)
	if !session.PlanReached(err, path.Empty(), diags) {
		return
	}
	unchanged := state != nil && plan.samePowers(state)
	if unchanged || !review.shared { // otherwise the apply tells, since the role may change before this user does
		review.show(ctx, plan, want, diags)
	}
	review.refuseFindings(string(want.UserID), values.AcceptedRisks(ctx, plan.AcceptedRisks, diags), diags)
	if state != nil {
		warnOfToday(ctx, string(want.UserID), state.Findings, review, diags)
	}
	if unchanged {
		return
	}
	missing, err := pve.MissingPrivileges(ctx, want)
	if session.PlanReached(err, path.Empty(), diags) {
		refuseMissing(missing, diags)
	}
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
		m.Role.Equal(state.Role) && m.Grants.Equal(state.Grants) && m.Tokens.Equal(state.Tokens)
}

// allGroups are the groups that the user will be in: those of the plan, and with additive membership those that others gave it.
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

// refusePasswordChange says what PVE does not offer to API tokens before anybody relies on it.
func refusePasswordChange(plan, state *restrictedUserModel, diags *diag.Diagnostics) {
	if state == nil || !plan.UserID.Equal(state.UserID) || plan.PasswordVersion.IsUnknown() || plan.PasswordVersion.Equal(state.PasswordVersion) || plan.PasswordVersion.IsNull() {
		return
	}
	diags.AddAttributeError(path.Root("password_version"), "Password cannot be changed",
		"PVE refuses PUT /access/password to every API token: the provider can set a password only while it creates the user.\n\n"+
			"Change it on a node (pveum passwd "+plan.UserID.ValueString()+") and leave password_version as it is, or have the user created again "+
			"(terraform apply -replace=ADDRESS), which gives its tokens new secrets.")
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
	if m.Tokens.IsUnknown() || m.ExternalTokens.IsUnknown() {
		return false
	}
	for _, token := range m.Tokens.Elements() {
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

// problemPath is the attribute that a problem of a principal concerns. Elements of a set have no address that a person would recognise, so
// the attribute itself is named.
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
	return path.Root(name)
}
