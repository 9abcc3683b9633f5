package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// ModifyPlan fills in everything that an apply will write: the rendered text, its digest, what it grants, and the state
// of each node afterwards. What a node holds today is compared with that, so drift shows as a planned change of
// deployed.
func (r *sudoersPolicyResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		warnOfImported(ctx, req, &resp.Diagnostics)
		return // destroy
	}
	var plan, config sudoersPolicyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	var state *sudoersPolicyModel
	if !req.State.Raw.IsNull() {
		state = &sudoersPolicyModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.Name.IsUnknown() {
		plan.RefuseTwice(ctx, r.Clients, plan.What(), state != nil, req.Private, resp.Private, &resp.Diagnostics)
	}
	plan.Content = config.Content
	text := plan.keepForm(state, render(ctx, &plan, &resp.Diagnostics))
	if resp.Diagnostics.HasError() {
		return
	}
	observed := getObserved(ctx, req.Private, &resp.Diagnostics)
	targets, known := r.PlanTargets(ctx, plan.Nodes, &resp.Diagnostics)
	existed := r.judge(ctx, &plan, text, state, req.Private, &resp.Diagnostics)
	if known {
		plan.narrows = func() bool { return plan.takesAway(ctx, text, state, observed, targets) }
		if state == nil && !plan.unchanged && r.heldAlready(ctx, &plan, text, targets) {
			plan.unchanged, plan.quiet = true, false
		}
	}
	plan.refuseUnfit(state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if plan.Enforcement.ValueString() != enforceWarn { // a warning is said by the validation
		plan.refuseLint(ctx, text, &resp.Diagnostics)
	}
	plan.analyse(ctx, text, &resp.Diagnostics)
	plan.prove(ctx, text, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.PlanSkipped(ctx, placedOf(state), &resp.Diagnostics) // the nodes may not be known
	plan.Deployed, plan.RemovedGrants = types.MapUnknown(deployedPolicyType), types.MapUnknown(values.StringListType)
	plan.Logged, plan.Overruled = types.MapUnknown(loggedType), types.MapUnknown(values.StringListType)
	plan.OpenPackages()
	var seen map[string]*hardening.SudoersState
	var around surroundings
	if known {
		around, seen = r.planAround(ctx, &plan, state, text, targets, observed, &resp.Diagnostics)
		plan.checkElsewhere(ctx, text, around, &resp.Diagnostics)
		plan.judgeAliases(state, around, &resp.Diagnostics)
		plan.judgeAround(ctx, text, around, &resp.Diagnostics)
		plan.proveAround(ctx, text, around, &resp.Diagnostics)
		if !plan.quiet || state == nil {
			plan.warnOfUnproven(around, targets, &resp.Diagnostics)
			plan.warnOfIdleAround(ctx, text, around, targets, &resp.Diagnostics)
			r.warnOfMissingPrograms(ctx, &plan, text, targets, &resp.Diagnostics)
		}
		plan.showLogged(ctx, around, !plan.quiet || !around.recorded && state == nil, r.sincePlanned(state), &resp.Diagnostics)
		plan.showOverruled(ctx, text, around, !plan.quiet || !around.recorded && state == nil, state, nil, &resp.Diagnostics)
		plan.Deployed = plan.planDeployed(ctx, state, targets, observed, &resp.Diagnostics)
		plan.PlanSkipped(ctx, placedOf(state), &resp.Diagnostics)
		plan.planRemovedGrants(ctx, state, targets, observed, seen, &resp.Diagnostics)
		r.PlanPackages(ctx, &plan, state, targets, seen, &resp.Diagnostics)
	}
	r.planEnds(ctx, &plan, state, text, targets, around, observed, &resp.Diagnostics)
	plan.planChange(ctx, text, state, observed, &resp.Diagnostics)
	plan.judgeNewAccess(ctx, text, state, plan.heldBefore(ctx, state, observed, seen, existed, &resp.Diagnostics), !plan.quiet, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.Refused, plan.NotEnforced = plan.refusedValue(), listOrNull(plan.notEnforced)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

// judge finds out what the problems of a plan are: of a new request, or of a configuration that was applied as it is.
// Terraform plans a policy that is tainted, and one that no node has any more, as if it were new. Existed tells that
// one was there before.
func (r *sudoersPolicyResource) judge(
	ctx context.Context, plan *sudoersPolicyModel, text *review.Policy, state *sudoersPolicyModel, private values.PrivateReader, diags *diag.Diagnostics,
) (existed bool) {
	plan.quiet, plan.now = true, r.Clients.Now
	if r.Clients == nil {
		return state != nil
	}
	holdings, what := r.Clients.Holdings(), plan.What()
	plan.quiet = !holdings.Read(what)
	if state != nil {
		holdings.NotePlanned(state.HeldAs(state.What()))
		plan.unchanged = plan.wasApplied(ctx, private, diags)
		plan.told, plan.toldToday = plan.unchanged && !plan.quiet, holdings.Told(state.HeldAs(state.What()))
		plan.unchanged = plan.unchanged || plan.wasImported(ctx, text, state, private, diags)
		return true
	}
	existed, _ = holdings.Own(ctx, plan.HeldAs(what))
	applied := holdings.Applied(plan.HeldAs(what))
	plan.unchanged = existed && (applied == "" || applied == plan.digest(ctx)) // nothing was applied of an imported one
	return existed
}

// heldAlready tells that every node holds what a new policy grants, in the policy's own file, and that this leads to
// root. Such a plan asks for nothing new: it comes before a destroy where an import block names the file, and an apply
// of it is refused, since the file is somebody's until it is imported. What cannot be told is no.
func (r *sudoersPolicyResource) heldAlready(ctx context.Context, plan *sudoersPolicyModel, text *review.Policy, targets []node.Target) bool {
	if text == nil || len(targets) == 0 || plan.Name.IsUnknown() || !plan.knowsSubjects() || !plan.knowsAcceptances() || plan.Enforcement.ValueString() == enforceWarn {
		return false
	}
	if refused := text.Refused(plan.acceptances(ctx, &diag.Diagnostics{})); !refused.Any() {
		return false
	}
	nodes, err := r.Clients.Nodes()
	if err != nil {
		return false
	}
	seen, err := session.Observe(ctx, nodes, targets, plan.policy().Observe)
	if err != nil {
		return false
	}
	for _, found := range seen {
		if !found.File.Present {
			return false
		}
		if change := text.ChangeFrom(found.Content); !hardening.SameForm(text.Text, found.Content) && !change.Nothing() {
			return false
		}
	}
	return true
}

// placedOf is what is recorded of the nodes, nil for a policy that is new.
func placedOf(state *sudoersPolicyModel) *session.Placed {
	if state == nil {
		return nil
	}
	return &state.Placed
}

// keepForm keeps the recorded text where the configuration's differs from it in form alone, so that a reformatted
// policy is an empty plan. It gives the text that the plan has then.
func (m *sudoersPolicyModel) keepForm(state *sudoersPolicyModel, text *review.Policy) *review.Policy {
	if state == nil || text == nil || !state.Name.Equal(m.Name) || !hardening.SameForm(state.Content.ValueString(), text.Text) {
		return text
	}
	m.Content, m.Lint = state.Content, state.Lint
	m.SHA256 = types.StringValue(hardening.Digest(m.Content.ValueString()))
	if m.Content.ValueString() == text.Text {
		return text
	}
	return m.text()
}

// text is the policy's text, nil while it is not known or malformed.
func (m *sudoersPolicyModel) text() *review.Policy {
	if m.Content.IsUnknown() || m.Content.IsNull() || !m.knowsSubjects() || m.Name.IsUnknown() {
		return nil
	}
	text, _ := review.ParsePolicy(m.Name.ValueString(), m.Subject.ValueString(), m.Content.ValueString())
	if text != nil {
		text.Vouched = m.vouched(&diag.Diagnostics{}) // what is wrong with it is said where the text is rendered
		text.Elsewhere = m.elsewhere()
	}
	return text
}

func (m *sudoersPolicyModel) planDeployed(ctx context.Context, state *sudoersPolicyModel, targets []node.Target, observed map[string]observedNode, diags *diag.Diagnostics) types.Map {
	found := map[string]deployedPolicyModel{}
	if state != nil {
		found = state.deployedPolicies(ctx, diags)
	}
	deployed := map[string]attr.Value{}
	for _, target := range targets {
		foreign := types.ListUnknown(types.StringType)
		entry, known := found[target.Name]
		record := observed[target.Name].Around
		switch {
		case !known || m.mustLook(state, target.Name, observed):
		case !m.Exclusive.ValueBool() && !m.Exclusive.IsUnknown():
			foreign = entry.ForeignGrants
		case len(entry.ForeignGrants.Elements()) == 0:
			foreign = entry.ForeignGrants
		case observed[target.Name].Kept != nil:
			foreign = values.StringList(observed[target.Name].Kept)
		}
		planned := m.planned(ctx, foreign, review.Beyond{}, diags)
		switch {
		case foreign.IsUnknown():
			planned = openBeyond(planned)
		case len(foreign.Elements()) == 0 && (record == nil || !review.OptionsAround(*record)):
		case m.Content.IsUnknown() || m.cutsUnknown():
			planned = openBeyond(planned)
		case record == nil: // a node that was skipped
			planned = withBeyond(planned, entry.Beyond, entry.RootEquivalent)
		case len(foreign.Elements()) == 0:
			planned = m.planned(ctx, foreign, m.beyond(m.Exclusive.ValueBool()).byOptions(*record), diags)
		default:
			planned = m.planned(ctx, foreign, m.beyond(m.Exclusive.ValueBool()).on(m.Content.ValueString(), *record), diags)
		}
		deployed[target.Name] = planned
	}
	return types.MapValueMust(deployedPolicyType, deployed)
}

// mustLook tells that nothing is recorded of what the other files of a node say about the subject of the plan. A node
// that was left out when the nodes were read last, since it did not answer, stays left out.
func (m *sudoersPolicyModel) mustLook(state *sudoersPolicyModel, name string, observed map[string]observedNode) bool {
	if state == nil || !state.Name.Equal(m.Name) || !state.SharedWith.Equal(m.SharedWith) {
		return true
	}
	if _, is := state.Deployed.Elements()[name]; !is {
		return true
	}
	record, known := observed[name]
	return known && (record.Around == nil || !record.Around.About(m.subjects()))
}

// planAround gives what other files of the nodes say about the subject: what is recorded of it, and what they hold now
// where nothing is. The nodes that it read for that are seen.
func (r *sudoersPolicyResource) planAround(
	ctx context.Context, plan, state *sudoersPolicyModel, text *review.Policy, targets []node.Target, observed map[string]observedNode, diags *diag.Diagnostics,
) (around surroundings, seen map[string]*hardening.SudoersState) {
	around = surroundings{on: map[string]hardening.Surroundings{}, recorded: true}
	var look []node.Target
	for _, target := range targets {
		switch record := observed[target.Name]; {
		case plan.mustLook(state, target.Name, observed):
			look = append(look, target)
		case record.Around != nil:
			around.on[target.Name] = *record.Around
		}
	}
	if len(look) == 0 {
		return around, nil
	}
	around.recorded = false
	seen = r.lookAhead(ctx, plan, state, text, look, diags)
	around.looked, around.open = map[string]bool{}, len(seen) < len(look)
	for name, found := range seen {
		around.on[name], around.looked[name] = found.Around, true
	}
	return around, seen
}

// lookAhead reads the nodes that a policy is new on, so that a reviewer learns what the subject can do there already. A
// node that can't be reached from where the plan is made is said by name; nil is returned then.
func (r *sudoersPolicyResource) lookAhead(
	ctx context.Context, plan, state *sudoersPolicyModel, text *review.Policy, targets []node.Target, diags *diag.Diagnostics,
) map[string]*hardening.SudoersState {
	nodes, err := r.Clients.Nodes()
	if !session.PlanReached(err, path.Empty(), diags) || !plan.knowsSubjects() || plan.Name.IsUnknown() {
		return nil
	}
	policy := plan.policy()
	targets = r.Reachable(ctx, targets, plan.OnUnreachable, diags)
	seen, err := session.Observe(ctx, nodes, targets, policy.Observe)
	if !session.PlanReached(err, path.Empty(), diags) {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		session.WarnOfUnfinished(name, seen[name].Unfinished, seen[name].Leftover, diags)
		recorded := false
		if state != nil && state.Name.Equal(plan.Name) {
			_, recorded = state.Deployed.Elements()[name]
		}
		if seen[name].File.Present && !recorded {
			diags.AddAttributeWarning(path.Root("name"), "The file already exists",
				fmt.Sprintf("Node %s has a file %s now. If it is not what this plan replaces, the apply refuses to overwrite it: import it (terraform import … %s), remove it, or choose another name.", name, policy.Path(), plan.Name.ValueString()))
		}
	}
	warnOfToday(policy, newBeyondReader(policy.Tolerant(), text), seen, nil, r.Clients.PlansAccount, diags)
	return seen
}
