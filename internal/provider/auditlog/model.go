package auditlog

import (
	"context"
	"reflect"
	"sort"

	"github.com/hashicorp/terraform-plugin-framework/attr"
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
	Forward        types.Object `tfsdk:"forward_to"`
	Rotation       types.Object `tfsdk:"rotation"`
	AuditRules     types.Object `tfsdk:"audit_rules"`
	Journald       types.Object `tfsdk:"journald"`
	SubCommands    types.Object `tfsdk:"sub_commands"`
	SudoSyslog     types.Object `tfsdk:"sudo_syslog"`
	SudoMail       types.Object `tfsdk:"sudo_mail"`
	RequireLogging types.Bool   `tfsdk:"require_logging"`
	Probe          types.Bool   `tfsdk:"probe"`
	PurgeLogs      types.Bool   `tfsdk:"purge_logs"`
	Files          types.Map    `tfsdk:"files"`
	session.Placed
	// created tells that an apply made the resource.
	created bool

	unproven map[string]bool // nodes on which the probe of this apply failed

	key string // the private key of forward_to, which is in the configuration alone
}

type sudoLogModel struct {
	Enabled   types.Bool   `tfsdk:"enabled"`
	Directory types.String `tfsdk:"directory"`
	Mode      types.String `tfsdk:"mode"`
	Format    types.String `tfsdk:"format"`
}

type ioLogsModel struct {
	Enabled     types.Bool   `tfsdk:"enabled"`
	Input       types.Bool   `tfsdk:"input"`
	Output      types.Bool   `tfsdk:"output"`
	Directory   types.String `tfsdk:"directory"`
	Mode        types.String `tfsdk:"mode"`
	MaxSessions values.Whole `tfsdk:"max_sessions"`
	Compress    types.Bool   `tfsdk:"compress"`
	MaxAge      values.Whole `tfsdk:"max_age_days"`
	MaxSize     values.Whole `tfsdk:"max_size_mib"`
	MinFree     values.Whole `tfsdk:"min_free_percent"`

	LogPasswords    types.Bool `tfsdk:"log_passwords"`
	PasswordPrompts types.List `tfsdk:"password_prompts"`
}

// noIOLogs is io_logs of a configuration that says nothing of it.
func noIOLogs() ioLogsModel {
	return ioLogsModel{MaxSessions: values.NoWhole(), MaxAge: values.NoWhole(), MaxSize: values.NoWhole(), MinFree: values.NoWhole(), PasswordPrompts: types.ListNull(types.StringType)}
}

type securityLogModel struct {
	Enabled   types.Bool   `tfsdk:"enabled"`
	Path      types.String `tfsdk:"path"`
	Mode      types.String `tfsdk:"mode"`
	Collector types.String `tfsdk:"collector"`
}

type rotationModel struct {
	Enabled   types.Bool   `tfsdk:"enabled"`
	Frequency types.String `tfsdk:"frequency"`
	Keep      values.Whole `tfsdk:"keep"`
	Compress  types.Bool   `tfsdk:"compress"`
}

// What the configuration may leave out.
var (
	defaultSudoLog  = hardening.SudoLog{Directory: "/var/log", Mode: "0600", Format: "sudo"}
	defaultIOLogs   = hardening.IOLogs{Output: true, Directory: "/var/log/sudo-io", Mode: "0600", MaxSessions: 2000, Bounds: defaultBounds}
	defaultBounds   = hardening.Bounds{MaxAgeDays: 365, MaxSizeMiB: 1024, MinFreePercent: 5}
	defaultRotation = hardening.Rotation{Frequency: "weekly", Keep: 26, Compress: true}
)

const (
	defaultSecurityLogMode = "0600"
	defaultCollector       = hardening.Journald
)

// defaultName is the name of audit logging where the configuration says none.
const defaultName = "pvesec"

func defaultSecurityLogPath(name string) string { return "/var/log/" + name + "-security.log" }

// logging is the model as package hardening needs it, with everything that the configuration may leave out filled in.
// Call it only with known values.
func (m *auditLoggingModel) logging(ctx context.Context, diags *diag.Diagnostics) hardening.AuditLogging {
	a := hardening.AuditLogging{Name: m.Name.ValueString(), Require: m.RequireLogging.ValueBool(), PurgeLogs: m.PurgeLogs.ValueBool()}
	diags.Append(values.Present(m.Subjects).ElementsAs(ctx, &a.Subjects, false)...)
	sort.Strings(a.Subjects)
	a.AuditRules, a.Journal = m.auditRules(ctx, diags), m.journal(ctx, diags)
	m.sudoOptions(ctx, &a, diags)
	a.Forward = m.forward(ctx, diags)

	var sudoLog sudoLogModel
	diags.Append(values.ReadObject(ctx, m.SudoLog, &sudoLog)...)
	if switchedOn(sudoLog.Enabled) {
		a.SudoLog = &hardening.SudoLog{
			Directory: values.StringOr(sudoLog.Directory, defaultSudoLog.Directory),
			Mode:      values.StringOr(sudoLog.Mode, defaultSudoLog.Mode),
			Format:    values.StringOr(sudoLog.Format, defaultSudoLog.Format),
		}
	}
	ioLogs := noIOLogs()
	diags.Append(values.ReadObject(ctx, m.IOLogs, &ioLogs)...)
	if switchedOn(ioLogs.Enabled) {
		a.IOLogs = &hardening.IOLogs{
			Input:       values.BoolOr(ioLogs.Input, defaultIOLogs.Input),
			Output:      values.BoolOr(ioLogs.Output, defaultIOLogs.Output),
			Directory:   values.StringOr(ioLogs.Directory, defaultIOLogs.Directory),
			Mode:        values.StringOr(ioLogs.Mode, defaultIOLogs.Mode),
			MaxSessions: wholeOr(ioLogs.MaxSessions, defaultIOLogs.MaxSessions),
			Compress:    values.BoolOr(ioLogs.Compress, defaultIOLogs.Compress),
			Bounds: hardening.Bounds{
				MaxAgeDays:     wholeOr(ioLogs.MaxAge, defaultBounds.MaxAgeDays),
				MaxSizeMiB:     wholeOr(ioLogs.MaxSize, defaultBounds.MaxSizeMiB),
				MinFreePercent: wholeOr(ioLogs.MinFree, defaultBounds.MinFreePercent),
			},
			LogPasswords:    ioLogs.LogPasswords.ValueBool(),
			PasswordPrompts: values.StringsInList(ctx, ioLogs.PasswordPrompts, diags),
		}
	}
	var securityLog securityLogModel
	diags.Append(values.ReadObject(ctx, m.SecurityLog, &securityLog)...)
	if switchedOn(securityLog.Enabled) {
		a.SecurityLog = &hardening.SecurityLog{
			Path: values.StringOr(securityLog.Path, defaultSecurityLogPath(a.Name)),
			Mode: values.StringOr(securityLog.Mode, defaultSecurityLogMode),

			Collector: hardening.Collector(values.StringOr(securityLog.Collector, string(defaultCollector))),
		}
	}
	rotation := rotationModel{Keep: values.NoWhole()}
	diags.Append(values.ReadObject(ctx, m.Rotation, &rotation)...)
	if switchedOn(rotation.Enabled) {
		a.Rotation = &hardening.Rotation{
			Frequency: values.StringOr(rotation.Frequency, defaultRotation.Frequency),
			Keep:      wholeOr(rotation.Keep, defaultRotation.Keep),
			Compress:  values.BoolOr(rotation.Compress, defaultRotation.Compress),
		}
	}
	return a
}

// setLogging writes what was found on a node into a model that is being imported. What is as it is by default stays
// null, as in a configuration that does not speak of it: then the plan after an import changes nothing.
func (m *auditLoggingModel) setLogging(ctx context.Context, a hardening.AuditLogging, diags *diag.Diagnostics) {
	m.Subjects = types.SetNull(types.StringType)
	if len(a.Subjects) > 0 {
		m.Subjects = values.StringSet(a.Subjects)
	}
	m.RequireLogging = types.BoolValue(a.Require)
	m.setAuditRules(ctx, a.AuditRules, diags)
	m.setJournal(ctx, a.Journal, diags)
	m.setSudoOptions(ctx, a, diags)
	m.setForward(ctx, a.Forward, diags)
	off := types.BoolValue(false)
	var sudoLog sudoLogModel
	if a.SudoLog == nil {
		sudoLog.Enabled = off
	} else {
		sudoLog.Directory, sudoLog.Mode = textUnless(a.SudoLog.Directory, defaultSudoLog.Directory), textUnless(a.SudoLog.Mode, defaultSudoLog.Mode)
		sudoLog.Format = textUnless(a.SudoLog.Format, defaultSudoLog.Format)
	}
	m.SudoLog = objectUnless(ctx, sudoLogType, sudoLog, sudoLogModel{}, diags)
	ioLogs := noIOLogs()
	if a.IOLogs == nil {
		ioLogs.Enabled = off
	} else {
		ioLogs.Input, ioLogs.Output = flagUnless(a.IOLogs.Input, defaultIOLogs.Input), flagUnless(a.IOLogs.Output, defaultIOLogs.Output)
		ioLogs.Directory, ioLogs.Mode = textUnless(a.IOLogs.Directory, defaultIOLogs.Directory), textUnless(a.IOLogs.Mode, defaultIOLogs.Mode)
		ioLogs.Compress = flagUnless(a.IOLogs.Compress, defaultIOLogs.Compress)
		ioLogs.MaxSessions = numberUnless(a.IOLogs.MaxSessions, defaultIOLogs.MaxSessions)
		ioLogs.MaxAge = numberUnless(a.IOLogs.Bounds.MaxAgeDays, defaultBounds.MaxAgeDays)
		ioLogs.MaxSize = numberUnless(a.IOLogs.Bounds.MaxSizeMiB, defaultBounds.MaxSizeMiB)
		ioLogs.LogPasswords = flagUnless(a.IOLogs.LogPasswords, false)
		if len(a.IOLogs.PasswordPrompts) > 0 {
			ioLogs.PasswordPrompts = values.StringList(a.IOLogs.PasswordPrompts)
		}
		ioLogs.MinFree = numberUnless(a.IOLogs.Bounds.MinFreePercent, defaultBounds.MinFreePercent)
	}
	m.IOLogs = objectUnless(ctx, ioLogsType, ioLogs, noIOLogs(), diags)
	var securityLog securityLogModel
	if a.SecurityLog == nil {
		securityLog.Enabled = off
	} else {
		securityLog.Path, securityLog.Mode = textUnless(a.SecurityLog.Path, defaultSecurityLogPath(a.Name)), textUnless(a.SecurityLog.Mode, defaultSecurityLogMode)
		securityLog.Collector = textUnless(string(a.SecurityLog.Collector), string(defaultCollector))
	}
	m.SecurityLog = objectUnless(ctx, securityLogType, securityLog, securityLogModel{}, diags)
	rotation := rotationModel{Keep: values.NoWhole()}
	if a.Rotation == nil {
		rotation.Enabled = off
	} else {
		rotation.Frequency = textUnless(a.Rotation.Frequency, defaultRotation.Frequency)
		rotation.Keep, rotation.Compress = numberUnless(a.Rotation.Keep, defaultRotation.Keep), flagUnless(a.Rotation.Compress, defaultRotation.Compress)
	}
	m.Rotation = objectUnless(ctx, rotationType, rotation, rotationModel{Keep: values.NoWhole()}, diags)
}

// wholeOr is a number, or the default where the configuration has none.
func wholeOr(n values.Whole, byDefault int64) int64 {
	if n.IsNull() {
		return byDefault
	}
	return n.ValueInt64()
}

// textUnless is a text, or null where it is the default.
func textUnless(text, byDefault string) types.String {
	if text == byDefault {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// flagUnless is a flag, or null where it is the default.
func flagUnless(on, byDefault bool) types.Bool {
	if on == byDefault {
		return types.BoolNull()
	}
	return types.BoolValue(on)
}

// numberUnless is a number, or null where it is the default.
func numberUnless(n, byDefault int64) values.Whole {
	if n == byDefault {
		return values.NoWhole()
	}
	return values.WholeValue(n)
}

// objectUnless is an object, or null where nothing in it is set.
func objectUnless[T any](ctx context.Context, attributes map[string]attr.Type, model, nothing T, diags *diag.Diagnostics) types.Object {
	if reflect.DeepEqual(model, nothing) {
		return types.ObjectNull(attributes)
	}
	return values.WriteObject(ctx, attributes, model, diags)
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
