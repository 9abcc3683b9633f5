package auditlog

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

type auditRulesModel struct {
	Areas     types.Set    `tfsdk:"areas"`
	Paths     types.Set    `tfsdk:"paths"`
	Backlog   values.Whole `tfsdk:"backlog"`
	OnLoss    types.String `tfsdk:"on_loss"`
	Immutable types.Bool   `tfsdk:"immutable"`
}

var auditRulesType = values.ObjectTypeOf(auditRulesAttributes()).AttrTypes

var defaultAuditRules = hardening.AuditRules{Areas: hardening.AuditAreas(), Backlog: 8192, Failure: "log"}

// noAuditRules is audit_rules of a configuration that leaves everything to the defaults.
func noAuditRules() auditRulesModel {
	return auditRulesModel{Areas: types.SetNull(types.StringType), Paths: types.SetNull(types.StringType), Backlog: values.NoWhole()}
}

// auditRulesAttributes describes audit_rules.
func auditRulesAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"areas": schema.SetAttribute{
			MarkdownDescription: "What is recorded; all of it by default. Each is a key for `ausearch -k pvesec-<area>`:\n\n" +
				"- `accounts`: changes of `/etc/passwd`, `shadow`, `group` and what belongs to them\n" +
				"- `audit`: changes of audit's own configuration, log and programs\n" +
				"- `logs`: changes below `/var/log` in a session of a person, with what sudo itself writes there and what `sudoedit` changes\n" +
				"- `modules`: loading and unloading of kernel modules, and their configuration\n" +
				"- `pam`: changes of PAM, `/etc/security` and `login.defs`\n" +
				"- `pve`: changes of `/etc/pve`, also after it is mounted anew; not together with `immutable`\n" +
				"- `root_commands`: every program that runs as root in a session of one of the `subjects`, by the user who logged in. The kernel knows no login groups: where `subjects` has a group, and where it is not set, " +
				"sessions of all users with a UID of 1000 or more count\n" +
				"- `ssh`: changes below `/etc/ssh` and `/root/.ssh`\n" +
				"- `sudoers`: changes of sudo's configuration\n" +
				"- `time`: changes of the clock and the time zone",
			ElementType: types.StringType,
			Optional:    true,
			Validators:  []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(stringvalidator.OneOf(hardening.AuditAreas()...))},
		},
		"paths": schema.SetAttribute{
			MarkdownDescription: "Further files and directories of which changes are recorded, with the key `pvesec-paths`. The directory that a path is in must exist.",
			ElementType:         types.StringType,
			Optional:            true,
			Validators:          []validator.Set{setvalidator.SizeAtLeast(1), setvalidator.ValueStringsAre(values.CheckedBy("be a clean absolute path", hardening.CheckAuditPath))},
		},
		"backlog": schema.Int64Attribute{
			CustomType:          values.WholeType{},
			MarkdownDescription: "How many records may wait for auditd before `on_loss` applies; 8192 by default.",
			Optional:            true,
			Validators:          []validator.Int64{int64validator.Between(64, 1<<20)},
		},
		"on_loss": optionalText("What the kernel does where it loses a record: `log` writes a line to its log, the default; `ignore` does nothing; `panic` **stops the node at once**, with all its guests.",
			stringvalidator.OneOf(hardening.AuditFailures()...)),
		"immutable": schema.BoolAttribute{
			MarkdownDescription: "Whether the rules are locked, so that root too changes them only with a reboot; `false` by default. The lock is put on by the next boot of the node, not by the apply. On a node that is locked, an apply changes the files, " +
				"and the kernel follows at the next boot: the plan and `deployed` say so. A node locks its rules before it mounts `/etc/pve`, which they then cannot watch: set `areas` without `pve`.",
			Optional: true,
		},
	}
}

// auditRules is the block as package hardening needs it, nil without one.
func (m *auditLoggingModel) auditRules(ctx context.Context, diags *diag.Diagnostics) *hardening.AuditRules {
	if m.AuditRules.IsNull() {
		return nil
	}
	model := noAuditRules()
	diags.Append(values.ReadObject(ctx, m.AuditRules, &model)...)
	rules := &hardening.AuditRules{
		Areas:     slices.Clone(defaultAuditRules.Areas),
		Backlog:   wholeOr(model.Backlog, defaultAuditRules.Backlog),
		Failure:   values.StringOr(model.OnLoss, defaultAuditRules.Failure),
		Immutable: model.Immutable.ValueBool(),
	}
	if !model.Areas.IsNull() {
		rules.Areas = nil
		diags.Append(model.Areas.ElementsAs(ctx, &rules.Areas, false)...)
	}
	diags.Append(values.Present(model.Paths).ElementsAs(ctx, &rules.Paths, false)...)
	slices.Sort(rules.Areas)
	slices.Sort(rules.Paths)
	return rules
}

// refuseUnwatched refuses locked rules about what is mounted later: the kernel watches a mount only where it is told
// after it, and takes nothing once it is locked.
func refuseUnwatched(rules *hardening.AuditRules, diags *diag.Diagnostics) {
	if rules == nil || !rules.Immutable || !slices.Contains(rules.Areas, "pve") {
		return
	}
	without := slices.DeleteFunc(slices.Clone(rules.Areas), func(area string) bool { return area == "pve" })
	diags.AddAttributeError(path.Root("audit_rules"), "Invalid audit rules",
		"immutable = true locks the rules before a node mounts /etc/pve, so that the kernel would not watch it. Leave the area pve out, or do not lock the rules:\n\n  areas = [\""+strings.Join(without, "\", \"")+"\"]")
}

// setAuditRules writes what was found on a node.
func (m *auditLoggingModel) setAuditRules(ctx context.Context, rules *hardening.AuditRules, diags *diag.Diagnostics) {
	m.AuditRules = types.ObjectNull(auditRulesType)
	if rules == nil {
		return
	}
	model := noAuditRules()
	if !slices.Equal(rules.Areas, defaultAuditRules.Areas) {
		model.Areas = values.StringSet(rules.Areas)
	}
	if len(rules.Paths) > 0 {
		model.Paths = values.StringSet(rules.Paths)
	}
	model.Backlog = numberUnless(rules.Backlog, defaultAuditRules.Backlog)
	model.OnLoss, model.Immutable = textUnless(rules.Failure, defaultAuditRules.Failure), flagUnless(rules.Immutable, false)
	m.AuditRules = values.WriteObject(ctx, auditRulesType, model, diags)
}

// plannedAuditRules is what a node's kernel does with the rules after an apply. Where it was not asked yet, it is asked
// now: it may be locked.
func (r *auditLoggingResource) plannedAuditRules(ctx context.Context, logging hardening.AuditLogging, state *auditLoggingModel, target node.Target, diags *diag.Diagnostics) attr.Value {
	if logging.AuditRules == nil {
		return types.StringNull()
	}
	rules := logging.AuditRulesPath()
	if state != nil {
		if entry, is := state.Deployed.Elements()[target.Name].(types.Object); is {
			if found, told := entry.Attributes()["audit_rules"].(types.String); told && found.ValueString() != "" {
				changed := values.StringsInMap(state.Files)[rules] != logging.Render()[rules]
				return types.StringValue(hardening.PlannedAuditRules(found.ValueString(), changed))
			}
		}
	}
	if nodes, err := r.Clients.Nodes(); err == nil {
		if found, problem, err := logging.AskAuditRules(ctx, nodes, target); err == nil {
			if problem != "" {
				diags.AddAttributeError(path.Root("audit_rules"), "Unable to record with the kernel of "+target.Name,
					fmt.Sprintf("The kernel of %s takes no audit rules: %s. In a container, or after a boot with audit=0, there is no auditing. Take the node out of nodes, or leave audit_rules out.", target.Name, problem))
			}
			return types.StringValue(hardening.PlannedAuditRules(found, true))
		}
	}
	return types.StringUnknown()
}

// warnOfRules says on which nodes the kernel follows at the next boot alone.
func warnOfRules(what string, seen map[string]*hardening.AuditState, diags *diag.Diagnostics) {
	var waiting []string
	for name, state := range seen {
		if state.AuditRules == hardening.AuditAfterBoot {
			waiting = append(waiting, name)
		}
	}
	if len(waiting) == 0 {
		return
	}
	slices.Sort(waiting)
	diags.AddAttributeWarning(path.Root("audit_rules"), "Audit rules wait for a reboot on "+strings.Join(waiting, ", "),
		"The kernel has its audit rules locked (immutable), so that those of "+what+" take effect when the node boots. Until then it keeps the rules that it has. Reboot the node when its guests allow it.")
}
