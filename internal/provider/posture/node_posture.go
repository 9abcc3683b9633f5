package posture

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/assessment"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

var _ datasource.DataSourceWithConfigure = (*nodePosture)(nil)

// nodePosture judges nodes and PVE by the catalogue of checks.
type nodePosture struct{ looker }

// NewNodePosture is data source pvesec_node_posture.
func NewNodePosture() datasource.DataSource {
	return &nodePosture{looker{what: "Unable to read the posture of the nodes", collect: posture.CollectSettings}}
}

func (d *nodePosture) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_node_posture"
}

func (d *nodePosture) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = nodePostureSchema()
}

func (d *nodePosture) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var model nodePostureModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if d.Clients == nil {
		values.AddError(&resp.Diagnostics, d.what, session.ErrUnknownSettings)
		return
	}
	options := assessment.Options{Level: model.level(), Subjects: values.StringsInSet(ctx, model.Subjects, &resp.Diagnostics), Waivers: model.waivers(ctx, &resp.Diagnostics), Now: d.Clients.Now(), Earlier: model.earlier(&resp.Diagnostics)}
	if resp.Diagnostics.HasError() {
		return
	}
	nodes, gaps := d.nodes(ctx, session.NodeNames(ctx, model.Nodes, &resp.Diagnostics), &resp.Diagnostics)
	cluster, more := d.cluster(ctx, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if len(nodes) == 0 && cluster == nil {
		resp.Diagnostics.AddError(d.what, "Neither a node nor PVE could be asked.\n\n"+reasons(append(gaps, more...)))
		return
	}
	a := assessment.New(nodes, cluster, lost(gaps, more), options)
	warnOfWaivers(a, options.Waivers, &resp.Diagnostics)
	if err := model.fill(a); err != nil {
		values.AddError(&resp.Diagnostics, d.what, err)
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, model)...)
}

// allNodes stands for the nodes where none of them could be asked.
const allNodes = "nodes"

// lost names what could not be looked at: nodes, and the cluster.
func lost(nodes, cluster []posture.Gap) []posture.Gap {
	for i := range nodes {
		if nodes[i].Node == "" {
			nodes[i].Node = allNodes
		}
	}
	for i := range cluster {
		cluster[i].Node = assessment.Cluster
	}
	return append(nodes, cluster...)
}

// warnOfWaivers warns of waivers that have ended, and of those that waive nothing.
func warnOfWaivers(a *assessment.Assessment, waivers []assessment.Waiver, diags *diag.Diagnostics) {
	for _, i := range a.Expired {
		diags.AddAttributeWarning(path.Root("waiver").AtListIndex(i).AtName("until"), "The waiver of "+waivers[i].Check+" has ended",
			fmt.Sprintf("Its last day was %s, and it counts no more. Mend what the check finds, or give the waiver another until.", waivers[i].Until.Format(time.DateOnly)))
	}
	for _, i := range a.Idle {
		where := "on any node that was looked at"
		if nodes := waivers[i].Nodes; len(nodes) > 0 {
			where = "on " + untrusted.Line(strings.Join(nodes, ", "))
		}
		diags.AddAttributeWarning(path.Root("waiver").AtListIndex(i), "The waiver of "+waivers[i].Check+" waives nothing",
			fmt.Sprintf("The check does not fail %s, or the profile does not have it. Remove the waiver, so that it does not hide a failure later.", where))
	}
}

// checkID says why a text is not the id of a check.
func checkID(text string) error {
	for _, c := range check.Catalogue() {
		if c.ID == text {
			return nil
		}
	}
	return fmt.Errorf("there is no check %q: the guide node-checks lists all of them", text)
}

// level is the profile.
func (m *nodePostureModel) level() check.Level {
	if m.Profile.ValueString() == "level2" {
		return check.Level2
	}
	return check.Level1
}

// waivers are those of the configuration.
func (m *nodePostureModel) waivers(ctx context.Context, diags *diag.Diagnostics) []assessment.Waiver {
	list := make([]assessment.Waiver, len(m.Waivers))
	for i, w := range m.Waivers {
		until, err := time.Parse(time.DateOnly, w.Until.ValueString())
		if err != nil {
			diags.AddAttributeError(path.Root("waiver").AtListIndex(i).AtName("until"), "Invalid date", values.UpperFirst(err.Error()))
		}
		list[i] = assessment.Waiver{Check: w.Check.ValueString(), Nodes: values.StringsInSet(ctx, w.Nodes, diags), Reason: w.Reason.ValueString(), Until: until}
	}
	return list
}

// earlier is the report that this one is compared with.
func (m *nodePostureModel) earlier(diags *diag.Diagnostics) *assessment.Record {
	text := m.Earlier.ValueString()
	if text == "" {
		return nil
	}
	record, err := assessment.ParseRecord(text)
	if err != nil {
		diags.AddAttributeError(path.Root("earlier_report_json"), "Invalid earlier report", values.UpperFirst(err.Error())+". Give report_json of an earlier run, such as a file that you wrote with it.")
	}
	return record
}
