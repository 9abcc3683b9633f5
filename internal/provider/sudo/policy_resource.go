package sudo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

var (
	_ resource.ResourceWithConfigure      = (*sudoersPolicyResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*sudoersPolicyResource)(nil)
	_ resource.ResourceWithImportState    = (*sudoersPolicyResource)(nil)
	_ resource.ResourceWithValidateConfig = (*sudoersPolicyResource)(nil)
)

type sudoersPolicyResource struct {
	session.Configured
}

// NewPolicyResource is resource pvesec_sudoers_policy.
func NewPolicyResource() resource.Resource { return &sudoersPolicyResource{} }

func (r *sudoersPolicyResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sudoers_policy"
}

// ValidateConfig parses whatever is known, so that terraform validate already finds a malformed policy, with no node and no API. It also warns of what
// is legal and still wrong: here, since a plan is made anew while it is applied and would warn twice.
func (r *sudoersPolicyResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model sudoersPolicyModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if file := render(ctx, &model, &resp.Diagnostics); file != nil {
		model.warnOfLint(file, &resp.Diagnostics)
	}
}

func (r *sudoersPolicyResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan sudoersPolicyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	seen := r.install(ctx, &plan, nil, nil, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	if seen != nil {
		resp.Diagnostics.Append(setObserved(ctx, resp.Private, seen)...)
	}
}

func (r *sudoersPolicyResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state sudoersPolicyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	targets := r.recordedTargets(ctx, &state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	reached := r.Reachable(ctx, targets, state.OnUnreachable, &resp.Diagnostics)
	seen := r.observe(ctx, &state, reached, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if len(reached) == len(targets) && !present(seen) {
		resp.State.RemoveResource(ctx)
		return
	}
	deployed := map[string]deployedPolicyModel{}
	for _, target := range session.Without(targets, reached) {
		deployed[target.Name] = skippedPolicy(ctx, &state, target.Name, &resp.Diagnostics)
	}
	for name, found := range seen {
		deployed[name] = observedPolicy(found, state.Content.ValueString())
	}
	state.Deployed = deployedPolicyMap(ctx, deployed, &resp.Diagnostics)
	own, _ := state.ownAnalysis(&resp.Diagnostics) // where it is not known there is no analysis to fill in
	state.showAround(ctx, own, surroundingsOf(seen), &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(setObserved(ctx, resp.Private, seen)...)
	r.Clients.NoteRefreshed(state.Name.ValueString())
	warnOfForeign(state.policy(), own, seen, &resp.Diagnostics)
}

func (r *sudoersPolicyResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state sudoersPolicyModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	seen := r.install(ctx, &plan, &state, getObserved(ctx, req.Private, &resp.Diagnostics), &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
	if seen != nil {
		resp.Diagnostics.Append(setObserved(ctx, resp.Private, seen)...)
	}
}

func (r *sudoersPolicyResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state sudoersPolicyModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	targets := r.recordedTargets(ctx, &state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	nodes, err := r.Clients.Nodes()
	if err == nil {
		err = state.policy().Remove(ctx, nodes, targets, session.Progress(ctx))
	}
	if err != nil {
		values.AddError(&resp.Diagnostics, fmt.Sprintf("Unable to remove sudoers policy %q", state.Name.ValueString()), err)
	}
}

// ImportState takes "NAME" for all nodes, or "NAME@NODE,NODE". The subject is the one that the file's rules name.
func (r *sudoersPolicyResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name, nodes, err := session.ParseImportID(req.ID, hardening.CheckDropInName)
	if err != nil {
		resp.Diagnostics.AddError("Import id not usable", values.UpperFirst(err.Error()))
		return
	}
	targets, err := r.Clients.Targets(ctx, nodes)
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to import the sudoers policy", err)
		return
	}
	access, err := r.Clients.Nodes()
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to import the sudoers policy", err)
		return
	}
	policy := hardening.SudoersPolicy{Name: name}
	seen, err := session.OnEach(ctx, targets, func(ctx context.Context, target node.Target) (*hardening.SudoersState, error) {
		return policy.Observe(ctx, access, target)
	})
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to import the sudoers policy", err)
		return
	}
	model, err := importedPolicy(name, nodes, targets, seen)
	if err != nil {
		resp.Diagnostics.AddError("Unable to import the sudoers policy", values.UpperFirst(err.Error()))
		return
	}
	render(ctx, model, &resp.Diagnostics)
	model.showAround(ctx, model.describe(ctx, &resp.Diagnostics), surroundingsOf(seen), &resp.Diagnostics)
	deployed := map[string]deployedPolicyModel{}
	for _, target := range targets {
		deployed[target.Name] = observedPolicy(seen[target.Name], model.Content.ValueString())
	}
	model.Deployed = deployedPolicyMap(ctx, deployed, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// importedPolicy is the model of a file that the nodes hold already. Where nodes differ, the first one's text is taken for the policy, so
// that the others show as drift.
func importedPolicy(name string, nodes []string, targets []node.Target, seen map[string]*hardening.SudoersState) (*sudoersPolicyModel, error) {
	for _, target := range targets {
		found := seen[target.Name]
		if !found.File.Present {
			continue
		}
		subject, err := hardening.SubjectOf(name, found.Content)
		if err != nil {
			return nil, err
		}
		model := &sudoersPolicyModel{
			Name:          types.StringValue(name),
			Subject:       types.StringValue(subject),
			Rules:         types.ListNull(types.ObjectType{AttrTypes: sudoersRuleType}),
			Defaults:      types.ListNull(types.StringType),
			Document:      types.StringNull(),
			Content:       types.StringValue(found.Content),
			AcceptedRisks: types.MapNull(types.StringType),
			AcceptedUntil: types.MapNull(types.StringType),
			Never:         types.ListNull(types.StringType),
			Always:        types.ListNull(types.StringType),
			OnNewAccess:   types.StringNull(),
			Change:        types.ObjectNull(sudoersChangeType),
			RemovedGrants: types.MapNull(values.StringListType),
			Nodes:         types.SetNull(types.StringType),
			Exclusive:     types.BoolValue(false),
			OnUnreachable: types.StringValue(session.FailUnreachable),
			Timeouts:      session.NullTimeouts(),
		}
		if nodes != nil {
			model.Nodes = values.StringSet(nodes)
		}
		return model, nil
	}
	return nil, fmt.Errorf("none of the nodes %s has a file %s", strings.Join(session.TargetNames(targets), ", "), hardening.SudoersPolicy{Name: name}.Path())
}

// install brings the planned policy onto its nodes and takes it off those that state has and the plan has not. It returns what the nodes
// hold afterwards where the plan could not know it, nil otherwise.
func (r *sudoersPolicyResource) install(ctx context.Context, plan, state *sudoersPolicyModel, observed map[string]observedNode, diags *diag.Diagnostics) map[string]*hardening.SudoersState {
	summary := fmt.Sprintf("Unable to apply sudoers policy %q", plan.Name.ValueString())
	targets, err := r.Clients.Targets(ctx, session.NodeNames(ctx, plan.Nodes, diags))
	if err != nil {
		values.AddError(diags, summary, err)
		return nil
	}
	nodes, err := r.Clients.Nodes()
	if err != nil {
		values.AddError(diags, summary, err)
		return nil
	}
	planned := map[string]hardening.Planned{}
	for _, target := range targets {
		// Of the file nothing: one that nobody planned on is somebody's, and must be imported or removed first.
		planned[target.Name] = hardening.Planned{Cuts: plan.plannedCuts(ctx, target.Name, diags)}
	}
	var leave []node.Target
	if state != nil {
		for name, found := range state.deployedPolicies(ctx, diags) {
			status := hardening.FileStatus{Present: found.Present.ValueBool(), SHA256: found.SHA256.ValueString()}
			if actual, known := observed[name]; known && status.Present {
				status.SHA256 = actual.SHA256
			}
			planned[name] = hardening.Planned{File: status, Cuts: planned[name].Cuts}
		}
		leave = session.Without(r.recordedTargets(ctx, state, diags), targets)
	}
	if diags.HasError() {
		return nil
	}
	policy := plan.policy()
	reached := r.Reachable(ctx, targets, plan.OnUnreachable, diags)
	if len(reached) == 0 {
		diags.AddError(summary, session.NoNodeAnswered)
		return nil
	}
	removed, err := policy.Install(ctx, nodes, reached, leave, planned, session.Progress(ctx))
	if err != nil {
		values.AddError(diags, summary, err)
		return nil
	}
	plan.settleRemovedGrants(ctx, removed, diags)
	return r.readBack(ctx, plan, state, targets, reached, diags)
}

// skippedPolicy is the entry of a node that was not reached: what is recorded of it, or nothing.
func skippedPolicy(ctx context.Context, state *sudoersPolicyModel, name string, diags *diag.Diagnostics) deployedPolicyModel {
	if state != nil {
		if entry, ok := state.deployedPolicies(ctx, diags)[name]; ok {
			return entry
		}
	}
	entry := observedPolicy(&hardening.SudoersState{}, "")
	entry.Changes = values.StringList([]string{session.NotReached})
	return entry
}

// readBack fills in what only the nodes know: the foreign grants on nodes that did not have the policy before.
func (r *sudoersPolicyResource) readBack(ctx context.Context, plan, state *sudoersPolicyModel, targets, reached []node.Target, diags *diag.Diagnostics) map[string]*hardening.SudoersState {
	planned := plan.deployedPolicies(ctx, diags)
	complete := len(planned) == len(targets) && values.FullyKnown(plan.Analysis)
	for _, entry := range planned {
		complete = complete && !entry.ForeignGrants.IsUnknown()
	}
	if complete {
		return nil
	}
	var problems diag.Diagnostics
	seen := r.observe(ctx, plan, reached, &problems)
	for _, problem := range problems {
		// The policy is in force; forgetting that because a look at it failed would leave it behind unmanaged.
		diags.AddWarning("Applied, but not read back: "+problem.Summary(), problem.Detail()+"\n\nThe next plan reads the nodes again.")
	}
	deployed := map[string]deployedPolicyModel{}
	for _, target := range targets {
		entry, known := planned[target.Name]
		if !known && !session.ContainsTarget(reached, target.Name) {
			deployed[target.Name] = skippedPolicy(ctx, state, target.Name, diags)
			continue
		}
		if !known {
			entry = plannedPolicy(plan.SHA256, types.ListUnknown(types.StringType))
		}
		if entry.ForeignGrants.IsUnknown() {
			entry.ForeignGrants = values.StringList(nil)
			if found := seen[target.Name]; found != nil {
				entry.ForeignGrants = values.StringList(grantTexts(found.Foreign))
			}
		}
		deployed[target.Name] = entry
	}
	plan.Deployed = deployedPolicyMap(ctx, deployed, diags)
	if own, known := plan.ownAnalysis(diags); known && !values.FullyKnown(plan.Analysis) {
		plan.showAround(ctx, own, surroundingsOf(seen), diags)
	}
	return seen
}

func (r *sudoersPolicyResource) observe(ctx context.Context, model *sudoersPolicyModel, targets []node.Target, diags *diag.Diagnostics) map[string]*hardening.SudoersState {
	summary := fmt.Sprintf("Unable to read sudoers policy %q", model.Name.ValueString())
	nodes, err := r.Clients.Nodes()
	if err != nil {
		values.AddError(diags, summary, err)
		return nil
	}
	policy := model.policy()
	seen, err := session.OnEach(ctx, targets, func(ctx context.Context, target node.Target) (*hardening.SudoersState, error) {
		return policy.Observe(ctx, nodes, target)
	})
	if err != nil {
		values.AddError(diags, summary, err)
	}
	return seen
}

func (r *sudoersPolicyResource) recordedTargets(ctx context.Context, state *sudoersPolicyModel, diags *diag.Diagnostics) []node.Target {
	return r.RecordedTargets(ctx, slices.Sorted(maps.Keys(state.deployedPolicies(ctx, diags))), fmt.Sprintf("sudoers policy %q", state.Name.ValueString()), diags)
}

// present tells whether any node holds the policy's file.
func present(seen map[string]*hardening.SudoersState) bool {
	for _, found := range seen {
		if found.File.Present {
			return true
		}
	}
	return false
}

// warnOfForeign says what the subject can do today although the policy does not say so, and what else a reviewer must know of the nodes.
func warnOfForeign(p hardening.SudoersPolicy, own escalation.Analysis, seen map[string]*hardening.SudoersState, diags *diag.Diagnostics) {
	root := rootToday(p, own, seen, diags)
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		found := seen[name]
		session.WarnOfUnfinished(name, found.Unfinished, diags)
		if len(found.Foreign) > 0 {
			summary := fmt.Sprintf("%s has other sudo grants on %s", p.Subject, name)
			if root[name] {
				summary = fmt.Sprintf("%s is root on %s today", p.Subject, name)
			}
			diags.AddAttributeWarning(path.Root("deployed").AtMapKey(name).AtName("foreign_grants"), summary, foreignDetail(found.Foreign, p.Exclusive))
		}
		if len(found.Problems) > 0 {
			diags.AddAttributeWarning(path.Root("deployed").AtMapKey(name), fmt.Sprintf("sudoers files on %s have lines that sudo cannot parse", name),
				"sudo skips these lines and keeps the others in force, so that the files do not mean what they seem to:\n\n  "+strings.Join(found.Problems, "\n  "))
		}
	}
}

func foreignDetail(grants []hardening.ForeignGrant, exclusive bool) string {
	var b strings.Builder
	b.WriteString("Not written by this policy:\n\n")
	kept := false
	for _, grant := range grants {
		fmt.Fprintf(&b, "  %s\n", grant)
		kept = kept || !grant.Removable
	}
	switch {
	case !exclusive:
		b.WriteString("\nSet exclusive = true to have the next apply remove what names the subject itself (a backup is kept), or remove it by hand.")
	case kept:
		b.WriteString("\nThe next apply removes what names the subject itself (exclusive = true; a backup is kept). What reaches the subject through a group, an alias " +
			"or ALL also concerns others, so it stays: take the subject out of that group or alias.")
	default:
		b.WriteString("\nThe next apply removes it (exclusive = true; a backup is kept).")
	}
	return b.String()
}

// observedKey is where private state holds, for each node, what deployed does not show.
const observedKey = "observed"

// observedNode is what private state holds of a node.
type observedNode struct {
	// Kept are the foreign grants that exclusive = true cannot remove, so that a plan can say what will be left.
	Kept []string `json:"kept"`
	// Cuts are those that it does remove, so that an apply removes what its plan showed; nil in a record of a version that did not know them.
	Cuts []string `json:"cuts"`
	// SHA256 is the digest of the file as it is, "" for none and for anything but a regular file. deployed shows that of the recorded text where both differ in form alone.
	SHA256 string `json:"sha256"`
	// Content is the file's text, with which a plan compares.
	Content string `json:"content,omitempty"`
	// Around is what the other files say, with which a plan judges the policy.
	Around *hardening.Surroundings `json:"around,omitempty"`
}

func setObserved(ctx context.Context, private values.PrivateWriter, seen map[string]*hardening.SudoersState) diag.Diagnostics {
	observed := map[string]observedNode{}
	for name, found := range seen {
		entry := observedNode{Kept: []string{}, Cuts: removable(found), SHA256: found.File.SHA256, Content: found.Content, Around: &found.Around}
		for _, grant := range found.Foreign {
			if !grant.Removable {
				entry.Kept = append(entry.Kept, grant.String())
			}
		}
		observed[name] = entry
	}
	encoded, err := json.Marshal(observed)
	if err != nil {
		return diag.Diagnostics{diag.NewErrorDiagnostic("Unable to record what the nodes hold", err.Error())}
	}
	return private.SetKey(ctx, observedKey, encoded)
}

func getObserved(ctx context.Context, private values.PrivateReader, diags *diag.Diagnostics) map[string]observedNode {
	observed := map[string]observedNode{}
	encoded, problems := private.GetKey(ctx, observedKey)
	diags.Append(problems...)
	if encoded != nil {
		if err := json.Unmarshal(encoded, &observed); err != nil {
			diags.AddError("Private state is damaged", fmt.Sprintf("The record of what the nodes hold cannot be read: %v. Run terraform apply -refresh-only to write it anew.", err))
		}
	}
	return observed
}
