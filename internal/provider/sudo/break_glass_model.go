package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// breakGlassModel is pvesec_break_glass in configuration, plan and state.
type breakGlassModel struct {
	Name            types.String `tfsdk:"name"`
	Subject         types.String `tfsdk:"subject"`
	Reason          types.String `tfsdk:"reason"`
	Ticket          types.String `tfsdk:"ticket"`
	Allowed         types.List   `tfsdk:"commands"`
	AllCommands     types.Bool   `tfsdk:"all_commands"`
	Duration        types.String `tfsdk:"duration"`
	StartsAt        types.String `tfsdk:"starts_at"`
	RenewID         types.String `tfsdk:"renew_id"`
	RequirePassword types.Bool   `tfsdk:"require_password"`
	RequireLogging  types.Bool   `tfsdk:"require_logging"`
	EndSessions     types.Bool   `tfsdk:"end_sessions"`

	Status    types.String `tfsdk:"status"`
	GrantedAt types.String `tfsdk:"granted_at"`
	ExpiresAt types.String `tfsdk:"expires_at"`
	Root      types.Bool   `tfsdk:"root_equivalent"`
	Findings  types.List   `tfsdk:"findings"`
	session.Placed
}

// breakGlassNode is a node's entry of deployed.
type breakGlassNode struct {
	Status    types.String `tfsdk:"status"`
	GrantedAt types.String `tfsdk:"granted_at"`
	BeginsAt  types.String `tfsdk:"begins_at"`
	ExpiresAt types.String `tfsdk:"expires_at"`
	ClockSkew types.String `tfsdk:"clock_skew"`
	Changes   types.List   `tfsdk:"changes"`
}

var breakGlassNodeType = values.ObjectTypeOf(breakGlassEntry())

// What an access may be on a node, the most open first.
const (
	accessRunning    = "running"
	accessScheduled  = "scheduled"
	accessClosed     = "closed"
	accessExpired    = "expired"
	accessNotGranted = "not granted"
)

var accessOrder = []string{accessRunning, accessScheduled, accessClosed, accessExpired, accessNotGranted}

// notGranted is the entry of a node on which the access was never opened.
func notGranted() breakGlassNode {
	return breakGlassNode{Status: types.StringValue(accessNotGranted), GrantedAt: types.StringNull(), BeginsAt: types.StringNull(), ExpiresAt: types.StringNull(), ClockSkew: types.StringNull(), Changes: values.StringList(nil)}
}

// open tells that the access is or will be open.
func (n *breakGlassNode) open() bool {
	return n.Status.ValueString() == accessRunning || n.Status.ValueString() == accessScheduled
}

// ended tells that the access was open on the node and is not any more.
func (n *breakGlassNode) ended() bool {
	return n.Status.ValueString() == accessExpired || n.Status.ValueString() == accessClosed
}

// window is when the access is open on the node.
func (n *breakGlassNode) window() hardening.Window {
	return hardening.Window{Granted: values.UnixTime(n.GrantedAt), Begins: values.UnixTime(n.BeginsAt), Ends: values.UnixTime(n.ExpiresAt)}
}

// skew is how far the node's clock was ahead when the access was granted, in seconds.
func (n *breakGlassNode) skew() int64 {
	d, err := time.ParseDuration(n.ClockSkew.ValueString())
	if err != nil {
		return 0
	}
	return int64(d / time.Second)
}

// granted is the entry of a node on which the access was just opened.
func granted(w hardening.Window, skew int64) breakGlassNode {
	n := breakGlassNode{
		GrantedAt: values.TimeValue(w.Granted), BeginsAt: values.TimeValue(w.Begins), ExpiresAt: values.TimeValue(w.Ends),
		ClockSkew: types.StringValue((time.Duration(skew) * time.Second).String()), Changes: values.StringList(nil),
	}
	n.Status = types.StringValue(accessRunning)
	if w.Begins > w.Granted {
		n.Status = types.StringValue(accessScheduled)
	}
	return n
}

func (n breakGlassNode) value(ctx context.Context, diags *diag.Diagnostics) types.Object {
	return values.WriteObject(ctx, breakGlassNodeType.AttrTypes, n, diags)
}

// entry is what is recorded of a node.
func (m *breakGlassModel) entry(ctx context.Context, name string, diags *diag.Diagnostics) breakGlassNode {
	entry := notGranted()
	if object, is := m.Deployed.Elements()[name].(types.Object); is && !object.IsUnknown() {
		diags.Append(values.ReadObject(ctx, object, &entry)...)
	}
	return entry
}

// entries are what is recorded of all nodes.
func (m *breakGlassModel) entries(ctx context.Context, diags *diag.Diagnostics) map[string]breakGlassNode {
	entries := map[string]breakGlassNode{}
	for name := range m.Deployed.Elements() {
		entries[name] = m.entry(ctx, name, diags)
	}
	return entries
}

// record puts the entries into deployed, beside those that are there.
func (m *breakGlassModel) record(ctx context.Context, entries map[string]breakGlassNode, diags *diag.Diagnostics) {
	all := map[string]attr.Value{}
	maps.Copy(all, m.Deployed.Elements())
	for name, entry := range entries {
		all[name] = entry.value(ctx, diags)
	}
	m.Deployed = types.MapValueMust(breakGlassNodeType, all)
}

// summarise fills in what holds for all nodes.
func (m *breakGlassModel) summarise(entries map[string]breakGlassNode) {
	most := len(accessOrder) - 1
	var from, until int64
	for _, entry := range entries {
		if at := slices.Index(accessOrder, entry.Status.ValueString()); at >= 0 {
			most = min(most, at)
		}
		if w := entry.window(); w.Granted != 0 {
			if from == 0 || w.Granted < from {
				from = w.Granted
			}
			until = max(until, w.Ends)
		}
	}
	m.Status, m.GrantedAt, m.ExpiresAt = types.StringValue(accessOrder[most]), values.TimeValue(from), values.TimeValue(until)
}

// access is the model as package hardening needs it. Call it only with known values.
func (m *breakGlassModel) access(ctx context.Context, diags *diag.Diagnostics) hardening.BreakGlass {
	return hardening.BreakGlass{
		Name: m.Name.ValueString(), Subject: m.Subject.ValueString(), Commands: values.StringsInList(ctx, m.Allowed, diags), Reason: m.Reason.ValueString(), Ticket: m.Ticket.ValueString(),
		RequirePassword: m.RequirePassword.ValueBool(), RequireLogging: m.RequireLogging.ValueBool(), EndSessions: m.EndSessions.ValueBool(),
	}
}

// known tells that no setting depends on a value that Terraform learns later.
func (m *breakGlassModel) known() bool {
	for _, value := range []attr.Value{m.Name, m.Subject, m.Reason, m.Ticket, m.Allowed, m.AllCommands, m.Duration, m.StartsAt, m.RenewID, m.RequirePassword, m.RequireLogging, m.EndSessions} {
		if !values.FullyKnown(value) {
			return false
		}
	}
	return true
}

// duration is how long the access is open. It was validated before.
func (m *breakGlassModel) duration() time.Duration {
	d, err := time.ParseDuration(m.Duration.ValueString())
	if err != nil {
		return 0
	}
	return d
}

// windowFrom is the window of an access that is granted when a node's clock shows now.
func (m *breakGlassModel) windowFrom(now int64) hardening.Window {
	begins := max(now, values.UnixTime(m.StartsAt))
	return hardening.Window{Granted: now, Begins: begins, Ends: begins + int64(m.duration()/time.Second)}
}

// judge fills in what the commands lead to. The reason accepts it.
func (m *breakGlassModel) judge(ctx context.Context, diags *diag.Diagnostics) {
	access := m.access(ctx, diags)
	texts, err := access.Texts(hardening.Window{Ends: 1})
	if err != nil {
		diags.AddError("Unable to render "+m.What(), err.Error())
		return
	}
	text, problems := review.ParsePolicy(access.Path(), access.Subject, texts[access.Path()])
	if err := problems.Err(); err != nil {
		diags.AddError("Unable to judge "+m.What(), err.Error())
		return
	}
	analysis := text.Analysis()
	var lines []string
	for _, finding := range analysis.Findings {
		lines = append(lines, fmt.Sprintf("%s %s: %s", finding.ID, finding.Severity, finding.Why))
	}
	m.Root, m.Findings = types.BoolValue(analysis.Root()), values.StringList(lines)
}
