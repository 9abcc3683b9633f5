package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

var (
	_ resource.ResourceWithConfigure      = (*restrictedUserResource)(nil)
	_ resource.ResourceWithIdentity       = (*restrictedUserResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*restrictedUserResource)(nil)
	_ resource.ResourceWithImportState    = (*restrictedUserResource)(nil)
	_ resource.ResourceWithValidateConfig = (*restrictedUserResource)(nil)
)

type restrictedUserResource struct {
	session.Configured
}

// NewRestrictedUserResource is resource pvesec_restricted_user.
func NewRestrictedUserResource() resource.Resource { return &restrictedUserResource{} }

func (r *restrictedUserResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_restricted_user"
}

// ValidateConfig finds what the validator of one attribute can't see: what attributes mean together.
func (r *restrictedUserResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model restrictedUserModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if !resp.Diagnostics.HasError() {
		model.validate(&resp.Diagnostics)
		model.warnOfEnds(r.Clients.Now(), &resp.Diagnostics)
	}
}

// validate finds a grant without a role, grants that a token without separation ignores, two expiries of one token, and
// half of a password.
func (m *restrictedUserModel) validate(diags *diag.Diagnostics) {
	if m.Role.IsNull() {
		requireRoles(m.Grants, path.Root("grant"), diags)
	}
	m.validatePassword(diags)
	m.validateTokens(diags)
}

func (m *restrictedUserModel) validateTokens(diags *diag.Diagnostics) {
	seen := map[string]bool{}
	for _, value := range m.TokenBlocks.Elements() {
		object, ok := value.(types.Object)
		if !ok || object.IsUnknown() || object.IsNull() {
			continue
		}
		token, at := object.Attributes(), path.Root("token")
		name, _ := token["name"].(types.String)
		id := name.ValueString()
		if name.IsUnknown() {
			id = "(name known later)"
		} else if seen[id] {
			diags.AddAttributeError(at, "Invalid token blocks", fmt.Sprintf("Two token blocks have the name %q. A user has one token of a name: give each block its own.", id))
		}
		seen[id] = seen[id] || !name.IsUnknown()
		grants, _ := token["grant"].(types.Set)
		separated, _ := token["privilege_separation"].(types.Bool)
		inherits, _ := token["inherit_grants"].(types.Bool)
		if m.Role.IsNull() {
			requireRoles(grants, at, diags)
		}
		if len(grants.Elements()) > 0 && !separated.IsUnknown() && !separated.IsNull() && !separated.ValueBool() {
			diags.AddAttributeError(at, "Grants have no effect",
				fmt.Sprintf("Token %q has privilege_separation = false, so PVE gives it all privileges of the user and ignores the token's grants. Remove the grant blocks, or set privilege_separation = true.", id))
		}
		if len(grants.Elements()) > 0 && inherits.ValueBool() {
			diags.AddAttributeError(at, "Invalid grants",
				fmt.Sprintf("Token %q has grant blocks and inherit_grants = true. Remove one of them.", id))
		}
		m.validateExpiry(id, token, at, diags)
	}
}

// validateExpiry requires one expiry for a token: its own, or the user's.
func (m *restrictedUserModel) validateExpiry(id string, token map[string]attr.Value, at path.Path, diags *diag.Diagnostics) {
	never, _ := token["never_expires"].(types.Bool)
	switch {
	case token["expires_at"].IsUnknown() || token["expires_in"].IsUnknown() || never.IsUnknown():
	case !token["expires_at"].IsNull() && !token["expires_in"].IsNull():
		diags.AddAttributeError(at, "Invalid expiry",
			fmt.Sprintf("Token %q has both expires_at and expires_in. Remove one of them.", id))
	case never.ValueBool() && !(token["expires_at"].IsNull() && token["expires_in"].IsNull()):
		diags.AddAttributeError(at, "Invalid expiry",
			fmt.Sprintf("Token %q has never_expires = true and an expiry. Remove one of them.", id))
	case token["expires_at"].IsNull() && token["expires_in"].IsNull() && !never.ValueBool() && m.ExpiresAt.IsNull():
		diags.AddAttributeError(at, "Missing expiry",
			fmt.Sprintf("Token %q has no expiry. Set its expires_in (for example \"90d\") or expires_at, or never_expires = true, or set expires_at of the user.", id))
	}
}

// warnOfEnds warns of ends that are over.
func (m *restrictedUserModel) warnOfEnds(now time.Time, diags *diag.Diagnostics) {
	values.WarnOfEnd("the user", values.UnixEnd(values.UnixTime(m.ExpiresAt)), now, path.Root("expires_at"), diags)
	for _, value := range m.TokenBlocks.Elements() {
		if object, ok := value.(types.Object); ok && !object.IsUnknown() && !object.IsNull() {
			name, _ := object.Attributes()["name"].(types.String)
			end, _ := object.Attributes()["expires_at"].(types.String)
			values.WarnOfEnd(fmt.Sprintf("token %q", name.ValueString()), values.UnixEnd(values.UnixTime(end)), now, path.Root("token"), diags)
		}
	}
}

func (m *restrictedUserModel) validatePassword(diags *diag.Diagnostics) {
	if m.Password.IsNull() != m.PasswordVersion.IsNull() {
		diags.AddAttributeError(path.Root("password_version"), "Missing password or password version",
			"Terraform does not store a password, so it needs password_version, a number that you change with the password. Set both, or neither.")
	}
	if id := m.UserID; !m.Password.IsNull() && !id.IsUnknown() && proxmox.UserID(id.ValueString()).Realm() != "pve" {
		diags.AddAttributeError(path.Root("password"), "Invalid realm for a password",
			fmt.Sprintf("Only the realm pve stores passwords itself. In the realm pam, PVE would set the Unix password of the account %s on the node. Remove password.", proxmox.UserID(id.ValueString()).Name()))
	}
}

func requireRoles(set types.Set, at path.Path, diags *diag.Diagnostics) {
	for _, element := range set.Elements() {
		grant, ok := element.(types.Object)
		if !ok || grant.IsUnknown() || grant.IsNull() {
			continue
		}
		if role := grant.Attributes()["role"]; role.IsNull() {
			diags.AddAttributeError(at, "Missing role",
				fmt.Sprintf("The grant on %s has no role, and the user has no managed role. Set role in the grant, or configure role for the user.", grant.Attributes()["path"]))
		}
	}
}

func (r *restrictedUserResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan restrictedUserModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	var password types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("password"), &password)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	summary := fmt.Sprintf("Unable to create user %s", plan.UserID.ValueString())
	pve, err := r.Clients.PVE()
	if err != nil {
		values.AddError(&resp.Diagnostics, summary, err)
		return
	}
	computeExpiry(ctx, &plan, &resp.Diagnostics).write(ctx, resp.Private, &resp.Diagnostics)
	want := plan.principal(ctx, &resp.Diagnostics)
	var options []proxmox.CreateOption
	if !password.IsNull() {
		options = append(options, proxmox.WithPassword(password.ValueString()))
	}
	if !r.mayWrite(ctx, pve, &plan, nil, want, &resp.Diagnostics) {
		return
	}
	secrets, err := pve.CreatePrincipal(ctx, want, options...)
	if err != nil {
		var partial *proxmox.PartialError
		if errors.As(err, &partial) {
			// What exists, or may exist, must not be forgotten: recorded, it is tainted, and the next apply replaces
			// it.
			plan.recordSecrets(nil, partial.Secrets)
			if partial.Exists != nil {
				plan.take(ctx, partial.Exists, &resp.Diagnostics)
			}
			plan.forgetReview()
			resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
			resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, userIdentity{plan.UserID})...)
		}
		if exists := new(proxmox.ExistsError); errors.As(err, &exists) && exists.Kind == "user" {
			err = fmt.Errorf("%w\n\n%s", err, besideItself)
		}
		values.AddError(&resp.Diagnostics, summary, err)
		return
	}
	values.WriteApplied(ctx, resp.Private, plan.digest(ctx, &resp.Diagnostics), &resp.Diagnostics)
	plan.recordSecrets(nil, secrets)
	r.review(ctx, pve, &plan, want, &resp.Diagnostics)
	plan.remember(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, userIdentity{plan.UserID})...)
}

// mayWrite refuses, before the first write, what a plan only warned of: a way to root that nobody accepted, and a
// password that cannot be set.
func (r *restrictedUserResource) mayWrite(ctx context.Context, pve *proxmox.Client, plan, state *restrictedUserModel, want proxmox.Principal, diags *diag.Diagnostics) bool {
	if passwordChanges(plan, state) {
		diags.AddAttributeError(path.Root("password_version"), noPasswordChange, passwordAdvice(plan.UserID.ValueString()))
		return false
	}
	if refuseMissingRoles(ctx, pve, want, problemPath, diags); diags.HasError() {
		return false
	}
	review, err := reviewAccess(ctx, pve, want.UserID, string(want.UserID), &want)
	if err != nil {
		values.AddError(diags, "Unable to tell what "+string(want.UserID)+" may do", err)
		return false
	}
	accepted := values.AcceptedRisks(ctx, plan.AcceptedRisks, diags)
	if state != nil && !plan.samePowers(state) && grantsNothing(ctx, pve, state.principal(ctx, diags), want) {
		return !diags.HasError()
	}
	review.refuseFindings(string(want.UserID), accepted, diags)
	return !diags.HasError()
}

// review fills in what the plan did not know yet, and compares what PVE says of the user just written with what was
// planned. Neither can undo the success of the write.
func (r *restrictedUserResource) review(ctx context.Context, pve *proxmox.Client, plan *restrictedUserModel, want proxmox.Principal, diags *diag.Diagnostics) {
	if plan.Effective.IsUnknown() || plan.Findings.IsUnknown() {
		review, err := reviewAccess(ctx, pve, want.UserID, string(want.UserID), nil)
		if err != nil {
			plan.forgetReview()
			diags.AddWarning("Unable to read the user's permissions", values.UpperFirst(err.Error())+"\n\nIt was written; the next plan shows it.")
			return
		}
		review.show(ctx, plan, want, diags)
	}
	verifyAccess(ctx, pve, string(want.UserID), expectedRights(ctx, plan.Effective, diags), diags)
}

// forgetReview leaves what follows from the user to the next refresh.
func (m *restrictedUserModel) forgetReview() {
	m.Effective, m.Findings = types.MapNull(effectiveType), types.ListNull(accessFindingType)
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

func (r *restrictedUserResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state restrictedUserModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Before anything may be found gone: Terraform refuses a resource that is read without identity.
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, userIdentity{state.UserID})...)
	ctx, cancel := session.WithTimeout(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	lost := readLostTokens(ctx, req.Private, &resp.Diagnostics)
	if renewed := r.renewed(ctx, &state, &resp.Diagnostics); len(renewed) > 0 {
		lost = append(lost, renewed...)
		lost.write(ctx, resp.Private, &resp.Diagnostics)
	}
	found, err := r.read(ctx, &state, state.managedRole(ctx, &resp.Diagnostics), &resp.Diagnostics)
	lost.drop(&state)
	if err != nil {
		values.AddReadError(&resp.Diagnostics, fmt.Sprintf("Unable to read user %s", state.UserID.ValueString()), err)
		return
	}
	if !found {
		resp.State.RemoveResource(ctx)
		return
	}
	state.remember(ctx, resp.Private, &resp.Diagnostics)
	warnOfMissingAccount(ctx, r.Clients, proxmox.UserID(state.UserID.ValueString()), &resp.Diagnostics)
	warnOfMissingPlaces(ctx, r.Clients, allGrants(state.principal(ctx, &resp.Diagnostics)), nil, &resp.Diagnostics)
	values.WarnOfUnneeded(userName(state.UserID.ValueString()), unneededIn(ctx, state.AcceptedRisks, state.Findings, &resp.Diagnostics), nil, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// renewed takes the secrets out of state that PVE does not accept any more, and returns the ids of their tokens.
func (r *restrictedUserResource) renewed(ctx context.Context, state *restrictedUserModel, diags *diag.Diagnostics) []string {
	secrets := state.TokenSecrets.Elements()
	if len(secrets) == 0 {
		return nil
	}
	pve, err := r.Clients.PVE()
	if err != nil {
		return nil // reading says so
	}
	renewed := renewedTokens(ctx, pve, proxmox.UserID(state.UserID.ValueString()), secrets, diags)
	for _, id := range renewed {
		delete(secrets, id)
	}
	state.TokenSecrets = types.MapValueMust(types.StringType, secrets)
	return renewed
}

// read takes what PVE has into the model, with the role that belongs to the user, "" for none, and with what follows
// from it. found is false only when PVE has proven that there is no such user.
func (r *restrictedUserResource) read(ctx context.Context, model *restrictedUserModel, managedRole string, diags *diag.Diagnostics) (found bool, err error) {
	pve, err := r.Clients.PVE()
	if err != nil {
		return false, err
	}
	id := proxmox.UserID(model.UserID.ValueString())
	principal, err := pve.ReadPrincipal(ctx, id, managedRole)
	if err != nil || principal == nil {
		return false, err
	}
	review, err := reviewAccess(ctx, pve, id, string(id), nil)
	if err != nil {
		return false, err
	}
	// What was recorded before is what explains a right; on import, where nothing is recorded, that is everything
	// found.
	written := *principal
	if !model.Enabled.IsNull() {
		written.Grants = grantsOf(ctx, model.Grants, model.managedRole(ctx, diags), diags)
	}
	model.take(ctx, principal, diags)
	review.show(ctx, model, written, diags)
	return true, nil
}

func (r *restrictedUserResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state restrictedUserModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, userIdentity{plan.UserID})...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	summary := fmt.Sprintf("Unable to update user %s", plan.UserID.ValueString())
	pve, err := r.Clients.PVE()
	if err != nil {
		values.AddError(&resp.Diagnostics, summary, err)
		return
	}
	computeExpiry(ctx, &plan, &resp.Diagnostics).write(ctx, resp.Private, &resp.Diagnostics)
	have, want := state.principal(ctx, &resp.Diagnostics), plan.principal(ctx, &resp.Diagnostics)
	if plan.GroupMembership.ValueString() == membershipAdditive || state.GroupMembership.ValueString() == membershipAdditive {
		if have.Groups, err = currentGroups(ctx, pve, have.UserID); err == nil {
			want.Groups, err = plan.allGroups(ctx, pve, &state, want.Groups, &resp.Diagnostics)
		}
		if err != nil {
			values.AddError(&resp.Diagnostics, summary, err)
			return
		}
	}
	if !r.mayWrite(ctx, pve, &plan, &state, want, &resp.Diagnostics) {
		return
	}
	secrets, err := pve.UpdatePrincipal(ctx, have, want, proxmox.WhenRoleKept(func(kept proxmox.KeptRole) { warnOfRole(kept, "stays", &resp.Diagnostics) }))
	before := state.TokenSecrets.Elements()
	if err != nil {
		var partial *proxmox.PartialError
		if errors.As(err, &partial) {
			lost := untold(&plan, &state, partial.Secrets)
			lost.write(ctx, resp.Private, &resp.Diagnostics)
			plan.recordSecrets(before, partial.Secrets)
			if partial.Exists == nil { // not even reading works: what was, with the new secrets
				state.TokenSecrets = plan.TokenSecrets
				plan = state
			} else {
				plan.take(ctx, partial.Exists, &resp.Diagnostics)
				lost.drop(&plan)
				plan.forgetReview()
			}
			resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		}
		values.AddError(&resp.Diagnostics, summary, err)
		return
	}
	lostTokens{}.write(ctx, resp.Private, &resp.Diagnostics)
	values.WriteApplied(ctx, resp.Private, plan.digest(ctx, &resp.Diagnostics), &resp.Diagnostics)
	plan.recordSecrets(before, secrets)
	r.review(ctx, pve, &plan, want, &resp.Diagnostics)
	plan.remember(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// currentGroups are the groups of a user as PVE tells them now.
func currentGroups(ctx context.Context, pve *proxmox.Client, id proxmox.UserID) ([]string, error) {
	pve.AskAgain(id)
	rights, err := pve.Rights(ctx)
	if err != nil {
		return nil, err
	}
	return rights.GroupsOf(id), nil
}

func (r *restrictedUserResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state restrictedUserModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	pve, err := r.Clients.PVE()
	if err == nil {
		err = pve.DeletePrincipal(ctx, state.principal(ctx, &resp.Diagnostics), proxmox.WhenRoleKept(func(kept proxmox.KeptRole) { warnOfRole(kept, "stays", &resp.Diagnostics) }))
	}
	if err != nil {
		values.AddError(&resp.Diagnostics, fmt.Sprintf("Unable to delete user %s", state.UserID.ValueString()), err)
	}
}

// ImportState takes a user id, or an identity with one.
func (r *restrictedUserResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := types.StringValue(req.ID)
	if req.ID == "" && req.Identity != nil {
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root("user_id"), &id)...)
	}
	if err := checkUserID(id.ValueString()); err != nil {
		resp.Diagnostics.AddError("Invalid import id", values.UpperFirst(err.Error())+".")
	}
	if resp.Diagnostics.HasError() {
		return
	}
	model, found, err := r.adopt(ctx, resp.State, id, &resp.Diagnostics)
	if err != nil {
		values.AddError(&resp.Diagnostics, fmt.Sprintf("Unable to import user %s", id.ValueString()), err)
		return
	}
	if !found {
		resp.Diagnostics.AddError("Unable to find the object to import", fmt.Sprintf("PVE has no user %s.", id.ValueString()))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, userIdentity{model.UserID})...) // as PVE spells it
}

// adopt reads a user that is in no state yet; empty gives the schema.
func (r *restrictedUserResource) adopt(ctx context.Context, empty tfsdk.State, id types.String, diags *diag.Diagnostics) (*restrictedUserModel, bool, error) {
	model := &restrictedUserModel{}
	diags.Append(values.NullModel(ctx, empty, model)...)
	model.UserID, model.GroupMembership, model.SecretInState = id, types.StringValue(membershipExclusive), types.BoolValue(false)
	pve, err := r.Clients.PVE()
	if err != nil {
		return model, false, err
	}
	role, err := pve.OwnRole(ctx, proxmox.UserID(id.ValueString()))
	if err != nil {
		return model, false, err
	}
	found, err := r.read(ctx, model, role, diags)
	return model, found, err
}
