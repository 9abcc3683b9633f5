package auditlog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	_ resource.ResourceWithConfigure      = (*auditLoggingResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*auditLoggingResource)(nil)
	_ resource.ResourceWithImportState    = (*auditLoggingResource)(nil)
	_ resource.ResourceWithValidateConfig = (*auditLoggingResource)(nil)
)

type auditLoggingResource struct {
	session.Configured
}

// NewResource is resource pvesec_audit_logging.
func NewResource() resource.Resource { return &auditLoggingResource{} }

func (r *auditLoggingResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_audit_logging"
}

// ValidateConfig refuses settings that log nothing.
func (r *auditLoggingResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var model auditLoggingModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() || !model.known() {
		return
	}
	logging := model.logging(ctx, &resp.Diagnostics)
	if io := logging.IOLogs; io != nil && !io.Input && !io.Output {
		resp.Diagnostics.AddAttributeError(path.Root("io_logs"), "I/O logs of nothing",
			"Neither input nor output is recorded. Switch one on, or say enabled = false.")
	}
	if logging.SudoLog == nil && logging.IOLogs == nil && logging.SecurityLog == nil {
		resp.Diagnostics.AddAttributeError(path.Root("sudo_log"), "Nothing is logged",
			"sudo_log, io_logs and security_log are all switched off. Switch one on, or remove the resource.")
	}
}

// known tells that no setting depends on a value that Terraform learns later.
func (m *auditLoggingModel) known() bool {
	return values.FullyKnown(m.Name) && values.FullyKnown(m.Subjects) && values.FullyKnown(m.SudoLog) && values.FullyKnown(m.IOLogs) && values.FullyKnown(m.SecurityLog) &&
		values.FullyKnown(m.Rotation) && values.FullyKnown(m.RequireLogging)
}

// ModifyPlan renders every file and plans the state of each node after an apply, so that drift shows as a planned change of deployed.
func (r *auditLoggingResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // destroy
	}
	var plan auditLoggingModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	plan.Files = types.MapUnknown(types.StringType)
	plan.Deployed = types.MapUnknown(deployedAuditType)
	if plan.known() {
		logging := plan.logging(ctx, &resp.Diagnostics)
		plan.Files = values.StringMap(logging.Render())
		if targets, known := r.PlanTargets(ctx, plan.Nodes, &resp.Diagnostics); known {
			recorded := types.MapNull(deployedAuditType)
			if !req.State.Raw.IsNull() {
				resp.Diagnostics.Append(req.State.GetAttribute(ctx, path.Root("deployed"), &recorded)...)
			}
			plan.Deployed = session.Undecided(ctx, desiredAudit(ctx, logging, targets, &resp.Diagnostics), recorded, plan.OnUnreachable, &resp.Diagnostics)
		}
	}
	resp.Diagnostics.Append(resp.Plan.Set(ctx, plan)...)
}

func desiredAudit(ctx context.Context, logging hardening.AuditLogging, targets []node.Target, diags *diag.Diagnostics) types.Map {
	desired := logging.Desired()
	deployed := map[string]deployedAuditModel{}
	for _, target := range targets {
		deployed[target.Name] = deployedAudit(&desired, desired.Contents)
	}
	return deployedAuditMap(ctx, deployed, diags)
}

func (r *auditLoggingResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan auditLoggingModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, plan.Timeouts.Create, &resp.Diagnostics)
	defer cancel()
	r.install(ctx, &plan, nil, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

func (r *auditLoggingResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, state auditLoggingModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, plan.Timeouts.Update, &resp.Diagnostics)
	defer cancel()
	r.install(ctx, &plan, &state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, plan)...)
}

// install brings the planned settings onto their nodes and takes them off those that state has and the plan has not.
func (r *auditLoggingResource) install(ctx context.Context, plan, state *auditLoggingModel, diags *diag.Diagnostics) {
	logging := plan.logging(ctx, diags)
	summary := fmt.Sprintf("Unable to apply audit logging %q", logging.Name)
	targets, err := r.Clients.Targets(ctx, session.NodeNames(ctx, plan.Nodes, diags))
	if err != nil {
		values.AddError(diags, summary, err)
		return
	}
	nodes, err := r.Clients.Nodes()
	if err != nil {
		values.AddError(diags, summary, err)
		return
	}
	var leave []node.Target
	deployed := map[string]deployedAuditModel{}
	if state != nil {
		deployed = state.deployedAudits(ctx, diags)
		leave = session.Without(r.recordedTargets(ctx, state, diags), targets)
	}
	reached := r.Reachable(ctx, targets, plan.OnUnreachable, diags)
	if len(reached) == 0 {
		diags.AddError(summary, session.NoNodeAnswered)
		return
	}
	expect, err := expectations(ctx, logging, nodes, reached, deployed)
	if err != nil {
		values.AddError(diags, summary, err)
		return
	}
	if diags.HasError() {
		return
	}
	if err := logging.Install(ctx, nodes, reached, leave, expect, session.Progress(ctx)); err != nil {
		values.AddError(diags, summary, err)
		return
	}
	plan.Deployed = withSkipped(ctx, logging, targets, reached, deployed, diags)
}

// withSkipped is deployed after an apply: as desired where it went, and as recorded, or nothing, where a node was not reached.
func withSkipped(ctx context.Context, logging hardening.AuditLogging, targets, reached []node.Target, recorded map[string]deployedAuditModel, diags *diag.Diagnostics) types.Map {
	desired := logging.Desired()
	deployed := map[string]deployedAuditModel{}
	for _, target := range targets {
		entry, known := recorded[target.Name]
		switch {
		case session.ContainsTarget(reached, target.Name):
			entry = deployedAudit(&desired, desired.Contents)
		case !known:
			entry = deployedAudit(&hardening.AuditState{}, nil)
			entry.Changes = values.StringList([]string{session.NotReached})
		}
		deployed[target.Name] = entry
	}
	return deployedAuditMap(ctx, deployed, diags)
}

// expectations pins what the nodes hold to what the plan was made for, and gives for each node the files that the transaction then insists on.
// recorded is deployed as it was when the plan was made; a node that is not in it must have none of the files.
func expectations(ctx context.Context, logging hardening.AuditLogging, nodes hardening.Nodes, targets []node.Target, recorded map[string]deployedAuditModel) (map[string]map[string]hardening.FileStatus, error) {
	seen, err := session.OnEach(ctx, targets, func(ctx context.Context, target node.Target) (*hardening.AuditState, error) {
		return logging.Observe(ctx, nodes, target)
	})
	if err != nil {
		return nil, err
	}
	expect := map[string]map[string]hardening.FileStatus{}
	for _, target := range targets {
		known := values.StringsInMap(recorded[target.Name].Files)
		expect[target.Name] = map[string]hardening.FileStatus{}
		for _, name := range logging.Paths() {
			status := seen[target.Name].Files[name]
			planned := known[name]
			if planned == "" {
				planned = hardening.FileStatus{}.String()
			}
			if status.String() != planned {
				return nil, fmt.Errorf("%s on node %s is not as it was when the change was planned: it was %s and is %s. Run terraform plan again to see what changed; "+
					"a file that Terraform did not write must be imported or removed first", name, target.Name, planned, status)
			}
			expect[target.Name][name] = status
		}
	}
	return expect, nil
}

func (r *auditLoggingResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state auditLoggingModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, state.Timeouts.Read, &resp.Diagnostics)
	defer cancel()
	logging := state.logging(ctx, &resp.Diagnostics)
	targets := r.recordedTargets(ctx, &state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	reached := r.Reachable(ctx, targets, state.OnUnreachable, &resp.Diagnostics)
	seen := r.observe(ctx, logging, reached, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if len(reached) == len(targets) && !anyConfigured(seen) {
		resp.State.RemoveResource(ctx)
		return
	}
	recorded := values.StringsInMap(state.Files)
	before := state.deployedAudits(ctx, &resp.Diagnostics)
	deployed := map[string]deployedAuditModel{}
	for _, target := range session.Without(targets, reached) {
		deployed[target.Name] = before[target.Name]
	}
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		deployed[name] = deployedAudit(seen[name], recorded)
		session.WarnOfUnfinished(name, seen[name].Unfinished, &resp.Diagnostics)
	}
	state.Deployed = deployedAuditMap(ctx, deployed, &resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

// anyConfigured tells whether any node has any of the configuration files. Where none has, the settings are gone.
func anyConfigured(seen map[string]*hardening.AuditState) bool {
	for _, found := range seen {
		if len(found.Contents) > 0 {
			return true
		}
	}
	return false
}

func (r *auditLoggingResource) observe(ctx context.Context, logging hardening.AuditLogging, targets []node.Target, diags *diag.Diagnostics) map[string]*hardening.AuditState {
	summary := fmt.Sprintf("Unable to read audit logging %q", logging.Name)
	nodes, err := r.Clients.Nodes()
	if err != nil {
		values.AddError(diags, summary, err)
		return nil
	}
	seen, err := session.OnEach(ctx, targets, func(ctx context.Context, target node.Target) (*hardening.AuditState, error) {
		return logging.Observe(ctx, nodes, target)
	})
	if err != nil {
		values.AddError(diags, summary, err)
	}
	return seen
}

func (r *auditLoggingResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state auditLoggingModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := session.WithTimeout(ctx, state.Timeouts.Delete, &resp.Diagnostics)
	defer cancel()
	logging := state.logging(ctx, &resp.Diagnostics)
	targets := r.recordedTargets(ctx, &state, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	nodes, err := r.Clients.Nodes()
	if err == nil {
		err = logging.Remove(ctx, nodes, targets, session.Progress(ctx))
	}
	if err != nil {
		values.AddError(&resp.Diagnostics, fmt.Sprintf("Unable to remove audit logging %q", logging.Name), err)
	}
}

// ImportState takes "NAME" for all nodes, or "NAME@NODE,NODE", and reads the settings out of the configuration files.
func (r *auditLoggingResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	const summary = "Unable to import audit logging"
	name, names, err := session.ParseImportID(req.ID, hardening.CheckDropInName)
	if err != nil {
		resp.Diagnostics.AddError("Import id not usable", values.UpperFirst(err.Error()))
		return
	}
	targets, err := r.Clients.Targets(ctx, names)
	if err != nil {
		values.AddError(&resp.Diagnostics, summary, err)
		return
	}
	logging := hardening.AuditLogging{Name: name}
	seen := r.observe(ctx, logging, targets, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if !anyConfigured(seen) {
		resp.Diagnostics.AddError("Nothing to import", fmt.Sprintf("None of the nodes %s has a file %s.", strings.Join(session.TargetNames(targets), ", "), strings.Join(logging.Paths(), " or ")))
		return
	}
	for _, target := range targets {
		if len(seen[target.Name].Contents) == 0 {
			continue
		}
		logging, err = hardening.ParseAuditLogging(name, seen[target.Name].Contents)
		if err != nil {
			resp.Diagnostics.AddError(summary, values.UpperFirst(fmt.Sprintf("%v (node %s)", err, target.Name)))
			return
		}
		break
	}
	model := &auditLoggingModel{Name: types.StringValue(name), OnUnreachable: types.StringValue(session.FailUnreachable), Nodes: types.SetNull(types.StringType), Files: values.StringMap(logging.Render()), Timeouts: session.NullTimeouts()}
	if names != nil {
		model.Nodes = values.StringSet(names)
	}
	model.setLogging(ctx, logging, &resp.Diagnostics)
	model.Deployed = desiredAudit(ctx, logging, targets, &resp.Diagnostics) // the refresh that follows an import reads what the nodes hold
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func (m *auditLoggingModel) deployedAudits(ctx context.Context, diags *diag.Diagnostics) map[string]deployedAuditModel {
	byNode := map[string]deployedAuditModel{}
	if !m.Deployed.IsNull() && !m.Deployed.IsUnknown() {
		diags.Append(m.Deployed.ElementsAs(ctx, &byNode, false)...)
	}
	return byNode
}

func (r *auditLoggingResource) recordedTargets(ctx context.Context, state *auditLoggingModel, diags *diag.Diagnostics) []node.Target {
	return r.RecordedTargets(ctx, slices.Sorted(maps.Keys(state.deployedAudits(ctx, diags))), fmt.Sprintf("audit logging %q", state.Name.ValueString()), diags)
}
