package auditlog

import (
	"context"
	"sort"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// auditLoggingModel is pvesec_audit_logging in configuration, plan and state.
type auditLoggingModel struct {
	Name           types.String `tfsdk:"name"`
	Subjects       types.Set    `tfsdk:"subjects"`
	SudoLog        types.Object `tfsdk:"sudo_log"`
	IOLogs         types.Object `tfsdk:"io_logs"`
	SecurityLog    types.Object `tfsdk:"security_log"`
	Rotation       types.Object `tfsdk:"rotation"`
	RequireLogging types.Bool   `tfsdk:"require_logging"`
	Files          types.Map    `tfsdk:"files"`
	session.Placed
}

type sudoLogModel struct {
	Enabled   types.Bool   `tfsdk:"enabled"`
	Directory types.String `tfsdk:"directory"`
	Mode      types.String `tfsdk:"mode"`
}

type ioLogsModel struct {
	Enabled     types.Bool   `tfsdk:"enabled"`
	Input       types.Bool   `tfsdk:"input"`
	Output      types.Bool   `tfsdk:"output"`
	Directory   types.String `tfsdk:"directory"`
	Mode        types.String `tfsdk:"mode"`
	MaxSessions types.Int64  `tfsdk:"max_sessions"`
	Compress    types.Bool   `tfsdk:"compress"`
}

type securityLogModel struct {
	Enabled types.Bool   `tfsdk:"enabled"`
	Path    types.String `tfsdk:"path"`
	Mode    types.String `tfsdk:"mode"`
}

type rotationModel struct {
	Enabled   types.Bool   `tfsdk:"enabled"`
	Frequency types.String `tfsdk:"frequency"`
	Keep      types.Int64  `tfsdk:"keep"`
	Compress  types.Bool   `tfsdk:"compress"`
}

// What the configuration may leave out.
var (
	defaultSudoLog  = hardening.SudoLog{Directory: "/var/log", Mode: "0600"}
	defaultIOLogs   = hardening.IOLogs{Output: true, Directory: "/var/log/sudo-io", Mode: "0600"}
	defaultRotation = hardening.Rotation{Frequency: "weekly", Keep: 26, Compress: true}
)

const defaultSecurityLogMode = "0600"

func defaultSecurityLogPath(name string) string { return "/var/log/" + name + "-security.log" }

// deployedAuditModel is what one node holds of audit logging.
type deployedAuditModel struct {
	Files    types.Map  `tfsdk:"files"`
	Services types.Map  `tfsdk:"services"`
	Changes  types.List `tfsdk:"changes"`
}

var deployedAuditType = values.ObjectTypeOf(deployedAttributes())

// logging is the model as package hardening needs it, with everything that the configuration may leave out filled in. Call it only with
// known values.
func (m *auditLoggingModel) logging(ctx context.Context, diags *diag.Diagnostics) hardening.AuditLogging {
	a := hardening.AuditLogging{Name: m.Name.ValueString(), Require: m.RequireLogging.ValueBool()}
	diags.Append(m.Subjects.ElementsAs(ctx, &a.Subjects, false)...)
	sort.Strings(a.Subjects)

	var sudoLog sudoLogModel
	diags.Append(values.ReadObject(ctx, m.SudoLog, &sudoLog)...)
	if switchedOn(sudoLog.Enabled) {
		a.SudoLog = &hardening.SudoLog{
			Directory: values.StringOr(sudoLog.Directory, defaultSudoLog.Directory),
			Mode:      values.StringOr(sudoLog.Mode, defaultSudoLog.Mode),
		}
	}
	var ioLogs ioLogsModel
	diags.Append(values.ReadObject(ctx, m.IOLogs, &ioLogs)...)
	if switchedOn(ioLogs.Enabled) {
		a.IOLogs = &hardening.IOLogs{
			Input:       values.BoolOr(ioLogs.Input, defaultIOLogs.Input),
			Output:      values.BoolOr(ioLogs.Output, defaultIOLogs.Output),
			Directory:   values.StringOr(ioLogs.Directory, defaultIOLogs.Directory),
			Mode:        values.StringOr(ioLogs.Mode, defaultIOLogs.Mode),
			MaxSessions: ioLogs.MaxSessions.ValueInt64(),
			Compress:    values.BoolOr(ioLogs.Compress, defaultIOLogs.Compress),
		}
	}
	var securityLog securityLogModel
	diags.Append(values.ReadObject(ctx, m.SecurityLog, &securityLog)...)
	if switchedOn(securityLog.Enabled) {
		a.SecurityLog = &hardening.SecurityLog{
			Path: values.StringOr(securityLog.Path, defaultSecurityLogPath(a.Name)),
			Mode: values.StringOr(securityLog.Mode, defaultSecurityLogMode),
		}
	}
	var rotation rotationModel
	diags.Append(values.ReadObject(ctx, m.Rotation, &rotation)...)
	if switchedOn(rotation.Enabled) {
		a.Rotation = &hardening.Rotation{
			Frequency: values.StringOr(rotation.Frequency, defaultRotation.Frequency),
			Keep:      defaultRotation.Keep,
			Compress:  values.BoolOr(rotation.Compress, defaultRotation.Compress),
		}
		if !rotation.Keep.IsNull() {
			a.Rotation.Keep = rotation.Keep.ValueInt64()
		}
	}
	return a
}

// setLogging writes what was found on a node into a model that is being imported.
func (m *auditLoggingModel) setLogging(ctx context.Context, a hardening.AuditLogging, diags *diag.Diagnostics) {
	m.Subjects = types.SetNull(types.StringType)
	if len(a.Subjects) > 0 {
		m.Subjects = values.StringSet(a.Subjects)
	}
	m.RequireLogging = types.BoolValue(a.Require)
	sudoLog := sudoLogModel{Enabled: types.BoolValue(a.SudoLog != nil)}
	if a.SudoLog != nil {
		sudoLog.Directory, sudoLog.Mode = types.StringValue(a.SudoLog.Directory), types.StringValue(a.SudoLog.Mode)
	}
	m.SudoLog = values.WriteObject(ctx, sudoLogType, sudoLog, diags)
	ioLogs := ioLogsModel{Enabled: types.BoolValue(a.IOLogs != nil)}
	if a.IOLogs != nil {
		ioLogs = ioLogsModel{
			Enabled:   types.BoolValue(true),
			Input:     types.BoolValue(a.IOLogs.Input),
			Output:    types.BoolValue(a.IOLogs.Output),
			Directory: types.StringValue(a.IOLogs.Directory),
			Mode:      types.StringValue(a.IOLogs.Mode),
			Compress:  types.BoolValue(a.IOLogs.Compress),
		}
		if a.IOLogs.MaxSessions > 0 {
			ioLogs.MaxSessions = types.Int64Value(a.IOLogs.MaxSessions)
		}
	}
	m.IOLogs = values.WriteObject(ctx, ioLogsType, ioLogs, diags)
	securityLog := securityLogModel{Enabled: types.BoolValue(a.SecurityLog != nil)}
	if a.SecurityLog != nil {
		securityLog.Path, securityLog.Mode = types.StringValue(a.SecurityLog.Path), types.StringValue(a.SecurityLog.Mode)
	}
	m.SecurityLog = values.WriteObject(ctx, securityLogType, securityLog, diags)
	rotation := rotationModel{Enabled: types.BoolValue(a.Rotation != nil)}
	if a.Rotation != nil {
		rotation.Frequency = types.StringValue(a.Rotation.Frequency)
		rotation.Keep, rotation.Compress = types.Int64Value(a.Rotation.Keep), types.BoolValue(a.Rotation.Compress)
	}
	m.Rotation = values.WriteObject(ctx, rotationType, rotation, diags)
}

// The types of the blocks, as the schema describes them.
var (
	sudoLogType     = values.ObjectTypeOf(sudoLogAttributes()).AttrTypes
	ioLogsType      = values.ObjectTypeOf(ioLogsAttributes()).AttrTypes
	securityLogType = values.ObjectTypeOf(securityLogAttributes()).AttrTypes
	rotationType    = values.ObjectTypeOf(rotationAttributes()).AttrTypes
)

// switchedOn is a switch that is on unless the configuration says false.
func switchedOn(value types.Bool) bool { return values.BoolOr(value, true) }

// deployedAudit is a node's entry of deployed.
func deployedAudit(ctx context.Context, state *hardening.AuditState, recorded map[string]string, diags *diag.Diagnostics) types.Object {
	files := map[string]string{}
	for name, status := range state.Files {
		files[name] = status.String()
	}
	return values.WriteObject(ctx, deployedAuditType.AttrTypes, deployedAuditModel{
		Files:    values.StringMap(files),
		Services: values.StringMap(state.Services),
		Changes:  values.StringList(state.Changes(recorded)),
	}, diags)
}
