package auditlog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	_ resource.ResourceWithConfigure      = (*auditLoggingResource)(nil)
	_ resource.ResourceWithModifyPlan     = (*auditLoggingResource)(nil)
	_ resource.ResourceWithImportState    = (*auditLoggingResource)(nil)
	_ resource.ResourceWithValidateConfig = (*auditLoggingResource)(nil)
)

type auditLoggingResource struct {
	session.OnNodes[auditLoggingModel, hardening.AuditState, *auditLoggingModel]
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
		resp.Diagnostics.AddAttributeError(path.Root("io_logs"), "Invalid I/O logs",
			"io_logs records neither input nor output. Set one of them to true, or set enabled = false.")
	}
	refuseLost(logging, &resp.Diagnostics)
	model.refuseUnsent(ctx, &resp.Diagnostics)
	refuseUnwatched(logging.AuditRules, &resp.Diagnostics)
	if !logging.ConfiguresSudo() && logging.SecurityLog == nil && logging.AuditRules == nil && logging.Journal == nil && logging.Forward == nil {
		resp.Diagnostics.AddAttributeError(path.Root("sudo_log"), "Nothing is logged",
			"sudo_log, io_logs and security_log are all off. Enable one of them, write another block such as audit_rules, or remove the resource.")
	}
}

// known tells that no setting depends on a value that Terraform learns later.
func (m *auditLoggingModel) known() bool {
	return !slices.ContainsFunc([]attr.Value{
		m.Name, m.Subjects, m.SudoLog, m.IOLogs, m.SecurityLog, m.Forward, m.Rotation, m.AuditRules, m.SubCommands, m.SudoSyslog, m.SudoMail, m.Journald, m.RequireLogging,
	}, func(value attr.Value) bool { return !values.FullyKnown(value) })
}

// ModifyPlan renders every file and plans the state of each node after an apply, so that drift shows as a planned
// change of deployed.
func (r *auditLoggingResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return // destroy
	}
	var plan auditLoggingModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if !plan.Name.IsUnknown() {
		plan.RefuseTwice(ctx, r.Clients, plan.What(), !req.State.Raw.IsNull(), req.Private, resp.Private, &resp.Diagnostics)
	}
	var state *auditLoggingModel
	if !req.State.Raw.IsNull() {
		state = &auditLoggingModel{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	replaced := replacedRotation(ctx, state, req.Private, resp.Private, &resp.Diagnostics)
	plan.Files = types.MapUnknown(types.StringType)
	plan.Deployed = types.MapUnknown(deployedAuditType)
	plan.OpenPackages()
	if plan.known() {
		logging := plan.logging(ctx, &resp.Diagnostics)
		r.refuseTwice(ctx, &plan, logging, &resp.Diagnostics)
		plan.Files = values.StringMap(logging.Render())
		if targets, known := r.PlanTargets(ctx, plan.Nodes, &resp.Diagnostics); known {
			desired := map[string]attr.Value{}
			for _, target := range targets {
				desired[target.Name] = plan.planned(ctx, state, target.Name, r.plannedAuditRules(ctx, logging, state, target, &resp.Diagnostics), &resp.Diagnostics)
			}
			plan.Deployed = types.MapValueMust(deployedAuditType, desired)
			r.refuseRotatedTwice(ctx, logging, state, replaced, targets, &resp.Diagnostics)
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

// What names the settings.
func (m *auditLoggingModel) What() string {
	return fmt.Sprintf("audit logging %q", m.Name.ValueString())
}

// Observer reads the files, logs and services of the settings.
func (m *auditLoggingModel) Observer(ctx context.Context, diags *diag.Diagnostics) session.Observer[hardening.AuditState] {
	return m.logging(ctx, diags).Observe
}

// Holds tells whether a node has any of the configuration files.
func (m *auditLoggingModel) Holds(seen *hardening.AuditState) bool { return len(seen.Contents) > 0 }

// Unfinished tells whether an earlier change was interrupted, and whether it left files.
func (m *auditLoggingModel) Unfinished(seen *hardening.AuditState) (unfinished, leftover bool) {
	return seen.Unfinished, seen.Leftover
}

// Commands are the programs that a node needs for the settings.
func (m *auditLoggingModel) Commands(ctx context.Context, diags *diag.Diagnostics) []string {
	return m.logging(ctx, diags).Commands()
}

// Lacks are the packages that a node needs for the settings and does not have.
func (m *auditLoggingModel) Lacks(seen *hardening.AuditState) []string { return seen.Lacks }

// ReadsBack tells that the nodes are read after an apply where the plan does not know what other files overrule.
func (m *auditLoggingModel) ReadsBack(open bool) bool { return open }

// Took warns of what other files overrule, and of what else is wrong. It records nothing: deployed shows all that there
// is.
func (m *auditLoggingModel) Took(_ context.Context, reading session.Reading[hardening.AuditState], diags *diag.Diagnostics) {
	if !reading.Refresh && !m.created {
		return // the refresh has said so
	}
	warnOfRules(m.What(), reading.Seen, diags)
	m.warn(reading.Seen, func(seen *hardening.AuditState) []string { return seen.Overruled }, "Other files overrule %s on %s", overruledBefore,
		"Find out who wrote them, and remove them from those files. An apply does not, so every plan shows them.", diags)
	m.warn(reading.Seen, func(seen *hardening.AuditState) []string { return seen.Health.Problems }, "Records of %s may not arrive on %s", func([]string) string { return "What is wrong there:" },
		"An apply installs the settings anew and starts the services. What it does not mend, every plan shows until somebody does.", diags)
}

// overruledBefore stands before lines of other files. It names the kinds of files.
func overruledBefore(lines []string) string {
	var kinds []string
	for _, line := range lines {
		kinds = append(kinds, hardening.OverruledKind(line))
	}
	slices.Sort(kinds)
	return "The settings are in place, but not all of them hold, because of these lines of other files of " + strings.Join(slices.Compact(kinds), " and ") + ":"
}

// warn names for each text that nodes say the nodes that say it. Before is what stands before what they say.
func (m *auditLoggingModel) warn(seen map[string]*hardening.AuditState, lines func(*hardening.AuditState) []string, summary string, before func(lines []string) string, after string, diags *diag.Diagnostics) {
	nodes, starts := map[string][]string{}, map[string]string{} // by what is said
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		if said := lines(seen[name]); len(said) > 0 {
			detail := strings.Join(said, "\n  ")
			nodes[detail], starts[detail] = append(nodes[detail], name), before(said)
		}
	}
	for _, detail := range slices.Sorted(maps.Keys(nodes)) {
		diags.AddAttributeWarning(path.Root("deployed"), fmt.Sprintf(summary, m.What(), strings.Join(nodes[detail], ", ")), starts[detail]+"\n\n  "+detail+"\n\n"+after)
	}
}

// Install brings the settings onto nodes that are as they were when the change was planned.
func (m *auditLoggingModel) Install(ctx context.Context, change session.Change[auditLoggingModel], diags *diag.Diagnostics) error {
	logging := m.logging(ctx, diags)
	m.created = change.State == nil
	var recorded map[string]attr.Value
	var applied map[string]string
	if change.State != nil {
		recorded, applied = change.State.Deployed.Elements(), values.StringsInMap(change.State.Files)
	}
	seen, err := asPlanned(ctx, logging, change.Nodes, change.Targets, recorded)
	if err != nil {
		return err
	}
	return logging.Install(ctx, change.Nodes, change.Targets, change.Leave, seen, applied, session.Progress(ctx))
}

// asPlanned is what the nodes hold, which is what the plan was made for, or an error. recorded is deployed as it was
// when the plan was made; a node that is not in it must have none of the files.
func asPlanned(ctx context.Context, logging hardening.AuditLogging, nodes hardening.Nodes, targets []node.Target, recorded map[string]attr.Value) (map[string]*hardening.AuditState, error) {
	seen, err := session.Observe(ctx, nodes, targets, logging.Observe)
	if err != nil {
		return nil, err
	}
	for _, target := range targets {
		known := map[string]string{}
		if entry, ok := recorded[target.Name].(types.Object); ok {
			if files, ok := entry.Attributes()["files"].(types.Map); ok {
				known = values.StringsInMap(files)
			}
		}
		for _, name := range logging.Planned() {
			found, planned := seen[target.Name].Files[name].String(), known[name]
			if planned == "" {
				planned = hardening.FileStatus{}.String()
			}
			if found != planned {
				return nil, &node.ConflictError{Node: target.Name, Path: name, Expected: planned, Found: found}
			}
		}
	}
	return seen, nil
}

// Remove takes the configuration off nodes. It warns of policies that stay.
func (m *auditLoggingModel) Remove(ctx context.Context, nodes hardening.Nodes, targets []node.Target, _ values.PrivateReader, diags *diag.Diagnostics) error {
	logging := m.logging(ctx, diags)
	if logging.PurgeLogs && slices.ContainsFunc(slices.Collect(maps.Keys(m.Deployed.Elements())), m.wasUnproven) {
		logging.PurgeLogs = false
		diags.AddWarning("The logs of "+m.What()+" stay", "purge_logs is set, but the probe of the last apply failed. Terraform may only be replacing the resource for that reason, and what the logs hold may be older than it is. "+
			"Apply again until the probe passes and destroy then, or remove the logs by hand.")
	}
	if err := logging.Remove(ctx, nodes, targets, session.Progress(ctx)); err != nil {
		return err
	}
	warnOfUnlogged(ctx, logging, nodes, targets, diags)
	return nil
}

// Named sets the name.
func (m *auditLoggingModel) Named(name string) session.Observer[hardening.AuditState] {
	m.Name = types.StringValue(name)
	return hardening.AuditLogging{Name: name}.Observe
}

// Adopt reads the settings out of the configuration files of the first node that has any.
func (m *auditLoggingModel) Adopt(ctx context.Context, targets []node.Target, seen map[string]*hardening.AuditState, diags *diag.Diagnostics) {
	for _, target := range targets {
		if !m.Holds(seen[target.Name]) {
			continue
		}
		logging, err := hardening.ParseAuditLogging(m.Name.ValueString(), seen[target.Name].Contents)
		if err != nil {
			diags.AddError("Unable to import "+m.What(), values.UpperFirst(fmt.Sprintf("%v (node %s)", err, target.Name)))
			return
		}
		m.setLogging(ctx, logging, diags)
		m.Probe = types.BoolValue(true)
		m.Files = values.StringMap(logging.Render())
		return
	}
}
