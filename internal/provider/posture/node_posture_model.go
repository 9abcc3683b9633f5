package posture

import (
	"cmp"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture/assessment"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

// nodePostureModel is data source pvesec_node_posture.
type nodePostureModel struct {
	Nodes     types.Set     `tfsdk:"nodes"`
	Subjects  types.Set     `tfsdk:"subjects"`
	Profile   types.String  `tfsdk:"profile"`
	Waivers   []waiverModel `tfsdk:"waiver"`
	Earlier   types.String  `tfsdk:"earlier_report_json"`
	Compliant types.Bool    `tfsdk:"compliant"`
	Summary   types.String  `tfsdk:"summary"`
	Score     types.Int64   `tfsdk:"score"`
	Counts    *tallyModel   `tfsdk:"counts"`
	Families  []familyModel `tfsdk:"families"`
	Results   []resultModel `tfsdk:"results"`
	Since     *sinceModel   `tfsdk:"since"`
	SARIFFile types.String  `tfsdk:"sarif_file"`
	Markdown  types.String  `tfsdk:"markdown"`
	SARIF     types.String  `tfsdk:"sarif_json"`
	HTML      types.String  `tfsdk:"html"`
	Record    types.String  `tfsdk:"report_json"`
}

type waiverModel struct {
	Check  types.String `tfsdk:"check"`
	Nodes  types.Set    `tfsdk:"nodes"`
	Reason types.String `tfsdk:"reason"`
	Until  types.String `tfsdk:"until"`
}

type tallyModel struct {
	Pass          int64 `tfsdk:"pass"`
	Fail          int64 `tfsdk:"fail"`
	Unknown       int64 `tfsdk:"unknown"`
	NotApplicable int64 `tfsdk:"not_applicable"`
	Waived        int64 `tfsdk:"waived"`
}

type familyModel struct {
	Name  string `tfsdk:"name"`
	Score int64  `tfsdk:"score"`
	tallyModel
}

type resultModel struct {
	ID         string   `tfsdk:"id"`
	Node       string   `tfsdk:"node"`
	Title      string   `tfsdk:"title"`
	Family     string   `tfsdk:"family"`
	Severity   string   `tfsdk:"severity"`
	Level      int64    `tfsdk:"level"`
	Status     string   `tfsdk:"status"`
	Observed   []string `tfsdk:"observed"`
	Expected   string   `tfsdk:"expected"`
	Remedy     string   `tfsdk:"remedy"`
	References []string `tfsdk:"references"`
	Waived     string   `tfsdk:"waived"`
}

type sinceModel struct {
	Score  int64         `tfsdk:"score"`
	Worse  []changeModel `tfsdk:"worse"`
	Better []changeModel `tfsdk:"better"`
	Other  []changeModel `tfsdk:"other"`
}

type changeModel struct {
	ID     string `tfsdk:"id"`
	Node   string `tfsdk:"node"`
	Title  string `tfsdk:"title"`
	Before string `tfsdk:"before"`
	Now    string `tfsdk:"now"`
}

func tallyOf(t assessment.Tally) tallyModel {
	return tallyModel{int64(t.Pass), int64(t.Fail), int64(t.Unknown), int64(t.NotApplicable), int64(t.Waived)}
}

// fill writes an assessment into the model.
func (m *nodePostureModel) fill(a *assessment.Assessment) error {
	total := a.Total()
	counts := tallyOf(total)
	m.Compliant, m.Summary, m.Score, m.Counts = types.BoolValue(a.Compliant()), types.StringValue(a.Summary()), types.Int64Value(int64(total.Score())), &counts
	m.Families = each(a.Families(), func(f assessment.Family) familyModel {
		return familyModel{string(f.Name), int64(f.Score()), tallyOf(f.Tally)}
	})
	m.Results = each(a.Results, func(r assessment.Result) resultModel {
		c := r.Check
		return resultModel{c.ID, r.Node, c.Title, string(c.Family), string(c.Severity), int64(c.Level), string(r.Outcome.Status), each(r.Outcome.Observed, same), c.Expected, c.Remedy, each(c.References, check.Reference.String), r.Waived}
	})
	if a.Since != nil {
		changes := func(list []assessment.Change) []changeModel {
			return each(list, func(c assessment.Change) changeModel { return changeModel{c.ID, c.Node, c.Title, c.Before, c.Now} })
		}
		m.Since = &sinceModel{int64(a.Since.Score), changes(a.Since.Worse), changes(a.Since.Better), changes(a.Since.Other)}
	}
	sarif, err := a.SARIF(cmp.Or(m.SARIFFile.ValueString(), "main.tf"))
	if err != nil {
		return err
	}
	page, err := a.HTML()
	if err != nil {
		return err
	}
	m.Markdown, m.Record, m.SARIF, m.HTML = types.StringValue(a.Markdown()), types.StringValue(a.JSON()), types.StringValue(sarif), types.StringValue(page)
	return nil
}
