package auditlog

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

var _ datasource.DataSourceWithConfigure = (*auditHealth)(nil)

// auditHealth tells whether the trail is being written, and what it counted.
type auditHealth struct{ session.ConfiguredData }

// NewHealth is data source pvesec_audit_health.
func NewHealth() datasource.DataSource { return &auditHealth{} }

func (d *auditHealth) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_audit_health"
}

func (d *auditHealth) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = healthSchema()
}

// auditHealthModel is data source pvesec_audit_health.
type auditHealthModel struct {
	Name     types.String               `tfsdk:"name"`
	Nodes    types.Set                  `tfsdk:"nodes"`
	Subjects types.Set                  `tfsdk:"subjects"`
	Since    types.String               `tfsdk:"since"`
	Healthy  types.Bool                 `tfsdk:"healthy"`
	Problems []string                   `tfsdk:"problems"`
	Denials  map[string]int64           `tfsdk:"denials"`
	Failures map[string]int64           `tfsdk:"failures"`
	Health   map[string]nodeHealthModel `tfsdk:"health"`
}

type nodeHealthModel struct {
	Healthy         bool              `tfsdk:"healthy"`
	Problems        []string          `tfsdk:"problems"`
	Services        map[string]string `tfsdk:"services"`
	LastEvent       types.String      `tfsdk:"last_event"`
	LastEventAge    types.Int64       `tfsdk:"last_event_age_seconds"`
	LastSecurity    types.String      `tfsdk:"last_security_event"`
	LastSecurityAge types.Int64       `tfsdk:"last_security_event_age_seconds"`
	Behind          int64             `tfsdk:"behind_seconds"`
	Unsent          types.Int64       `tfsdk:"unsent_seconds"`
	JournalSince    types.String      `tfsdk:"journal_since"`
	FreePercent     types.Int64       `tfsdk:"free_percent"`
	Recordings      types.Int64       `tfsdk:"recordings"`
	RecordingsKiB   types.Int64       `tfsdk:"recordings_kib"`
	OldestRecording types.String      `tfsdk:"oldest_recording"`
	Denials         map[string]int64  `tfsdk:"denials"`
	Failures        map[string]int64  `tfsdk:"failures"`
	NotCounted      []string          `tfsdk:"not_counted"`
}

// checkSince says why a text tells no time to count from, or returns nil.
func checkSince(text string) error {
	if values.CheckLifetime(text) != nil && values.CheckTime(text) != nil {
		return fmt.Errorf("%q is neither a length of time, such as 24h or 7d, nor a point in time, such as 2027-01-31T00:00:00Z", text)
	}
	return nil
}

// sinceOf is when to count from.
func sinceOf(text types.String, now time.Time) time.Time {
	if at := values.UnixTime(text); at > 0 {
		return time.Unix(at, 0)
	}
	if length := values.Lifetime(text); length > 0 {
		return now.Add(-length)
	}
	return now.Add(-24 * time.Hour)
}

func (d *auditHealth) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	const summary = "Unable to read the health of the audit trail"
	var model auditHealthModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if d.Clients == nil {
		values.AddError(&resp.Diagnostics, summary, session.ErrUnknownSettings)
		return
	}
	nodes, err := d.Clients.Nodes()
	var targets []node.Target
	if err == nil {
		targets, err = d.Clients.Targets(ctx, session.NodeNames(ctx, model.Nodes, &resp.Diagnostics))
	}
	if err != nil {
		values.AddError(&resp.Diagnostics, summary, err)
		return
	}
	users := values.StringsInSet(ctx, model.Subjects, &resp.Diagnostics)
	since := sinceOf(model.Since, d.Clients.Now())
	reports := session.Each(ctx, targets, func(ctx context.Context, target node.Target) (*hardening.AuditReport, error) {
		return hardening.ReportAudit(ctx, nodes, target, values.StringOr(model.Name, defaultName), since, users)
	})
	model.Problems, model.Denials, model.Failures, model.Health = []string{}, map[string]int64{}, map[string]int64{}, map[string]nodeHealthModel{}
	for _, one := range reports {
		name := one.Target.Name
		switch {
		case one.Err == nil:
			model.add(name, one.Value)
		case node.Interrupted(one.Err):
			values.AddReadError(&resp.Diagnostics, summary, one.Err)
		default:
			model.Problems = append(model.Problems, name+": it was not looked at: "+untrusted.Line(one.Err.Error()))
			resp.Diagnostics.AddWarning("Unable to look at node "+name, values.UpperFirst(one.Err.Error())+"\n\nIts audit trail counts as not healthy.")
		}
	}
	model.Healthy = types.BoolValue(len(model.Problems) == 0)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// add adds what one node said.
func (m *auditHealthModel) add(name string, report *hardening.AuditReport) {
	one := nodeHealth(report)
	m.Health[name] = one
	for _, problem := range one.Problems {
		m.Problems = append(m.Problems, name+": "+problem)
	}
	for who, n := range one.Denials {
		m.Denials[who] += n
	}
	for who, n := range one.Failures {
		m.Failures[who] += n
	}
}

// nodeHealth is what one node said, as Terraform shows it.
func nodeHealth(report *hardening.AuditReport) nodeHealthModel {
	health := report.Health
	one := nodeHealthModel{
		Healthy: len(report.Problems) == 0, Problems: orEmpty(report.Problems), NotCounted: orEmpty(report.Counts.Gaps),
		Services: report.Services, Denials: report.Counts.Denials, Failures: report.Counts.Failures,
		Behind: int64(health.Behind / time.Second), Unsent: types.Int64PointerValue(health.Unsent), JournalSince: values.TimeValue(health.JournalSince), FreePercent: types.Int64Null(),
	}
	var events, security int64
	for log, state := range health.Logs {
		if report.Logging.SecurityLog != nil && log == report.Logging.SecurityLog.Path {
			security = state.Written
		} else {
			events = max(events, state.Written)
		}
	}
	one.LastEvent, one.LastEventAge = ago(events, health.Clock)
	one.LastSecurity, one.LastSecurityAge = ago(security, health.Clock)
	for _, free := range health.Free {
		if least := int64(math.Floor(free)); one.FreePercent.IsNull() || least < one.FreePercent.ValueInt64() {
			one.FreePercent = types.Int64Value(least)
		}
	}
	if recordings := health.Recordings; recordings != nil {
		one.Recordings, one.RecordingsKiB = types.Int64Value(recordings.Count), types.Int64Value(recordings.KiB)
		one.OldestRecording = values.TimeValue(recordings.Oldest)
	}
	return one
}

// ago is a point in time and its age, both null for 0.
func ago(at, clock int64) (types.String, types.Int64) {
	if at == 0 {
		return types.StringNull(), types.Int64Null()
	}
	return values.TimeValue(at), types.Int64Value(clock - at)
}

// orEmpty makes a list that is never null.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
