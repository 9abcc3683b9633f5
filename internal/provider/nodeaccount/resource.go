package nodeaccount

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

var (
	_ resource.ResourceWithConfigure      = (*nodeAccountResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*nodeAccountResource)(nil)
	_ resource.ResourceWithIdentity       = (*nodeAccountResource)(nil)
	_ resource.ResourceWithImportState    = (*nodeAccountResource)(nil)
	_ resource.ResourceWithValidateConfig = (*nodeAccountResource)(nil)
)

type nodeAccountResource struct {
	session.OnNodes[nodeAccountModel, hardening.AccountState, *nodeAccountModel]
}

// NewResource is resource pvesec_node_account.
func NewResource() resource.Resource { return &nodeAccountResource{} }

func (r *nodeAccountResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_node_account"
	resp.ResourceBehavior.MutableIdentity = true // the nodes are a part of it
}

// IdentitySchema describes the identity.
func (r *nodeAccountResource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = session.NodeIdentitySchema()
}

// ValidateConfig refuses a hash without its number, and keys that are given twice.
func (r *nodeAccountResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model nodeAccountModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if model.PasswordHash.IsNull() != model.PasswordVersion.IsNull() {
		resp.Diagnostics.AddAttributeError(path.Root("password_hash"), "Missing password_hash or password_version",
			"Set both, or none for an account whose password is locked. Raise password_version whenever the hash changes: Terraform does not remember the hash.")
	}
	if end, err := time.Parse(time.DateOnly, model.Expires.ValueString()); err == nil {
		values.WarnOfEnd("the account", end, r.Clients.Now(), path.Root("expires"), &resp.Diagnostics)
	}
	if !values.FullyKnown(model.Keys) {
		return
	}
	seen := map[string]bool{}
	for _, key := range model.keys(ctx, &resp.Diagnostics) {
		if id := key.Fingerprint(); id != "" {
			if seen[id] {
				resp.Diagnostics.AddAttributeError(path.Root("authorized_key"), "Invalid authorized_key: the key is given twice",
					fmt.Sprintf("Two blocks have the key %s. sshd uses the options of the line that comes first. Write one block.", id))
			}
			seen[id] = true
		}
	}
}

// ModifyPlan plans the state of each node after an apply, so that drift shows as a planned change of deployed, and
// judges the account.
func (r *nodeAccountResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // destroy
	}
	var plan nodeAccountModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	var state *nodeAccountModel
	if !req.State.Raw.IsNull() {
		state = &nodeAccountModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.Name.IsUnknown() {
		plan.RefuseTwice(ctx, r.Clients, plan.What(), state != nil, req.Private, resp.Private, &resp.Diagnostics)
	}
	var config types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("home"), &config)...)
	if config.IsNull() && !plan.Name.IsUnknown() {
		plan.Home = types.StringValue(defaultHome(plan.Name))
	}
	plan.Findings = types.ListUnknown(findingType)
	plan.Deployed = types.MapUnknown(deployedType)
	plan.OpenPackages()
	if state != nil {
		plan.readUIDs(ctx, req.Private, &resp.Diagnostics)
		plan.readWithdrawn(ctx, req.Private, &resp.Diagnostics)
		plan.readPasswords(ctx, req.Private, &resp.Diagnostics)
	}
	if plan.known() {
		plan.showFindings(ctx, &resp.Diagnostics)
		r.judge(ctx, &plan, state, &resp.Diagnostics)
		r.warnOfUnneeded(ctx, &plan, state, &resp.Diagnostics)
		if targets, known := r.PlanTargets(ctx, plan.Nodes, &resp.Diagnostics); known {
			desired := map[string]attr.Value{}
			for _, target := range targets {
				desired[target.Name] = plan.planned(ctx, state, target.Name, &resp.Diagnostics)
			}
			plan.Deployed = types.MapValueMust(deployedType, desired)
			r.PlanPackages(ctx, &plan, state, targets, nil, &resp.Diagnostics)
		}
	}
	var recorded *session.Placed
	if state != nil {
		recorded = &state.Placed
	}
	plan.PlanSkipped(ctx, recorded, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// showFindings fills in findings. They are open where it is not known yet what is accepted: a finding shows the reason.
func (m *nodeAccountModel) showFindings(ctx context.Context, diags *diag.Diagnostics) {
	if !values.FullyKnown(m.AcceptedRisks) {
		m.Findings = types.ListUnknown(findingType)
		return
	}
	accepted := values.AcceptedRisks(ctx, m.AcceptedRisks, diags)
	elements := []attr.Value{}
	for _, f := range m.account(ctx, diags).Findings() {
		reason := types.StringNull()
		if text := accepted[f.ID]; text != "" {
			reason = types.StringValue(text)
		}
		elements = append(elements, values.WriteObject(ctx, findingType.AttrTypes, findingModel{
			ID: types.StringValue(f.ID), Severity: types.StringValue(f.Severity), About: types.StringValue(f.About), Accepted: reason,
		}, diags))
	}
	m.Findings = types.ListValueMust(findingType, elements)
}

// judge refuses findings that nobody accepts. What the account has already is a warning where the change asks for
// nothing more: Terraform plans before it destroys too, and taking access away is never refused.
func (r *nodeAccountResource) judge(ctx context.Context, plan, state *nodeAccountModel, diags *diag.Diagnostics) {
	if !values.FullyKnown(plan.AcceptedRisks) {
		return
	}
	accepted := values.AcceptedRisks(ctx, plan.AcceptedRisks, diags)
	var before []hardening.AccountFinding
	if state != nil && plan.asksNoMore(ctx, state, diags) {
		before = state.account(ctx, diags).Findings()
	}
	quiet := r.Clients == nil || !r.Clients.Holdings().Read(plan.What())
	for _, f := range plan.account(ctx, diags).Findings() {
		if !f.Refused() || accepted[f.ID] != "" {
			continue
		}
		had := func(other hardening.AccountFinding) bool { return other.ID == f.ID && other.About == f.About }
		judged := values.Refused
		if slices.ContainsFunc(before, had) {
			judged = values.Tolerated
		}
		judged.Report(diags, quiet, path.Root("groups"), fmt.Sprintf("%s: %s makes %s more than its name says", f.ID, f.About, plan.What()),
			fmt.Sprintf("%s.\n\n%s If it is meant, write accepted_risks = { %q = \"the reason\" }.", values.UpperFirst(f.Why), f.Fix, f.ID))
	}
}

// asksNoMore tells that a plan gives the account nothing that the state does not have: no node, group, way to log in or
// length of time more, and that every acceptance is still there.
func (m *nodeAccountModel) asksNoMore(ctx context.Context, state *nodeAccountModel, diags *diag.Diagnostics) bool {
	within := func(now, before []string) bool {
		return !slices.ContainsFunc(now, func(one string) bool { return !slices.Contains(before, one) })
	}
	nodes := m.Nodes.Equal(state.Nodes)
	if !nodes && values.FullyKnown(m.Nodes) && !m.Nodes.IsNull() {
		nodes = within(values.StringsInSet(ctx, m.Nodes, diags), slices.Collect(maps.Keys(state.Deployed.Elements())))
	}
	keys := !slices.ContainsFunc(m.Keys.Elements(), func(key attr.Value) bool {
		return !slices.ContainsFunc(state.Keys.Elements(), key.Equal)
	})
	accepted := values.AcceptedRisks(ctx, m.AcceptedRisks, diags)
	for id := range values.AcceptedRisks(ctx, state.AcceptedRisks, diags) {
		if accepted[id] == "" {
			return false
		}
	}
	return nodes && keys && within(values.StringsInSet(ctx, m.Groups, diags), values.StringsInSet(ctx, state.Groups, diags)) &&
		(m.PasswordVersion.IsNull() || m.PasswordVersion.Equal(state.PasswordVersion)) && (m.Shell.Equal(state.Shell) || hardening.NoLogin(m.Shell.ValueString())) && m.endsNoLater(state)
}

// endsNoLater tells that the account ends on the day of the state or before. Days are year, month, day, so their text
// has their order.
func (m *nodeAccountModel) endsNoLater(state *nodeAccountModel) bool {
	return m.Expires.Equal(state.Expires) || !m.Expires.IsNull() && !m.Expires.IsUnknown() && (state.Expires.IsNull() || m.Expires.ValueString() <= state.Expires.ValueString())
}
