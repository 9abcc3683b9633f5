package sudo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

var (
	_ ephemeral.EphemeralResourceWithConfigure      = (*breakGlassEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithValidateConfig = (*breakGlassEphemeral)(nil)
	_ ephemeral.EphemeralResourceWithClose          = (*breakGlassEphemeral)(nil)
)

// breakGlassEphemeral is an emergency access for one run. Terraform opens it while it plans and again while it applies,
// and may be killed before it closes it: so each has a name of its own, and the nodes end it by themselves. What cannot
// last longer than it was granted for is not renewed.
type breakGlassEphemeral struct {
	session.Configured
}

// NewBreakGlassEphemeral is ephemeral resource pvesec_break_glass.
func NewBreakGlassEphemeral() ephemeral.EphemeralResource { return &breakGlassEphemeral{} }

type ephemeralGlassModel struct {
	Subject         types.String `tfsdk:"subject"`
	Reason          types.String `tfsdk:"reason"`
	Ticket          types.String `tfsdk:"ticket"`
	Allowed         types.List   `tfsdk:"commands"`
	AllCommands     types.Bool   `tfsdk:"all_commands"`
	Duration        types.String `tfsdk:"duration"`
	RequirePassword types.Bool   `tfsdk:"require_password"`
	RequireLogging  types.Bool   `tfsdk:"require_logging"`
	EndSessions     types.Bool   `tfsdk:"end_sessions"`
	Nodes           types.Set    `tfsdk:"nodes"`

	Name      types.String `tfsdk:"name"`
	GrantedAt types.String `tfsdk:"granted_at"`
	ExpiresAt types.String `tfsdk:"expires_at"`
	Root      types.Bool   `tfsdk:"root_equivalent"`
	Findings  types.List   `tfsdk:"findings"`
	Deployed  types.Map    `tfsdk:"deployed"`
}

// openGlass is what closing needs.
type openGlass struct {
	Name, Subject, ExpiresAt string
	EndSessions              bool
	Nodes                    []string
}

const (
	openGlassKey = "access"
	// runPrefix begins the names of accesses for one run.
	runPrefix = "tf-run-"
)

// Metadata names the ephemeral resource.
func (e *breakGlassEphemeral) Metadata(_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_break_glass"
}

// Configure takes what the provider shares.
func (e *breakGlassEphemeral) Configure(_ context.Context, req ephemeral.ConfigureRequest, _ *ephemeral.ConfigureResponse) {
	if shared, ok := req.ProviderData.(*session.Clients); ok {
		e.Clients = shared
	}
}

// ValidateConfig asks for commands or for all of them.
func (e *breakGlassEphemeral) ValidateConfig(ctx context.Context, req ephemeral.ValidateConfigRequest, resp *ephemeral.ValidateConfigResponse) {
	var model ephemeralGlassModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &model)...); !resp.Diagnostics.HasError() {
		askForCommands(model.Allowed, model.AllCommands, &resp.Diagnostics)
	}
}

// access is the configured access as the resource knows it, under a name of its own.
func (m *ephemeralGlassModel) access() *breakGlassModel {
	yes := func(value types.Bool) types.Bool { return types.BoolValue(value.IsNull() || value.ValueBool()) }
	return &breakGlassModel{
		Name: types.StringValue(runPrefix + strings.ToLower(rand.Text()[:16])), Subject: m.Subject, Reason: m.Reason, Ticket: m.Ticket, Allowed: m.Allowed, AllCommands: m.AllCommands, Duration: m.Duration,
		RequirePassword: yes(m.RequirePassword), RequireLogging: yes(m.RequireLogging), EndSessions: types.BoolValue(m.EndSessions.ValueBool()),
		Placed: session.Placed{Nodes: m.Nodes, Deployed: types.MapNull(breakGlassNodeType)},
	}
}

// Open grants the access on all of its nodes or on none.
func (e *breakGlassEphemeral) Open(ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse) {
	diags := &resp.Diagnostics
	var model ephemeralGlassModel
	if diags.Append(req.Config.Get(ctx, &model)...); diags.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, session.DefaultTimeout)
	defer cancel()
	m := model.access()
	summary := "Unable to open " + m.What()
	refuseLength(m.duration(), e.Clients.BreakGlassMax(), diags)
	if m.judge(ctx, diags); diags.HasError() {
		return
	}
	targets, nodes, err := e.reach(ctx, session.NodeNames(ctx, m.Nodes, diags))
	if err == nil {
		err = m.grant(ctx, session.Change[breakGlassModel]{Nodes: nodes, Targets: targets}, diags)
	}
	if err != nil {
		values.AddError(diags, summary, err)
		return
	}
	model.Name, model.GrantedAt, model.ExpiresAt, model.Root, model.Findings, model.Deployed = m.Name, m.GrantedAt, m.ExpiresAt, m.Root, m.Findings, m.Deployed
	diags.Append(resp.Result.Set(ctx, model)...)
	text, err := json.Marshal(openGlass{
		Name: m.Name.ValueString(), Subject: m.Subject.ValueString(), ExpiresAt: m.ExpiresAt.ValueString(), EndSessions: m.EndSessions.ValueBool(), Nodes: session.TargetNames(targets),
	})
	if err != nil {
		diags.AddError(summary, err.Error())
		return
	}
	diags.Append(resp.Private.SetKey(ctx, openGlassKey, text)...)
}

// reach gives the nodes of these names, all nodes without any, and the way to them.
func (e *breakGlassEphemeral) reach(ctx context.Context, names []string) ([]node.Target, hardening.Nodes, error) {
	nodes, err := e.Clients.Nodes()
	if err != nil {
		return nil, nil, err
	}
	targets, err := e.Clients.Targets(ctx, names)
	return targets, nodes, err
}

// Close takes the access back. A node that does not answer ends it by itself.
func (e *breakGlassEphemeral) Close(ctx context.Context, req ephemeral.CloseRequest, resp *ephemeral.CloseResponse) {
	diags := &resp.Diagnostics
	var open openGlass
	text, problems := req.Private.GetKey(ctx, openGlassKey)
	diags.Append(problems...)
	if err := json.Unmarshal(text, &open); err != nil {
		diags.AddError("Unable to read which emergency access to close", err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, session.DefaultTimeout)
	defer cancel()
	m := breakGlassModel{Name: types.StringValue(open.Name), Subject: types.StringValue(open.Subject), EndSessions: types.BoolValue(open.EndSessions), Allowed: types.ListNull(types.StringType)}
	targets, nodes, err := e.reach(ctx, open.Nodes)
	if err == nil {
		err = m.close(ctx, nodes, targets, diags)
	}
	if err != nil {
		values.AddErrorWithAdvice(diags, "Unable to close "+m.What(), err, fmt.Sprintf("A node that still has it ends it by itself, the last one at %s.", open.ExpiresAt))
	}
}
