package sudo

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

var (
	_ resource.ResourceWithConfigure      = (*breakGlassResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*breakGlassResource)(nil)
	_ resource.ResourceWithValidateConfig = (*breakGlassResource)(nil)
)

// breakGlassResource does not import: what would be imported ends by itself.
type breakGlassResource struct {
	on session.OnNodes[breakGlassModel, hardening.BreakGlassState, *breakGlassModel]
}

// NewBreakGlassResource is resource pvesec_break_glass.
func NewBreakGlassResource() resource.Resource { return &breakGlassResource{} }

// Metadata names the resource.
func (r *breakGlassResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_break_glass"
}

// Configure takes what the provider shares.
func (r *breakGlassResource) Configure(ctx context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	r.on.Configure(ctx, req, resp)
}

// Create opens the access.
func (r *breakGlassResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	r.on.Create(ctx, req, resp)
}

// Read looks at the nodes. Where none of them is there any more the access stays recorded, since the next apply would
// open it on other nodes otherwise.
func (r *breakGlassResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	r.on.Read(ctx, req, resp)
	if !resp.State.Raw.IsNull() || resp.Diagnostics.HasError() {
		return
	}
	resp.State.Raw = req.State.Raw
	resp.Diagnostics.AddAttributeWarning(path.Root("deployed"), "The nodes of the emergency access are not there any more",
		"None of the nodes on which the access was granted is a node of the provider or of the cluster. A node that has the access ends it by itself. Remove the resource. If the access is needed on other nodes, change renew_id.")
}

// Update opens the access anew, or changes the files of an open one.
func (r *breakGlassResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	r.on.Update(ctx, req, resp)
}

// Delete closes the access.
func (r *breakGlassResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	r.on.Delete(ctx, req, resp)
}

// ValidateConfig asks for commands or for all of them.
func (r *breakGlassResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model breakGlassModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); !resp.Diagnostics.HasError() {
		askForCommands(model.Allowed, model.AllCommands, &resp.Diagnostics)
	}
}

// askForCommands asks for commands or for all of them.
func askForCommands(commands types.List, all types.Bool, diags *diag.Diagnostics) {
	switch {
	case commands.IsUnknown() || all.IsUnknown():
	case all.ValueBool() && !commands.IsNull():
		diags.AddAttributeError(path.Root("all_commands"), "Invalid all_commands: commands are given too", "Remove commands, or all_commands = true.")
	case !all.ValueBool() && commands.IsNull():
		diags.AddAttributeError(path.Root("commands"), "Missing commands", "Write the commands that the access is for, or all_commands = true if it must be root.")
	}
}

// ModifyPlan says what an apply would do: open the access, change the files of an open one, or nothing.
func (r *breakGlassResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // destroy
	}
	diags := &resp.Diagnostics
	var plan breakGlassModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	if diags.HasError() {
		return
	}
	if !plan.Name.IsUnknown() {
		plan.RefuseTwice(ctx, r.on.Clients, plan.What(), !req.State.Raw.IsNull(), req.Private, resp.Private, diags)
	}
	var state *breakGlassModel
	if !req.State.Raw.IsNull() {
		state = &breakGlassModel{}
		diags.Append(req.State.Get(ctx, state)...)
	}
	plan.Root, plan.Findings = types.BoolUnknown(), types.ListUnknown(types.StringType)
	plan.OpenPackages()
	if plan.known() {
		plan.judge(ctx, diags)
	}
	if diags.HasError() {
		return
	}
	targets, reached := r.on.PlanTargets(ctx, plan.Nodes, diags)
	if plan.grants(state) {
		plan.Deployed = types.MapUnknown(breakGlassNodeType)
		plan.Status, plan.GrantedAt, plan.ExpiresAt = types.StringUnknown(), types.StringUnknown(), types.StringUnknown()
		r.checkGrant(ctx, &plan, targets, diags)
	} else {
		plan.keep(ctx, state, targets, reached, diags)
	}
	if reached && plan.known() {
		r.on.PlanPackages(ctx, &plan, state, targets, nil, diags)
	}
	plan.PlanSkipped(ctx, plan.keeps(state), diags)
	diags.Append(resp.Plan.Set(ctx, plan)...)
}

// grants tells whether an apply opens the access: a new one, or one with another renew_id. One that is not known may be
// another.
func (m *breakGlassModel) grants(state *breakGlassModel) bool {
	return state == nil || !m.RenewID.Equal(state.RenewID)
}

// keeps is what an apply may leave as it is recorded; nil where it opens the access, which may skip other nodes than
// before.
func (m *breakGlassModel) keeps(state *breakGlassModel) *session.Placed {
	if m.grants(state) {
		return nil
	}
	return &state.Placed
}

// checkGrant refuses an access that lasts too long, and one that begins later where a node's sudo would open it at
// once.
func (r *breakGlassResource) checkGrant(ctx context.Context, plan *breakGlassModel, targets []node.Target, diags *diag.Diagnostics) {
	refuseLength(plan.duration(), r.on.Clients.BreakGlassMax(), diags)
	if begins := time.Unix(values.UnixTime(plan.StartsAt), 0); begins.Add(plan.duration()).After(r.on.Clients.Now().Add(hardening.MostEmergency)) {
		diags.AddAttributeError(path.Root("starts_at"), "Invalid starts_at: too far away", fmt.Sprintf("An emergency access must end within %s. Write an earlier time, or apply later.", hardening.MostEmergency))
	}
	if !plan.known() || values.UnixTime(plan.StartsAt) <= r.on.Clients.Now().Unix() || len(targets) == 0 {
		return
	}
	nodes, err := r.on.Clients.Nodes()
	if err != nil {
		return // an apply says so, and so do the nodes of the plan
	}
	for _, target := range targets {
		if seen, err := plan.access(ctx, diags).Observe(ctx, nodes, target); err == nil {
			refuseStart(plan.windowFrom(seen.Clock), seen, diags)
		}
	}
}

// refuseLength refuses an access that lasts longer than the provider allows. One that is not known yet lasts no time.
func refuseLength(duration, highest time.Duration, diags *diag.Diagnostics) {
	if duration > highest {
		diags.AddAttributeError(path.Root("duration"), "Invalid duration: longer than the provider allows",
			fmt.Sprintf("%s is longer than %s. Write a shorter time and grant the access anew if it is still needed then. break_glass_max_duration of the provider block sets the limit.", duration, highest))
	}
}

// refuseStart refuses a begin to which the node's sudo pays no heed.
func refuseStart(w hardening.Window, seen *hardening.BreakGlassState, diags *diag.Diagnostics) {
	if w.Begins <= w.Granted || hardening.HoldsBack(seen.SudoVersion) {
		return
	}
	diags.AddAttributeError(path.Root("starts_at"), fmt.Sprintf("Invalid starts_at: %s would open the access at once", seen.Node),
		fmt.Sprintf("sudo %s of node %s ignores the begin of a grant that has an end, as versions 1.9.15 to 1.9.17 do. Remove starts_at, and apply when the access is needed.", seen.SudoVersion, seen.Node))
}

// keep plans a change that opens nothing: of the files of an open access, or of the record alone.
func (m *breakGlassModel) keep(ctx context.Context, state *breakGlassModel, targets []node.Target, reached bool, diags *diag.Diagnostics) {
	m.Deployed, m.Status, m.GrantedAt, m.ExpiresAt = state.Deployed, state.Status, state.GrantedAt, state.ExpiresAt
	if !m.Name.IsUnknown() && !m.Name.Equal(state.Name) {
		diags.AddAttributeError(path.Root("name"), "Invalid name: renew_id is the same",
			"Another name is another access, and would be opened for the whole duration. Change renew_id too if that is meant. Otherwise keep the name.")
	}
	running := state.Status.ValueString() == accessRunning || state.Status.ValueString() == accessScheduled
	for name, differs := range map[string]bool{
		"subject": !m.Subject.Equal(state.Subject), "duration": !m.Duration.Equal(state.Duration), "starts_at": !m.StartsAt.Equal(state.StartsAt),
	} {
		if differs && running {
			diags.AddAttributeError(path.Root(name), fmt.Sprintf("Invalid %s: the access is open and renew_id is the same", name),
				fmt.Sprintf("Who has an open access and until when changes only if it is granted anew: change renew_id together with %s. To end the access, destroy it.", name))
		}
	}
	if !reached {
		// Terraform plans once more when it knows the nodes, and holds that plan to this one.
		m.Deployed = types.MapUnknown(breakGlassNodeType)
		return
	}
	entries := map[string]attr.Value{}
	for _, target := range targets {
		entry := state.entry(ctx, target.Name, diags)
		entry.Changes = values.StringList(nil)
		entries[target.Name] = entry.value(ctx, diags)
	}
	m.Deployed = types.MapValueMust(breakGlassNodeType, entries)
}
