package sudo

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
)

var (
	_ resource.ResourceWithConfigure   = (*exclusiveResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*exclusiveResource)(nil)
	_ resource.ResourceWithImportState = (*exclusiveResource)(nil)
)

type exclusiveResource struct {
	on session.OnNodes[exclusiveModel, hardening.ExclusiveState, *exclusiveModel]
}

// NewExclusiveResource is resource pvesec_sudoers_exclusive.
func NewExclusiveResource() resource.Resource { return &exclusiveResource{} }

// Metadata names the resource.
func (r *exclusiveResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sudoers_exclusive"
}

// Configure takes what the provider shares.
func (r *exclusiveResource) Configure(ctx context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.on.Configure(ctx, req, resp)
}

// Create removes what does not belong to the nodes' sudoers files.
func (r *exclusiveResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	r.on.Create(ctx, req, resp)
}

// Read finds what does not belong there.
func (r *exclusiveResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	r.on.Read(ctx, req, resp)
}

// Update removes what does not belong there.
func (r *exclusiveResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	r.on.Update(ctx, req, resp)
}

// Delete only ends the management.
func (r *exclusiveResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

// ImportState accepts the names of nodes, or * for all.
func (r *exclusiveResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name := "sudoers"
	if id := strings.TrimSpace(req.ID); id != "*" {
		name += "@" + id
	}
	req.ID = name
	r.on.ImportState(ctx, req, resp)
}

// ModifyPlan shows what an apply removes.
func (r *exclusiveResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // destroy
	}
	diags := &resp.Diagnostics
	var plan exclusiveModel
	var state *exclusiveModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if !req.State.Raw.IsNull() {
		state = &exclusiveModel{}
		diags.Append(req.State.Get(ctx, state)...)
	}
	if diags.HasError() {
		return
	}
	if plan.Twice(ctx, r.on.Clients, plan.What(), state != nil, req.Private, resp.Private, diags) == session.NewTwice {
		diags.AddAttributeError(path.Root("nodes"), "Invalid nodes: another pvesec_sudoers_exclusive has one of them",
			"Two resources of the configuration say what the sudoers files of a node may hold, and each would remove what only the other one names. Write one resource for a node.")
	}
	plan.open()
	if plan.known() {
		if targets, known := r.on.PlanTargets(ctx, plan.Nodes, diags); known {
			r.plan(ctx, &plan, state, targets, diags)
			r.on.PlanPackages(ctx, &plan, state, targets, nil, diags)
		}
	}
	var recorded *session.Placed
	if state != nil {
		recorded = &state.Placed
	}
	plan.PlanSkipped(ctx, recorded, diags)
	diags.Append(resp.Plan.Set(ctx, plan)...)
}

// plan fills in deployed and removed: from what the last refresh found or, where it looked for something else or not at
// all, from the nodes.
func (r *exclusiveResource) plan(ctx context.Context, plan, state *exclusiveModel, targets []node.Target, diags *diag.Diagnostics) {
	var look []node.Target
	for _, target := range targets {
		if state == nil || !state.looksFor(plan) || state.entry(ctx, target.Name, diags) == nil {
			look = append(look, target)
		}
	}
	var seen map[string]*hardening.ExclusiveState
	if len(look) > 0 {
		nodes, err := r.on.Clients.Nodes()
		if session.PlanReached(err, path.Empty(), diags) {
			reached := r.on.Reachable(ctx, look, plan.OnUnreachable, diags)
			seen, err = session.Observe(ctx, nodes, reached, plan.own(ctx, diags).Observe)
			if !session.PlanReached(err, path.Empty(), diags) {
				seen = nil
			}
		}
		for _, target := range look {
			if found := seen[target.Name]; found != nil {
				session.WarnOfUnfinished(target.Name, found.Unfinished, found.Leftover, diags)
			}
		}
		warnOfHeld(seen, diags)
	}
	plan.planDeployed(ctx, state, targets, look, seen, diags)
}
