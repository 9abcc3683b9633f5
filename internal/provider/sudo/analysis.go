package sudo

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// sudoersAnalysisModel is what a policy means for the node, as a reviewer and a policy engine read it.
type sudoersAnalysisModel struct {
	RootEquivalent types.Bool `tfsdk:"root_equivalent"`
	Findings       types.List `tfsdk:"findings"`
	Disruptive     types.List `tfsdk:"disruptive"`
	Foreign        types.List `tfsdk:"foreign"`
}

// findingModel is a finding as a plan shows it: what it is, where, and whether it stands in the way.
type findingModel struct {
	ID       string  `tfsdk:"id"`
	Severity string  `tfsdk:"severity"`
	Rule     string  `tfsdk:"rule"`
	Example  string  `tfsdk:"example"`
	Line     int64   `tfsdk:"line"`
	Root     bool    `tfsdk:"root_equivalent"`
	Accepted *string `tfsdk:"accepted"`
}

// The types of findings and of analysis, as the schema describes them.
var (
	findingType         = values.TypeOfFields(findingFields(""))
	foreignFindingType  = values.TypeOfFields(foreignFindingFields())
	sudoersAnalysisType = values.ObjectTypeOf(sudoersAnalysisAttribute().Attributes).AttrTypes
)

// findingFields are the fields of a finding in a plan. Line describes the field line.
func findingFields(line string) []values.Field {
	return []values.Field{
		{Name: "id", Type: types.StringType, Description: "Stable id of what was found, such as `PVESEC-E0107`. The guide [root findings](../guides/root-findings) says why it matters and what to grant instead."},
		{Name: "severity", Type: types.StringType, Description: "`critical`: the grant alone leads to root. `high`: it does under a condition, or nobody knows. `medium`: it does not lead to root."},
		{Name: "rule", Type: types.StringType, Description: "What it is about. Of many findings with one cause a hundred are listed, and one more that says for how many others it stands."},
		{Name: "example", Type: types.StringType, Description: "A command line that is allowed and that shows it."},
		{Name: "line", Type: types.Int64Type, Description: line},
		{Name: "root_equivalent", Type: types.BoolType, Description: "Whether it leads to root."},
		{Name: "accepted", Type: types.StringType, Description: "The reasons for which `accepted_risks` accepts it, with all that follows from the same grant."},
	}
}

// foreignFindingFields are those of a finding that takes other files of nodes.
func foreignFindingFields() []values.Field {
	return append(findingFields("Line in `file`; 0 where no single line lets it through."),
		values.Field{Name: "file", Type: types.StringType, Description: "The file of the node that has the grant: another one, or the policy's own where another one makes a grant of it dangerous; empty where it is what no file says."},
		values.Field{Name: "nodes", Type: values.StringListType, Description: "The nodes on which it is so."},
	)
}

// findingOf is a finding as a plan shows it.
func findingOf(f escalation.CommandFinding, accepted map[string]string) findingModel {
	model := findingModel{
		ID: f.ID, Severity: string(f.Severity), Rule: review.FindingRule(f), Example: f.Example, Line: int64(f.Pos.Line), Root: f.Root(),
	}
	if reason, ok := review.AcceptedWhole(accepted, f); ok {
		model.Accepted = &reason
	}
	return model
}

// findingsOf are findings as a plan shows them.
func findingsOf(findings []escalation.CommandFinding, accepted map[string]string) []findingModel {
	shown := review.ShownOf(findings, accepted)
	models := make([]findingModel, len(shown))
	for i, s := range shown {
		models[i] = findingOf(s.CommandFinding, accepted)
		models[i].Rule = withMore(models[i].Rule, s.More)
	}
	return models
}

// withMore says for how many others a finding stands.
func withMore(rule string, more int) string {
	if more == 0 {
		return rule
	}
	return fmt.Sprintf("%s; and %d more like it", rule, more)
}

// disruptions are the command lines that disturb, and how.
func disruptions(a escalation.Analysis) []string {
	texts := make([]string, len(a.Disruptive))
	for i, f := range a.Disruptive {
		texts[i] = fmt.Sprintf("%s (%s)", f.Example, review.FindingRule(f))
	}
	return texts
}

// sudoersAnalysisValue is the attribute analysis.
func sudoersAnalysisValue(ctx context.Context, a escalation.Analysis, accepted map[string]string, diags *diag.Diagnostics) types.Object {
	findings, problems := types.ListValueFrom(ctx, findingType, findingsOf(a.Findings, accepted))
	diags.Append(problems...)
	value, problems := types.ObjectValueFrom(ctx, sudoersAnalysisType, sudoersAnalysisModel{
		RootEquivalent: types.BoolValue(a.Root()),
		Findings:       findings,
		Disruptive:     values.StringList(disruptions(a)),
		Foreign:        types.ListUnknown(foreignFindingType),
	})
	diags.Append(problems...)
	return value
}

// analyse fills in the analysis of the policy's text, and makes an error of ways to root that nobody accepted. Where
// they are to warn only, ValidateConfig has warned.
func (m *sudoersPolicyModel) analyse(ctx context.Context, text *review.Policy, diags *diag.Diagnostics) {
	m.describe(ctx, text, diags)
	if m.Analysis.IsUnknown() {
		return
	}
	if accepted := m.acceptances(ctx, diags); m.Enforcement.ValueString() != enforceWarn {
		m.reportOwn(text, accepted, diags)
	}
}

// warnOfRoot warns of paths to root in the policy itself if the configuration makes them warnings.
func (m *sudoersPolicyModel) warnOfRoot(ctx context.Context, text *review.Policy, diags *diag.Diagnostics) {
	if m.Enforcement.ValueString() == enforceWarn && m.knowsAcceptances() {
		m.reportOwn(text, m.acceptances(ctx, &diag.Diagnostics{}), diags) // what is wrong with them is an error of the plan
	}
}

// reportOwn reports the paths to root of the policy itself that are not accepted.
func (m *sudoersPolicyModel) reportOwn(text *review.Policy, accepted review.Acceptances, diags *diag.Diagnostics) {
	p, found := m.ownProblem(text, accepted)
	if !found {
		return
	}
	if m.told && m.ofFindings() == values.Deferred { // the refresh told it
		m.refused = append(m.refused, p.lines...)
		return
	}
	m.report(p, diags)
}

// ownProblem is what stands against a plan where the policy itself has ways to root that are not accepted.
func (m *sudoersPolicyModel) ownProblem(text *review.Policy, accepted review.Acceptances) (p problem, found bool) {
	r := text.Refused(accepted)
	return problem{m.textAttribute(), fmt.Sprintf("The policy makes %s root-equivalent", quoted(text.Subjects)), r.Detail(""), r.Lines()}, r.Any()
}

// describe fills in the analysis, as far as the text is known. What other files of the nodes add is left unknown.
func (m *sudoersPolicyModel) describe(ctx context.Context, text *review.Policy, diags *diag.Diagnostics) {
	m.Analysis = types.ObjectUnknown(sudoersAnalysisType)
	if text != nil && values.FullyKnown(m.AcceptedRisks) {
		m.Analysis = sudoersAnalysisValue(ctx, text.Analysis(), values.AcceptedRisks(ctx, m.AcceptedRisks, diags), diags)
	}
}

// The values of enforcement: the effect of a path to root that is not accepted.
const (
	enforceRefuse = "refuse"
	enforceWarn   = "warn"
)

// textAttribute returns the attribute that the policy's text comes from.
func (m *sudoersPolicyModel) textAttribute() path.Path {
	switch {
	case !m.Rules.IsNull():
		return path.Root("rule")
	case !m.Document.IsNull():
		return path.Root("document")
	}
	return path.Root("content")
}

// sudoersAnalysisAttribute describes analysis.
func sudoersAnalysisAttribute() schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		MarkdownDescription: "What the policy means for the node, proven while planning over every command line that it allows; see the guide [root findings](../guides/root-findings). " +
			"A finding that leads to root fails the plan unless `accepted_risks` names it. Where the configuration did not change since its last apply, the plan warns, and an apply that writes fails: see `refused`.",
		Computed: true,
		Attributes: map[string]schema.Attribute{
			"root_equivalent": schema.BoolAttribute{MarkdownDescription: "Whether any finding of the policy itself leads to root, accepted or not.", Computed: true},
			"findings": schema.ListNestedAttribute{
				MarkdownDescription: "Each way in which the policy gives the subject root, or lets it act unseen, in the order of its lines. It holds for the sudo of Proxmox VE 8 and of 9.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: values.ResourceFields(findingFields("Line in `content` of the grant that lets it through; 0 where no single line does."))},
			},
			"foreign": schema.ListNestedAttribute{
				MarkdownDescription: "Paths to root from other sudoers files of the nodes, alone or together with the policy, after the apply and for the sudo version of each node. " +
					"They fail a plan that changes the policy, like the policy's own paths to root; see `refused` for a plan that does not. For a node that is new to the policy they are known after the apply, but the plan is judged with them.",
				Computed:     true,
				NestedObject: schema.NestedAttributeObject{Attributes: values.ResourceFields(foreignFindingFields())},
			},
			"disruptive": schema.ListAttribute{
				MarkdownDescription: "Command lines that are allowed and can stop or lose guests, services or data. They are no findings: an operator may be there for just that.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		},
	}
}
