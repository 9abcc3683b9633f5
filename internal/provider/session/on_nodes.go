package session

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// OnNodes is a resource that lives on nodes: one model M for all of them, and an S for what one of them holds. It
// creates, reads, updates, deletes and imports; a resource that embeds it adds its schema, its plan, and the methods of
// [NodeModel].
type OnNodes[M, S any, P NodeModel[M, S]] struct{ Configured }

// NodeModel says what differs from resource to resource.
type NodeModel[M, S any] interface {
	*M
	placed() *Placed
	// What names the resource in messages, such as: sudoers policy "agent".
	What() string
	// Observer reads nodes for a model that is known.
	Observer(ctx context.Context, diags *diag.Diagnostics) Observer[S]
	// Holds tells whether a node holds anything of the resource. Where none does it is gone.
	Holds(seen *S) bool
	// Unfinished tells whether an earlier change of the node was interrupted, and whether it left files of its own.
	Unfinished(seen *S) (unfinished, leftover bool)
	// Commands are the programs that a node needs for the resource, and Lacks the packages of those that a node does
	// not have.
	Commands(ctx context.Context, diags *diag.Diagnostics) []string
	Lacks(seen *S) []string
	// Found is a node's entry of deployed as it was read. The zero value of S is a node that holds nothing.
	Found(ctx context.Context, seen *S, diags *diag.Diagnostics) types.Object
	// Installed is a node's entry of deployed after an apply, where the plan could not know it. What was read back is
	// nil where nothing was.
	Installed(ctx context.Context, seen *S, diags *diag.Diagnostics) types.Object
	// Install brings the resource onto nodes, and takes it off those that it leaves.
	Install(ctx context.Context, change Change[M], diags *diag.Diagnostics) error
	// ReadsBack tells whether the nodes are read once more after an apply. Open tells that the plan left an entry of
	// deployed open.
	ReadsBack(open bool) bool
	// Remove takes the resource off nodes. Private is what is recorded beside the state.
	Remove(ctx context.Context, nodes hardening.Nodes, targets []node.Target, private values.PrivateReader, diags *diag.Diagnostics) error
	// Took is called after nodes were read, at a refresh, an import or an apply, with what was read; deployed is filled
	// in already. It records what a later plan needs, and at a refresh it warns.
	Took(ctx context.Context, reading Reading[S], diags *diag.Diagnostics)
	// Named sets the name, and gives what reads the nodes for a resource of which nothing else is known yet.
	Named(name string) Observer[S]
	// Adopt fills in the model of an import from what the nodes hold, in the order of targets. The others of its
	// attributes are null.
	Adopt(ctx context.Context, targets []node.Target, seen map[string]*S, diags *diag.Diagnostics)
}

// Change is what an apply does.
type Change[M any] struct {
	Nodes hardening.Nodes
	// Targets are the nodes that answer and get the resource, Leave those that it is taken off.
	Targets, Leave []node.Target
	// State is what is recorded, nil for a resource that is new.
	State *M
	// Private is what is recorded beside it, nil for a resource that is new.
	Private values.PrivateReader
}

// Recorder is a model that records something of itself where it was applied.
type Recorder interface {
	Applied(ctx context.Context, private values.PrivateWriter, diags *diag.Diagnostics)
}

// Prover is a model that proves after an apply that it has the effect that it promises. What fails is an error of the
// apply.
type Prover interface {
	Prove(ctx context.Context, shared *Clients, targets []node.Target, diags *diag.Diagnostics)
}

// Keeper is a model that may stay in the state where no node holds anything of it any more: its next plan is a change
// then, and no creation.
type Keeper interface {
	KeepsLost() bool
}

// WriteOnly is a model with values that are in the configuration alone, neither in a plan nor in a state.
type WriteOnly interface {
	TakeWriteOnly(ctx context.Context, config tfsdk.Config, diags *diag.Diagnostics)
}

// Create installs the resource.
func (r *OnNodes[M, S, P]) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	plan := P(new(M))
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	takeWriteOnly(ctx, plan, req.Config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := WithTimeout(ctx, plan.placed().Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	unproven := r.apply(ctx, plan, nil, nil, resp.Private, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		setIdentity(ctx, resp.Identity, resp.State, &resp.Diagnostics)
	}
	resp.Diagnostics.Append(unproven...)
}

// Update installs the resource as it is planned, and takes it off the nodes that it leaves.
func (r *OnNodes[M, S, P]) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	plan, state := P(new(M)), P(new(M))
	resp.Diagnostics.Append(req.Plan.Get(ctx, plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	takeWriteOnly(ctx, plan, req.Config, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := WithTimeout(ctx, plan.placed().Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	resp.Diagnostics.Append(r.apply(ctx, plan, state, req.Private, resp.Private, &resp.Diagnostics)...)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
		setIdentity(ctx, resp.Identity, resp.State, &resp.Diagnostics)
	}
}

func takeWriteOnly(ctx context.Context, model any, config tfsdk.Config, diags *diag.Diagnostics) {
	if model, is := model.(WriteOnly); is {
		model.TakeWriteOnly(ctx, config, diags)
	}
}

// apply installs the planned resource on its nodes and removes it from nodes that are only in the state. Then it fills
// in deployed. Unproven is what a [Prover] says of a change that is in force: a new object is recorded in spite of it,
// and one that changed keeps its record, so that the next plan tries again.
func (r *OnNodes[M, S, P]) apply(ctx context.Context, plan, state P, recorded values.PrivateReader, private values.PrivateState, diags *diag.Diagnostics) (unproven diag.Diagnostics) {
	summary := "Unable to apply " + plan.What()
	targets, err := r.Clients.Targets(ctx, NodeNames(ctx, plan.placed().Nodes, diags))
	if err != nil {
		values.AddError(diags, summary, err)
		return nil
	}
	nodes, err := r.Clients.Nodes()
	if err != nil {
		values.AddError(diags, summary, err)
		return nil
	}
	change := Change[M]{Nodes: nodes, State: state, Private: recorded}
	if state != nil {
		change.Leave = without(r.recordedTargets(ctx, state, diags), targets)
	}
	change.Targets = r.Reachable(ctx, targets, plan.placed().OnUnreachable, diags)
	if len(change.Targets) == 0 {
		diags.AddError(summary, noNodeAnswered)
	} else {
		refuseSilence(plan.placed(), recordedEntries[M, S](state), without(targets, change.Targets), summary, diags)
	}
	if diags.HasError() {
		return nil
	}
	var installed lists
	var noted notes
	defer func() { noted.warn(plan.What(), diags) }()
	change.Nodes, installed = plan.placed().installing(noted.on(nodes))
	if err := plan.Install(ctx, change, diags); err != nil {
		values.AddErrorWithAdvice(diags, summary, err, adviceTaken(state == nil, err))
		return nil
	}
	var before *Placed
	if state != nil {
		before = state.placed()
	}
	plan.placed().settlePackages(ctx, before, installed, diags)
	if prover, is := any(plan).(Prover); is {
		prover.Prove(ctx, r.Clients, change.Targets, &unproven)
	}
	r.settle(ctx, plan, state, targets, change.Targets, private, diags)
	return unproven
}

// adviceTaken says what to do where a new resource finds something under its name, "" for other errors. Terraform does
// not tell a provider which object a new one replaces, so that with create_before_destroy the file of the old object is
// one that nobody planned on.
func adviceTaken(creates bool, err error) string {
	var conflict *node.ConflictError
	if !creates || !errors.As(err, &conflict) || conflict.Expected != (hardening.FileStatus{}).String() {
		return ""
	}
	return "If Terraform did not write this file, import it (terraform import ADDRESS NAME) or remove it from the node.\n\n" +
		"If this resource is being replaced: a node cannot hold two objects under one name, so a replacement that keeps the name cannot be created before the old one is " +
		"destroyed. Take create_before_destroy away, from this resource and from those that depend on it, or give the new object another name."
}

// settle fills in the values that the plan left unknown. It reads the nodes once more if the resource asks for that.
func (r *OnNodes[M, S, P]) settle(ctx context.Context, plan, state P, targets, reached []node.Target, private values.PrivateState, diags *diag.Diagnostics) {
	planned, open := plan.placed().Deployed.Elements(), false
	known := func(name string) bool { return planned[name] != nil && values.FullyKnown(planned[name]) }
	for _, target := range targets {
		open = open || !known(target.Name)
	}
	var seen map[string]*S
	looked := plan.ReadsBack(open)
	if looked {
		var problems diag.Diagnostics
		seen = r.observe(ctx, plan, reached, &problems)
		for _, problem := range problems {
			// The change is in force. If the state forgot it because of a failed read, it would stay unmanaged.
			diags.AddWarning("Unable to read the applied change back: "+problem.Summary(), problem.Detail()+"\n\nThe next plan reads the nodes again.")
		}
	}
	entries := map[string]attr.Value{}
	for _, target := range targets {
		switch name := target.Name; {
		case known(name):
			entries[name] = planned[name]
		case containsTarget(reached, name):
			entries[name] = plan.Installed(ctx, seen[name], diags)
			if seen[name] == nil {
				entries[name] = asPlanned(planned[name], entries[name])
			}
		default:
			entries[name] = skipped[M, S](ctx, plan, state, name, diags)
		}
	}
	plan.placed().setDeployed(ctx, entries, diags)
	if plan.placed().NodesSkipped.IsUnknown() {
		plan.placed().NodesSkipped = values.StringList(TargetNames(without(targets, reached)))
	}
	if looked {
		plan.Took(ctx, Reading[S]{Seen: seen, Shared: r.Clients, Private: private}, diags)
	}
	if recorder, is := any(plan).(Recorder); is {
		recorder.Applied(ctx, private, diags)
	}
}

// asPlanned is the entry of a node that could not be read back: what the plan knew stays, since Terraform holds an
// apply to it.
func asPlanned(planned, installed attr.Value) attr.Value {
	plan, is := planned.(types.Object)
	entry, both := installed.(types.Object)
	if !is || !both {
		return installed
	}
	return values.Settled(plan, entry)
}

// recordedEntries are the entries of deployed in a state, none without one.
func recordedEntries[M, S any, P NodeModel[M, S]](state P) map[string]attr.Value {
	if state == nil {
		return nil
	}
	return state.placed().Deployed.Elements()
}

// skipped is the entry of a node that was not reached: what is recorded of it, or that nothing is known.
func skipped[M, S any, P NodeModel[M, S]](ctx context.Context, plan, state P, name string, diags *diag.Diagnostics) attr.Value {
	if state != nil {
		if entry, ok := state.placed().Deployed.Elements()[name]; ok {
			return entry
		}
	}
	nothing := plan.Found(ctx, new(S), diags)
	attributes := nothing.Attributes()
	attributes["changes"] = values.StringList([]string{notReached})
	entry, problems := types.ObjectValue(nothing.AttributeTypes(ctx), attributes)
	diags.Append(problems...)
	return entry
}

// Delete removes the resource from its nodes. It skips no node, because the state would forget what stays there.
func (r *OnNodes[M, S, P]) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	state := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := WithTimeout(ctx, state.placed().Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	targets := r.recordedTargets(ctx, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	nodes, err := r.Clients.Nodes()
	if err == nil {
		var noted notes
		err = state.Remove(ctx, noted.on(nodes), targets, req.Private, &resp.Diagnostics)
		noted.warn(state.What(), &resp.Diagnostics)
	}
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to remove "+state.What(), err)
	}
}
