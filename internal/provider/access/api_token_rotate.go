package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

func (r *apiTokenResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state apiTokenModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(setIdentity(ctx, resp.Identity, plan.identity())...)
	remembered := readExpiries(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	pve, err := r.Clients.PVE()
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to update token "+state.FullTokenID.ValueString(), err)
		return
	}
	if !r.mayWrite(ctx, pve, &plan, &state, &resp.Diagnostics) {
		return
	}
	u := tokenUpdate{pve: pve, plan: &plan, state: &state, computed: plan.computeExpiry(), diags: &resp.Diagnostics}
	if previous := state.previousToken(ctx, u.diags); previous != nil && remembered[previous.TokenID.ValueString()] != 0 {
		u.computed[previous.TokenID.ValueString()] = remembered[previous.TokenID.ValueString()]
	}
	made, err := u.run(ctx)
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to update token "+state.FullTokenID.ValueString(), err)
		if !made {
			return // state stays as it was; the next refresh reads what took effect
		}
		// The new secret is known only here: it must not be lost because a later step failed.
		plan.forgetReview()
	} else {
		r.review(ctx, pve, &plan, &resp.Diagnostics)
	}
	u.computed.write(ctx, resp.Private, &resp.Diagnostics)
	writeRenewed(ctx, resp.Private, "", &resp.Diagnostics)
	values.WriteApplied(ctx, resp.Private, plan.digest(ctx, &resp.Diagnostics), &resp.Diagnostics)
	plan.remember(ctx, resp.Private, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// tokenUpdate carries one update through its steps.
type tokenUpdate struct {
	pve         *proxmox.Client
	plan, state *apiTokenModel
	computed    expiries
	diags       *diag.Diagnostics
}

// run updates or rotates. made tells that a new secret exists, which the plan now holds as the configuration wants.
func (u *tokenUpdate) run(ctx context.Context) (made bool, err error) {
	rotates := u.plan.rotates(u.state)
	switch {
	case rotates && u.plan.Rotation.ValueString() == rotationInPlace:
		return u.renew(ctx)
	case rotates:
		return u.succeed(ctx)
	}
	if err := u.change(ctx); err != nil {
		return false, err
	}
	if u.plan.EncryptedSecret.IsUnknown() { // other recipients, of a secret that state knows
		u.plan.recordSecret(ctx, u.state.Secret.ValueString(), u.diags)
	}
	return false, nil
}

// change moves the token, and the one before it if there is one, to what is planned. Both keep their secrets.
func (u *tokenUpdate) change(ctx context.Context) error {
	have, want := u.state.token(ctx, u.diags), u.plan.token(ctx, u.diags)
	if err := u.pve.UpdateToken(ctx, u.plan.user(), u.plan.current(), have, want); err != nil {
		return err
	}
	return u.settlePrevious(ctx)
}

// settlePrevious removes the token before the last rotation once its time is over, and gives it what is planned for its
// successor until then.
func (u *tokenUpdate) settlePrevious(ctx context.Context) error {
	previous := u.state.previousToken(ctx, u.diags)
	if previous == nil {
		return nil
	}
	id := previous.TokenID.ValueString()
	if u.plan.Previous.IsNull() || u.plan.Previous.IsUnknown() && previous.over(time.Now()) {
		u.plan.Previous = types.ObjectNull(previousType.AttrTypes)
		delete(u.computed, id)
		return u.pve.DeleteToken(ctx, u.plan.user(), id, proxmox.Token{})
	}
	if u.plan.Previous.IsUnknown() {
		end := values.UnixTime(previous.ExpiresAt)
		if u.computed[id] != 0 {
			end = u.computed[id]
		}
		u.plan.Previous = previousValue(id, values.TimeString(previous.ExpiresAt, end))
	}
	planned := u.plan.previousToken(ctx, u.diags)
	return u.retire(ctx, id, values.UnixTime(planned.ExpiresAt))
}

// retire gives a token an end, and the rights that are planned for its successor.
func (u *tokenUpdate) retire(ctx context.Context, id string, expire int64) error {
	have, err := u.pve.ReadToken(ctx, u.plan.user(), id)
	if err != nil || have == nil {
		return err
	}
	want := *have
	want.Expire = expire
	want.Grants = u.plan.token(ctx, u.diags).Grants
	if err := u.pve.UpdateToken(ctx, u.plan.user(), id, *have, want); err != nil {
		return fmt.Errorf("ending token %s: %w", u.plan.user().Token(id), err)
	}
	return nil
}

// renew rotates in place: the old secret dies when the new one comes.
func (u *tokenUpdate) renew(ctx context.Context) (made bool, err error) {
	have, want := u.state.token(ctx, u.diags), u.plan.token(ctx, u.diags)
	secret, err := u.pve.RegenerateToken(ctx, u.plan.user(), u.plan.current(), have, want)
	if err != nil {
		return false, err
	}
	u.plan.recordSecret(ctx, secret, u.diags)
	have.Comment, have.Expire, have.PrivilegeSeparation = want.Comment, want.Expire, want.PrivilegeSeparation
	return true, errors.Join(u.pve.UpdateToken(ctx, u.plan.user(), u.plan.current(), have, want), u.settlePrevious(ctx))
}

// succeed rotates with overlap: the new token works before the old one gets its end. What an interrupted rotation left
// under the new name is replaced, since nobody has its secret, and the token before the old one goes.
func (u *tokenUpdate) succeed(ctx context.Context) (made bool, err error) {
	old, next := u.state.current(), u.plan.current()
	for _, id := range []string{next, u.before(ctx)} {
		if id == "" || id == old {
			continue
		}
		if err := u.pve.DeleteToken(ctx, u.plan.user(), id, proxmox.Token{}); err != nil {
			return false, err
		}
		delete(u.computed, id)
	}
	if !u.plan.ExpiresIn.IsNull() {
		u.computed[next] = values.UnixTime(u.plan.ExpiresAt)
	}
	secret, err := u.pve.CreateToken(ctx, u.plan.user(), next, u.plan.token(ctx, u.diags))
	if err != nil {
		return false, err
	}
	u.plan.recordSecret(ctx, secret, u.diags)
	if u.plan.Previous.IsNull() { // somebody else has its secret
		return true, u.pve.DeleteToken(ctx, u.plan.user(), old, proxmox.Token{})
	}
	end := time.Now().Add(values.Lifetime(u.plan.Overlap)).Unix()
	if expires := values.UnixTime(u.state.ExpiresAt); expires != 0 {
		end = min(end, expires)
	}
	u.plan.Previous = previousValue(old, values.TimeValue(end))
	u.computed[old] = end // remembered, so that the next plan ends the old token if this run cannot
	return true, u.retire(ctx, old, end)
}

// before is the id of the token that was current before the old one, "" for none.
func (u *tokenUpdate) before(ctx context.Context) string {
	if previous := u.state.previousToken(ctx, u.diags); previous != nil {
		return previous.TokenID.ValueString()
	}
	return ""
}
