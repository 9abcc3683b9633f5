package access

import (
	"context"
	"errors"
	"fmt"
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

// ValidateConfig finds what no single attribute shows.
func (r *apiTokenResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model apiTokenModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	model.checkExpiry(&resp.Diagnostics)
	separated := model.PrivilegeSeparation
	switch {
	case model.Grants.IsUnknown() || separated.IsUnknown():
	case len(model.Grants.Elements()) > 0 && !separated.IsNull() && !separated.ValueBool():
		resp.Diagnostics.AddAttributeError(path.Root("grants"), "Grants without effect",
			"With privilege_separation = false PVE gives the token all rights of the user and ignores its own grants. Leave grants out, or privilege_separation on.")
	case len(model.Grants.Elements()) == 0 && (separated.IsNull() || separated.ValueBool()):
		resp.Diagnostics.AddAttributeWarning(path.Root("grants"), "A token that may do nothing",
			"With privilege separation a token has only what its own grants give it, and this one has none. Give it grants within the rights of its user.")
	}
	model.checkRecipients(ctx, &resp.Diagnostics)
}

// checkRecipients finds public keys that are usable alone and not together, such as age's own beside its post-quantum ones.
func (m *apiTokenModel) checkRecipients(ctx context.Context, diags *diag.Diagnostics) {
	if m.Recipients.IsNull() || !values.FullyKnown(m.Recipients) {
		return
	}
	recipients := values.StringsInSet(ctx, m.Recipients, diags)
	if slices.ContainsFunc(recipients, func(text string) bool { return checkRecipient(text) != nil }) {
		return // said by the attribute's own validator
	}
	if _, err := encryptFor(recipients, "trial"); err != nil {
		diags.AddAttributeError(path.Root("recipients"), "Recipients not usable together", values.UpperFirst(err.Error())+".")
	}
}

// checkExpiry wants exactly one way to say when the token ends.
func (m *apiTokenModel) checkExpiry(diags *diag.Diagnostics) {
	if m.ExpiresAt.IsUnknown() || m.ExpiresIn.IsUnknown() || m.NeverExpires.IsUnknown() {
		return
	}
	var given []string
	for name, set := range map[string]bool{"expires_at": !m.ExpiresAt.IsNull(), "expires_in": !m.ExpiresIn.IsNull(), "never_expires": m.NeverExpires.ValueBool()} {
		if set {
			given = append(given, name)
		}
	}
	switch {
	case len(given) == 0:
		diags.AddAttributeError(path.Root("expires_in"), "Expiry missing",
			"A token that nobody ends works for ever. Say when it ends with expires_in = \"90d\" or expires_at, or that it shall not with never_expires = true.")
	case len(given) > 1:
		diags.AddAttributeError(path.Root("expires_in"), "Expiry said twice", "Give one of expires_at, expires_in and never_expires.")
	}
	if before := values.Lifetime(m.RotateBefore); before != 0 && !m.ExpiresIn.IsNull() && before >= values.Lifetime(m.ExpiresIn) {
		diags.AddAttributeError(path.Root("rotate_before"), "Rotation at every apply",
			fmt.Sprintf("rotate_before = %q is not shorter than expires_in = %q, so that each new token would be due at once.", m.RotateBefore.ValueString(), m.ExpiresIn.ValueString()))
	}
}

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
	if state != nil && (!plan.UserID.Equal(state.UserID) || !plan.TokenID.Equal(state.TokenID)) {
		state = nil // replaced
	}
	rotates := planRotation(ctx, &plan, &config, state, computed, &resp.Diagnostics)
	changed := state == nil || rotates || !plan.sameToken(state)
	plan.Effective, plan.Findings = types.MapUnknown(effectiveType), types.ListUnknown(accessFindingType)
	if !resp.Diagnostics.HasError() && r.Clients != nil && plan.known() {
		r.planAccess(ctx, &plan, state, changed, rotates, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// planRotation plans everything that a new secret brings with it, or that nothing of it happens.
func planRotation(ctx context.Context, plan, config, state *apiTokenModel, computed expiries, diags *diag.Diagnostics) (rotates bool) {
	plan.RotationDue = types.BoolValue(false)
	rotates = state != nil && (!plan.RotationID.Equal(state.RotationID) || state.RotationDue.ValueBool())
	plan.planExpiry(config, state, rotates, computed)
	switch {
	case state == nil:
		plan.Previous = types.ObjectNull(previousType.AttrTypes)
		plan.CurrentTokenID, plan.FullTokenID = plan.TokenID, types.StringUnknown()
		if !plan.UserID.IsUnknown() && !plan.TokenID.IsUnknown() {
			plan.name(plan.TokenID.ValueString())
		}
		plan.planNewSecret()
	case rotates && plan.Rotation.ValueString() == rotationInPlace:
		plan.name(state.current())
		plan.Previous = state.Previous
		plan.planNewSecret()
	case rotates:
		plan.name(successor(plan.TokenID.ValueString(), state.current()))
		plan.Previous = previousValue(state.current(), types.StringUnknown())
		plan.planNewSecret()
	default:
		plan.name(state.current())
		plan.Previous = state.Previous
		if previous := state.previousToken(ctx, diags); previous != nil && computed[previous.TokenID.ValueString()] != 0 {
			plan.Previous = previousValue(previous.TokenID.ValueString(), values.TimeString(previous.ExpiresAt, computed[previous.TokenID.ValueString()]))
		}
		plan.keepSecret(state, diags)
	}
	return rotates
}

// planExpiry fills in expires_at as planExpiry of a user's tokens does.
func (m *apiTokenModel) planExpiry(config, state *apiTokenModel, rotates bool, computed expiries) {
	m.ExpiresAt = config.ExpiresAt
	switch {
	case config.NeverExpires.IsUnknown() || config.ExpiresIn.IsUnknown():
		m.ExpiresAt = types.StringUnknown()
	case config.ExpiresIn.IsNull():
	case state == nil || rotates || !state.ExpiresIn.Equal(config.ExpiresIn) || computed[state.current()] == 0:
		m.ExpiresAt = types.StringUnknown()
	default:
		m.ExpiresAt = values.TimeString(state.ExpiresAt, computed[state.current()])
	}
}

// planNewSecret plans a secret that the apply will bring.
func (m *apiTokenModel) planNewSecret() {
	m.Secret, m.EncryptedSecret = types.StringUnknown(), types.StringUnknown()
	if !m.SecretInState.IsUnknown() && !m.SecretInState.ValueBool() {
		m.Secret = types.StringNull()
	}
	if m.Recipients.IsNull() {
		m.EncryptedSecret = types.StringNull()
	}
}

// keepSecret plans the secret of a token that does not rotate: what the configuration newly asks for is made of what is known, or refused.
func (m *apiTokenModel) keepSecret(state *apiTokenModel, diags *diag.Diagnostics) {
	m.Secret, m.EncryptedSecret = state.Secret, state.EncryptedSecret
	const lost = "PVE tells a secret only once, and this one was not kept. Change rotation_id too, which gives the token a new one."
	switch {
	case m.SecretInState.IsUnknown():
		m.Secret = types.StringUnknown()
	case !m.SecretInState.ValueBool():
		m.Secret = types.StringNull()
	case state.Secret.IsNull():
		diags.AddAttributeError(path.Root("secret_in_state"), "The secret is not known any more", lost)
	}
	switch {
	case m.Recipients.IsUnknown():
		m.EncryptedSecret = types.StringUnknown()
	case m.Recipients.IsNull():
		m.EncryptedSecret = types.StringNull()
	case m.Recipients.Equal(state.Recipients):
	case state.Secret.IsNull():
		diags.AddAttributeError(path.Root("recipients"), "The secret is not known any more", lost)
	default:
		m.EncryptedSecret = types.StringUnknown()
	}
}

// planAccess checks the planned token against the server, and fills in what follows from it. When the token changes, its rights stay unknown until
// it is written: its user, or a role, may change in the same run. Ways to root are looked for all the same, with the user as it is.
func (r *apiTokenResource) planAccess(ctx context.Context, plan, state *apiTokenModel, changed, rotates bool, diags *diag.Diagnostics) {
	pve, err := r.Clients.PVE()
	if !session.PlanReached(err, path.Empty(), diags) {
		return
	}
	want := plan.principal(ctx, diags)
	problems := pve.CheckPrincipal(ctx, want)
	if state != nil && len(problems) == 0 {
		have := proxmox.Principal{UserID: want.UserID, Tokens: map[string]proxmox.Token{plan.TokenID.ValueString(): state.token(ctx, diags)}}
		problems = pve.CheckUpdate(ctx, have, want)
	}
	for _, problem := range problems {
		if problem.Field == "" && problem.Err != nil {
			session.PlanReached(problem.Err, path.Empty(), diags)
			continue
		}
		diags.AddAttributeError(tokenProblemPath(problem.Field), "PVE would refuse this token", strings.TrimSpace(values.UpperFirst(problem.Msg)+"\n\n"+problem.Fix))
	}
	if rotates && plan.Rotation.ValueString() == rotationInPlace {
		if err := pve.CanRegenerate(ctx); errors.Is(err, proxmox.ErrNoRegenerate) {
			diags.AddAttributeError(path.Root("rotation"), "No rotation in place", values.UpperFirst(err.Error())+".\n\nUse rotation = \"overlap\", which gives the token another name.")
		} else if !session.PlanReached(err, path.Empty(), diags) {
			return
		}
	}
	if diags.HasError() {
		return
	}
	review, owner, err := r.foretell(ctx, pve, plan, diags)
	if !session.PlanReached(err, path.Empty(), diags) {
		return
	}
	if !changed {
		review.showToken(ctx, plan, diags)
	}
	review.refuseFindings(plan.FullTokenID.ValueString(), values.AcceptedRisks(ctx, plan.AcceptedRisks, diags), diags)
	if state == nil && owner != nil {
		if _, exists := owner.Tokens[plan.current()]; exists {
			diags.AddAttributeError(path.Root("token_id"), "Token exists already", fmt.Sprintf("PVE has a token %s, and its secret can't be read. Import it "+
				"(terraform import ADDRESS '%s') or choose another id.", plan.FullTokenID.ValueString(), plan.FullTokenID.ValueString()))
		}
	}
	if !changed {
		return
	}
	var groups []string
	if owner != nil {
		groups = owner.Groups
	}
	missing, err := pve.MissingTokenPrivileges(ctx, plan.user(), groups, plan.token(ctx, diags))
	if session.PlanReached(err, path.Empty(), diags) {
		refuseMissing(missing, diags)
	}
}

// foretell reviews the planned token beside everything that its user has now. owner is nil while there is no such user.
func (r *apiTokenResource) foretell(ctx context.Context, pve *proxmox.Client, plan *apiTokenModel, diags *diag.Diagnostics) (accessReview, *proxmox.Principal, error) {
	owner, err := pve.ReadPrincipal(ctx, plan.user(), "")
	if err != nil {
		return accessReview{}, nil, err
	}
	planned := proxmox.Principal{UserID: plan.user(), Tokens: map[string]proxmox.Token{}}
	if owner != nil {
		planned.Groups, planned.Grants = owner.Groups, owner.Grants
	}
	planned.Tokens[plan.current()] = plan.token(ctx, diags)
	review, err := reviewAccess(ctx, pve, plan.user(), plan.user().Token(plan.current()), &planned)
	return review, owner, err
}

// showToken writes effective permissions and findings into the model. A token explains what it has through its own grants, and without separation
// nothing of it.
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
	if name == "expire" {
		name = "expires_at"
	}
	return path.Root(name)
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
