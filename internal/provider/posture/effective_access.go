package posture

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

var _ datasource.DataSourceWithConfigure = (*effectiveAccess)(nil)

// effectiveAccess tells what everyone can do, and who leads to root.
type effectiveAccess struct{ session.ConfiguredData }

// NewEffectiveAccess is data source pvesec_effective_access.
func NewEffectiveAccess() datasource.DataSource { return &effectiveAccess{} }

func (d *effectiveAccess) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_effective_access"
}

func (d *effectiveAccess) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = effectiveAccessSchema()
}

// parallel bounds how many nodes are looked at at once.
const parallel = 16

func (d *effectiveAccess) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model effectiveAccessModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if d.Clients == nil {
		values.AddError(&resp.Diagnostics, "Unable to read the effective access", session.ErrUnknownSettings)
		return
	}
	nodes, gaps := d.nodes(ctx, session.NodeNames(ctx, model.Nodes, &resp.Diagnostics), &resp.Diagnostics)
	cluster, more := d.cluster(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if len(nodes) == 0 && cluster == nil {
		resp.Diagnostics.AddError("Unable to read the effective access", "Neither a node nor PVE could be asked.\n\n"+reasons(append(gaps, more...)))
		return
	}
	report := posture.NewReport(nodes, cluster, append(gaps, more...))
	if names := values.StringsInSet(ctx, model.Subjects, &resp.Diagnostics); len(names) > 0 {
		if missing := report.Only(names); len(missing) > 0 {
			resp.Diagnostics.AddAttributeWarning(path.Root("subjects"), "Missing subject",
				fmt.Sprintf("Neither the nodes nor PVE have %s. Where something is not known, see unknown, it may be there.", untrusted.Line(strings.Join(missing, ", "))))
		}
	}
	model.fill(report)
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

func reasons(gaps []posture.Gap) string {
	var b strings.Builder
	for _, gap := range gaps {
		fmt.Fprintf(&b, "%s\n", strings.TrimSpace(gap.Node+" "+gap.Reason))
	}
	return b.String()
}

// nodes looks at the nodes, several at a time. One that cannot be looked at is a gap and a warning.
func (d *effectiveAccess) nodes(ctx context.Context, names []string, diags *diag.Diagnostics) ([]*posture.Node, []posture.Gap) {
	pool, err := d.Clients.Pool()
	if session.NotConfigured(err) {
		return nil, []posture.Gap{{About: "the nodes", Reason: untrusted.Line(values.UpperFirst(err.Error()))}}
	}
	var targets []node.Target
	if err == nil {
		targets, err = d.Clients.Targets(ctx, names)
	}
	if err != nil {
		values.AddError(diags, "Unable to read the effective access", err)
		return nil, nil
	}
	seen, failed := make([]*posture.Node, len(targets)), make([]error, len(targets))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, target := range targets {
		group.Go(func() error {
			seen[i], failed[i] = posture.Collect(ctx, pool, target)
			return nil
		})
	}
	_ = group.Wait() // the errors are in failed
	var nodes []*posture.Node
	var gaps []posture.Gap
	for i, err := range failed {
		switch {
		case err == nil:
			nodes = append(nodes, seen[i])
		case node.Interrupted(err), errors.Is(err, context.Canceled):
			values.AddError(diags, "Interrupted; nothing was changed", err)
		default:
			gaps = append(gaps, posture.Gap{Node: targets[i].Name, About: "the node", Reason: untrusted.Line(err.Error())})
			diags.AddWarning("Unable to look at node "+targets[i].Name, values.UpperFirst(err.Error())+"\n\nThe report does not have this node. unknown says so.")
		}
	}
	return nodes, gaps
}

// cluster asks PVE. Where the provider has no endpoint, it is a gap.
func (d *effectiveAccess) cluster(ctx context.Context, diags *diag.Diagnostics) (*posture.Cluster, []posture.Gap) {
	pve, err := d.Clients.PVE()
	if session.NotConfigured(err) {
		return nil, []posture.Gap{{About: "access control of PVE", Reason: untrusted.Line(values.UpperFirst(err.Error()))}}
	}
	if err != nil {
		values.AddError(diags, "Unable to read the effective access", err)
		return nil, nil
	}
	cluster, err := posture.CollectCluster(ctx, pve, d.Clients.Now())
	if err != nil {
		diags.AddWarning("Unable to ask PVE for its access control", values.UpperFirst(err.Error())+"\n\nThe report does not have the users and tokens of PVE. unknown says so.")
		return nil, []posture.Gap{{About: "access control of PVE", Reason: untrusted.Line(err.Error())}}
	}
	return cluster, nil
}
