package auditlog

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

var _ action.ActionWithConfigure = (*probeAction)(nil)

// probeAction proves at any time that records arrive.
type probeAction struct{ session.ConfiguredAction }

// NewProbe is action pvesec_probe_audit.
func NewProbe() action.Action { return &probeAction{} }

func (a *probeAction) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_probe_audit"
}

func (a *probeAction) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Proves that records of the audit trail arrive, as an apply of `pvesec_audit_logging` does (`probe`): as each subject sudo runs a command that does nothing, an authentication event is sent, and both are looked for in sudo's log, " +
			"with `sudoreplay -l`, in the journal and in the security log. A record that does not arrive within 40 seconds is an error that names what did not pass it on. The probe grants nothing, and leaves nothing but the records. " +
			"What is set is read from the node's own files. Terraform 1.14 and later have actions.",
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				MarkdownDescription: "Name of the audit logging, as in `pvesec_audit_logging`; `pvesec` by default.", Optional: true,
				Validators: []validator.String{values.CheckedBy("be usable in file names", hardening.CheckDropInName)},
			},
			"nodes": schema.SetAttribute{MarkdownDescription: "Names of the nodes. Without it, all nodes.", ElementType: types.StringType, Optional: true, Validators: []validator.Set{setvalidator.SizeAtLeast(1)}},
		},
	}
}

func (a *probeAction) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config struct {
		Name  types.String `tfsdk:"name"`
		Nodes types.Set    `tfsdk:"nodes"`
	}
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	name := values.StringOr(config.Name, defaultName)
	what := fmt.Sprintf("audit logging %q", name)
	if a.Clients == nil {
		values.AddError(&resp.Diagnostics, "Unable to probe "+what, session.ErrUnknownSettings)
		return
	}
	pool, err := a.Clients.Pool()
	var targets []node.Target
	if err == nil {
		targets, err = a.Clients.Targets(ctx, session.NodeNames(ctx, config.Nodes, &resp.Diagnostics))
	}
	if err != nil {
		values.AddError(&resp.Diagnostics, "Unable to probe "+what, err)
		return
	}
	resp.SendProgress(action.InvokeProgressEvent{Message: fmt.Sprintf("Sending probes to %d nodes", len(targets))})
	results := session.Each(ctx, targets, func(ctx context.Context, target node.Target) (*hardening.ProbeResult, error) {
		logging, err := hardening.HeldAudit(ctx, pool, target, name)
		if err != nil {
			return nil, err
		}
		return logging.Probe(ctx, pool, target, hardening.ProbePatience)
	})
	for _, one := range results {
		if one.Err == nil {
			for _, found := range one.Value.Found {
				resp.SendProgress(action.InvokeProgressEvent{Message: one.Target.Name + ": found " + found})
			}
		}
	}
	report := probeReport{what: what, after: "Mend what is named, and run the action again."}
	report.tell(ctx, results, &resp.Diagnostics)
}
