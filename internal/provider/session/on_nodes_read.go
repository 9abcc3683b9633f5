package session

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// Observer reads what one node holds of a resource.
type Observer[S any] func(ctx context.Context, nodes hardening.Nodes, target node.Target) (*S, error)

// Importer is a model that records something of what an import found. Terraform keeps the record with the state of the
// object.
type Importer[S any] interface {
	Imported(ctx context.Context, seen map[string]*S, private values.PrivateWriter, diags *diag.Diagnostics)
}

// Reading is what was read of nodes, and why.
type Reading[S any] struct {
	Seen    map[string]*S
	Shared  *Clients
	Refresh bool
	// Private is where a later plan finds what deployed does not show; nil at an import.
	Private values.PrivateState
}

// Read compares what is recorded with what the nodes hold. Nodes that do not answer are skipped where on_unreachable
// says so, and keep their entries. Where no node holds anything any more, the resource is gone, unless it is a [Keeper]
// that stays.
func (r *OnNodes[M, S, P]) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	state := P(new(M))
	resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	setIdentity(ctx, resp.Identity, req.State, &resp.Diagnostics) // of what is gone too
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := WithTimeout(ctx, state.placed().Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	r.Clients.Holdings().NoteHeld(state.placed().HeldAs(state.What()))
	r.Clients.Holdings().NoteApplied(state.placed().HeldAs(state.What()), values.ReadApplied(ctx, req.Private, &resp.Diagnostics))
	r.Clients.Holdings().NoteRead(state.What())
	targets := r.recordedTargets(ctx, state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	reached := r.Reachable(ctx, targets, state.placed().OnUnreachable, &resp.Diagnostics)
	seen := r.observe(ctx, state, reached, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if keeper, is := any(state).(Keeper); len(reached) == len(targets) && !anyHolds(state, seen) && !(is && keeper.KeepsLost()) {
		resp.State.RemoveResource(ctx)
		return
	}
	entries := map[string]attr.Value{}
	for _, target := range without(targets, reached) {
		entries[target.Name] = skipped[M, S](ctx, state, state, target.Name, &resp.Diagnostics)
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		entries[name] = state.Found(ctx, seen[name], &resp.Diagnostics)
		unfinished, leftover := state.Unfinished(seen[name])
		WarnOfUnfinished(name, unfinished, leftover, &resp.Diagnostics)
	}
	state.placed().setDeployed(ctx, entries, &resp.Diagnostics)
	state.placed().NodesSkipped = values.StringList(TargetNames(without(targets, reached)))
	state.placed().showMissing(ctx, lacking(state, seen), &resp.Diagnostics)
	state.Took(ctx, Reading[S]{Seen: seen, Shared: r.Clients, Refresh: true, Private: resp.Private}, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func anyHolds[M, S any, P NodeModel[M, S]](model P, seen map[string]*S) bool {
	for _, found := range seen {
		if model.Holds(found) {
			return true
		}
	}
	return false
}

func (r *OnNodes[M, S, P]) observe(ctx context.Context, model P, targets []node.Target, diags *diag.Diagnostics) map[string]*S {
	nodes, err := r.Clients.Nodes()
	var seen map[string]*S
	if err == nil {
		seen, err = Observe(ctx, nodes, targets, model.Observer(ctx, diags))
	}
	if err != nil {
		values.AddReadError(diags, "Unable to read "+model.What(), err)
	}
	return seen
}

// recordedTargets returns the nodes of deployed in the state.
func (r *OnNodes[M, S, P]) recordedTargets(ctx context.Context, state P, diags *diag.Diagnostics) []node.Target {
	return r.RecordedTargets(ctx, slices.Sorted(maps.Keys(state.placed().Deployed.Elements())), state.What(), diags)
}

// ImportState accepts "NAME" for all nodes, or "NAME@NODE,NODE", or an identity.
func (r *OnNodes[M, S, P]) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name, names, err := importedAs(ctx, req, &resp.Diagnostics)
	if err != nil {
		resp.Diagnostics.AddError("Invalid import id", values.UpperFirst(err.Error()))
		return
	}
	model := r.Adopted(ctx, resp.State, name, names, resp.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
	setIdentity(ctx, resp.Identity, resp.State, &resp.Diagnostics)
}

// Adopted is the model of what nodes hold under a name; names are nil for all nodes. State is one without a value, of
// which the model takes the types.
func (r *OnNodes[M, S, P]) Adopted(ctx context.Context, state tfsdk.State, name string, names []string, private values.PrivateState, diags *diag.Diagnostics) P {
	model := P(new(M))
	diags.Append(values.NullModel(ctx, state, model)...)
	observer := model.Named(name)
	summary := "Unable to import " + model.What()
	targets, err := r.Clients.Targets(ctx, names)
	var nodes hardening.Nodes
	if err == nil {
		nodes, err = r.Clients.Nodes()
	}
	var seen map[string]*S
	if err == nil {
		seen, err = Observe(ctx, nodes, targets, observer)
	}
	if err != nil {
		values.AddError(diags, summary, err)
		return model
	}
	if !anyHolds(model, seen) {
		diags.AddError("Unable to find the object to import", fmt.Sprintf("None of the nodes %s has %s.", strings.Join(TargetNames(targets), ", "), model.What()))
		return model
	}
	if names != nil {
		model.placed().Nodes = values.StringSet(names)
	}
	model.placed().OnUnreachable = types.StringValue(failUnreachable)
	model.Adopt(ctx, targets, seen, diags)
	if diags.HasError() {
		return model
	}
	entries := map[string]attr.Value{}
	for _, target := range targets {
		entries[target.Name] = model.Found(ctx, seen[target.Name], diags)
	}
	model.placed().setDeployed(ctx, entries, diags)
	model.placed().NodesSkipped = values.StringList(nil)
	model.placed().showMissing(ctx, lacking(model, seen), diags)
	model.Took(ctx, Reading[S]{Seen: seen, Shared: r.Clients}, diags)
	if importer, is := any(model).(Importer[S]); is && private != nil {
		importer.Imported(ctx, seen, private, diags)
	}
	return model
}

// Observe reads nodes, several at a time, and gives what each holds by its name. The error names every node that
// failed.
func Observe[S any](ctx context.Context, nodes hardening.Nodes, targets []node.Target, observer Observer[S]) (map[string]*S, error) {
	return onEach(ctx, targets, func(ctx context.Context, target node.Target) (*S, error) { return observer(ctx, nodes, target) })
}
