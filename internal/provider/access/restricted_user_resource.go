package access

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
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
