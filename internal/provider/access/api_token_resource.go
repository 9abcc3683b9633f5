package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

var (
	_ resource.ResourceWithConfigure      = (*apiTokenResource)(nil)
	_ resource.ResourceWithIdentity       = (*apiTokenResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*apiTokenResource)(nil)
	_ resource.ResourceWithImportState    = (*apiTokenResource)(nil)
	_ resource.ResourceWithValidateConfig = (*apiTokenResource)(nil)
)

type apiTokenResource struct {
	session.Configured
}

// NewAPITokenResource is resource pvesec_api_token.
func NewAPITokenResource() resource.Resource { return &apiTokenResource{} }

func (r *apiTokenResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_api_token"
}

func (m *apiTokenModel) identity() tokenIdentity { return tokenIdentity{m.UserID, m.TokenID} }

func (r *apiTokenResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan apiTokenModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	summary := "Unable to create token " + plan.fullName()
	pve, err := r.Clients.PVE()
	if err != nil {
		values.AddError(&resp.Diagnostics, summary, err)
		return
	}
	if !r.mayWrite(ctx, pve, &plan, nil, &resp.Diagnostics) {
		return
	}
	plan.computeExpiry().write(ctx, resp.Private, &resp.Diagnostics)
	secret, err := pve.CreateToken(ctx, plan.user(), plan.current(), plan.token(ctx, &resp.Diagnostics))
	if err != nil {
		var partial *proxmox.PartialError
		if errors.As(err, &partial) && partial.Exists != nil {
			// What exists must not be forgotten: recorded, it is tainted, and the next apply replaces it.
			plan.recordSecret(ctx, partial.Secrets[plan.current()], &resp.Diagnostics)
			plan.take(ctx, partial.Exists.Tokens[plan.current()], &resp.Diagnostics)
			plan.forgetReview()
			resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
			resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, plan.identity())...)
		}
		if errors.Is(err, proxmox.ErrExists) {
			err = fmt.Errorf("%w\n\n%s", err, besideItself)
		}
		values.AddError(&resp.Diagnostics, summary, err)
		return
	}
	values.WriteApplied(ctx, resp.Private, plan.digest(ctx, &resp.Diagnostics), &resp.Diagnostics)
	plan.recordSecret(ctx, secret, &resp.Diagnostics)
	r.review(ctx, pve, &plan, &resp.Diagnostics)
	plan.remember(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, plan.identity())...)
}

// mayWrite refuses, before the first write, what a plan only warned of.
func (r *apiTokenResource) mayWrite(ctx context.Context, pve *proxmox.Client, plan, state *apiTokenModel, diags *diag.Diagnostics) bool {
	if state != nil && !plan.rotates(state) {
		if name := plan.asksForLostSecret(state); name != "" {
			diags.AddAttributeError(path.Root(name), "Unable to recover the secret", lostValue)
			return false
		}
	}
	if refuseMissingRoles(ctx, pve, plan.principal(ctx, diags), tokenProblemPath, diags); diags.HasError() {
		return false
	}
	review, owner, planned, err := r.foretell(ctx, pve, plan, diags)
	if err != nil {
		values.AddError(diags, "Unable to tell what "+plan.fullName()+" may do", err)
		return false
	}
	if state != nil && owner != nil && !plan.sameToken(state) {
		current := planned
		current.Tokens = map[string]proxmox.Token{plan.current(): owner.Tokens[state.current()]}
		if grantsNothing(ctx, pve, current, planned) {
			return !diags.HasError()
		}
	}
	review.refuseFindings(plan.fullName(), values.AcceptedRisks(ctx, plan.AcceptedRisks, diags), diags)
	return !diags.HasError()
}

// computeExpiry replaces an expiry that the plan left open, and returns what is to be remembered.
func (m *apiTokenModel) computeExpiry() expiries {
	computed := expiries{}
	if m.ExpiresAt.IsUnknown() {
		m.ExpiresAt = types.StringNull()
		if !m.ExpiresIn.IsNull() {
			m.ExpiresAt = values.TimeValue(values.ExpiryAfter(m.ExpiresIn).Unix())
		}
	}
	if !m.ExpiresIn.IsNull() {
		computed[m.current()] = values.UnixTime(m.ExpiresAt)
	}
	return computed
}

// review fills in what the plan left open about a token just written, and compares it with PVE's own word.
func (r *apiTokenResource) review(ctx context.Context, pve *proxmox.Client, plan *apiTokenModel, diags *diag.Diagnostics) {
	authID := plan.user().Token(plan.current())
	if plan.Effective.IsUnknown() || plan.Findings.IsUnknown() {
		review, err := reviewAccess(ctx, pve, plan.user(), authID, nil)
		if err != nil {
			plan.forgetReview()
			diags.AddWarning("Unable to read the token's permissions", values.UpperFirst(err.Error())+"\n\nIt was written; the next plan shows it.")
			return
		}
		review.showToken(ctx, plan, diags)
	}
	verifyAccess(ctx, pve, authID, expectedRights(ctx, plan.Effective, diags), diags)
}

func (m *apiTokenModel) forgetReview() {
	m.Effective, m.Findings = types.MapNull(effectiveType), types.ListNull(accessFindingType)
}

func (r *apiTokenResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state apiTokenModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	// Before anything may be found gone: Terraform refuses a resource that is read without identity.
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, state.identity())...)
	ctx, cancel := session.WithTimeout(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	r.findRenewed(ctx, &state, resp.Private, &resp.Diagnostics)
	renewed := readRenewed(ctx, resp.Private, &resp.Diagnostics) == state.current()
	found, err := r.read(ctx, &state, &resp.Diagnostics)
	if renewed {
		state.RotationDue = types.BoolValue(true)
	}
	if err != nil {
		values.AddReadError(&resp.Diagnostics, "Unable to read token "+state.FullTokenID.ValueString(), err)
		return
	}
	if !found {
		resp.State.RemoveResource(ctx)
		return
	}
	state.remember(ctx, resp.Private, &resp.Diagnostics)
	state.warnOfIdle(ctx, r.Clients, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// warnOfIdle warns of what the token has and does nothing: grants on what PVE does not have, accepted risks without a
// finding, and an end that is over. Of an end that the configuration has, its validation warns.
func (m *apiTokenModel) warnOfIdle(ctx context.Context, clients *session.Clients, diags *diag.Diagnostics) {
	warnOfMissingPlaces(ctx, clients, m.token(ctx, diags).Grants, nil, diags)
	values.WarnOfUnneeded("token "+m.fullName(), unneededIn(ctx, m.AcceptedRisks, m.Findings, diags), nil, diags)
	if !m.ExpiresIn.IsNull() {
		values.WarnOfEnd("token "+m.fullName(), values.UnixEnd(values.UnixTime(m.ExpiresAt)), clients.Now(), path.Root("expires_in"), diags)
	}
}

// privateState is private state that a refresh may write.
type privateState interface {
	values.PrivateReader
	values.PrivateWriter
}

// findRenewed takes a secret out of state that PVE does not accept any more, and remembers its token as one that
// somebody else renewed.
func (r *apiTokenResource) findRenewed(ctx context.Context, state *apiTokenModel, private privateState, diags *diag.Diagnostics) {
	if state.Secret.ValueString() == "" {
		return
	}
	pve, err := r.Clients.PVE()
	if err != nil || !renewedElsewhere(ctx, pve, state.user(), state.current(), state.Secret.ValueString(), diags) {
		return
	}
	diags.AddWarning("Someone renewed the secret of "+state.fullName(), renewedDetail)
	writeRenewed(ctx, private, state.current(), diags)
	state.Secret, state.EncryptedSecret = types.StringNull(), types.StringNull()
}

// read takes what PVE has into the model. found is false only when PVE has proven that there is no such token. If
// somebody removed the current token while the one before it still works, the resource is that one, due for rotation.
func (r *apiTokenResource) read(ctx context.Context, model *apiTokenModel, diags *diag.Diagnostics) (found bool, err error) {
	pve, err := r.Clients.PVE()
	if err != nil {
		return false, err
	}
	token, err := pve.ReadToken(ctx, model.user(), model.current())
	if err != nil {
		return false, err
	}
	var before *proxmox.Token
	previous := model.previousToken(ctx, diags)
	if previous != nil {
		if before, err = pve.ReadToken(ctx, model.user(), previous.TokenID.ValueString()); err != nil {
			return false, err
		}
	}
	lost := token == nil
	switch {
	case lost && before == nil:
		return false, nil
	case lost:
		model.name(previous.TokenID.ValueString())
		model.Secret, model.EncryptedSecret = types.StringNull(), types.StringNull()
		token, before = before, nil
	}
	model.Previous = types.ObjectNull(previousType.AttrTypes)
	if before != nil {
		model.Previous = previousValue(previous.TokenID.ValueString(), values.TimeString(previous.ExpiresAt, before.Expire))
	}
	review, err := reviewAccess(ctx, pve, model.user(), model.user().Token(model.current()), nil)
	if err != nil {
		return false, err
	}
	written, imported := *model, model.PrivilegeSeparation.IsNull()
	model.take(ctx, *token, diags)
	if imported {
		written.Grants = model.Grants
	}
	review.showToken(ctx, &written, diags)
	model.Effective, model.Findings = written.Effective, written.Findings
	model.RotationDue = types.BoolValue(lost || model.dueAt(time.Now()))
	return true, nil
}

func (r *apiTokenResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state apiTokenModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	pve, err := r.Clients.PVE()
	if err == nil {
		err = pve.DeleteToken(ctx, state.user(), state.current(), state.token(ctx, &resp.Diagnostics))
	}
	if previous := state.previousToken(ctx, &resp.Diagnostics); err == nil && previous != nil {
		err = pve.DeleteToken(ctx, state.user(), previous.TokenID.ValueString(), proxmox.Token{})
	}
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to delete token "+state.FullTokenID.ValueString(), err)
	}
}
