package posture

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

var _ datasource.DataSourceWithConfigure = (*effectiveAccess)(nil)

// effectiveAccess tells what everyone can do, and who leads to root.
type effectiveAccess struct{ looker }

// NewEffectiveAccess is data source pvesec_effective_access.
func NewEffectiveAccess() datasource.DataSource {
	return &effectiveAccess{looker{what: "Unable to read the effective access", collect: new(posture.Collector).Collect}}
}

func (d *effectiveAccess) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_effective_access"
}

func (d *effectiveAccess) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = effectiveAccessSchema()
}

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
