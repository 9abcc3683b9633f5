package posture

import (
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/assessment"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/posturetest"
)

// TestNodePostureModel: the configuration is read as it is meant, the assessment fits the schema, and waivers that have
// ended or waive nothing warn where they stand.
func TestNodePostureModel(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var diags diag.Diagnostics
	waiver := func(check, until string, nodes ...attr.Value) waiverModel {
		return waiverModel{Check: types.StringValue(check), Nodes: types.SetValueMust(types.StringType, nodes), Reason: types.StringValue("why"), Until: types.StringValue(until)}
	}
	names := types.SetNull(types.StringType)
	model := nodePostureModel{Nodes: names, Subjects: names, Profile: types.StringValue("level2"), Waivers: []waiverModel{waiver("PVESEC-C0903", "2026-12-31"), waiver("PVESEC-C0903", "2026-01-01"), waiver("PVESEC-C0905", "2026-12-31", types.StringValue("pve1"))}}
	seen, err := posture.CollectSettings(ctx, &posturetest.Node{Sections: map[string]node.Section{node.SectionSSHD: posturetest.Data("passwordauthentication yes\npermitemptypasswords no\n"), node.SectionConfig: posturetest.Data("/etc/login.defs\t1\tUMASK 027\n")}}, node.Target{Name: "pve1"})
	if err != nil {
		t.Fatal(err)
	}
	options := assessment.Options{Level: model.level(), Waivers: model.waivers(ctx, &diags), Earlier: model.earlier(&diags), Now: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
	first := assessment.New([]*posture.Node{seen}, nil, lost(nil, []posture.Gap{{Reason: "no endpoint"}}), options)
	model.Earlier = types.StringValue(first.JSON())
	options.Earlier = model.earlier(&diags)
	a := assessment.New([]*posture.Node{seen}, nil, lost(nil, []posture.Gap{{Reason: "no endpoint"}}), options)
	if err := model.fill(a); err != nil || diags.HasError() {
		t.Fatal(err, diags)
	}
	of := nodePostureSchema().Type().TerraformType(ctx)
	state := tfsdk.State{Schema: nodePostureSchema(), Raw: tftypes.NewValue(of, nil)}
	if diags = state.Set(ctx, model); diags.HasError() {
		t.Fatal(diags)
	}
	if model.Compliant.ValueBool() || model.Counts.Waived != 1 || len(model.Results) != len(a.Results) || model.Since == nil || len(model.Since.Worse) != 0 {
		t.Errorf("compliant %s, %+v, %d of %d results, %+v", model.Compliant, model.Counts, len(model.Results), len(a.Results), model.Since)
	}
	warnOfWaivers(a, options.Waivers, &diags)
	want := map[string]string{"waiver[1].until": "The waiver of PVESEC-C0903 has ended", "waiver[2]": "The waiver of PVESEC-C0905 waives nothing"}
	if len(diags) != len(want) {
		t.Fatalf("%d warnings: %v", len(diags), diags)
	}
	for _, d := range diags {
		at, is := d.(diag.DiagnosticWithPath)
		if !is || d.Severity() != diag.SeverityWarning || want[at.Path().String()] != d.Summary() {
			t.Errorf("%v", d)
		}
	}
	model.Earlier = types.StringValue("{}")
	if diags = nil; model.earlier(&diags) != nil || !diags.HasError() {
		t.Error("an earlier report that is none was taken")
	}
	if checkID("PVESEC-C9999") == nil || checkID("PVESEC-C0903") != nil {
		t.Error("checkID knows other checks than the catalogue")
	}
}
