package sudo

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// sudoersAnalysisModel is what a policy means for the node, as a reviewer and a policy engine read it.
type sudoersAnalysisModel struct {
	RootEquivalent types.Bool `tfsdk:"root_equivalent"`
	Findings       types.List `tfsdk:"findings"`
	Disruptive     types.List `tfsdk:"disruptive"`
	Foreign        types.List `tfsdk:"foreign"`
}

// sudoersFindingModel is one finding of an analysis.
type sudoersFindingModel struct {
	ID        string   `tfsdk:"id"`
	Severity  string   `tfsdk:"severity"`
	Effect    string   `tfsdk:"effect"`
	Rule      string   `tfsdk:"rule"`
	Command   string   `tfsdk:"command"`
	Example   string   `tfsdk:"example"`
	Line      int64    `tfsdk:"line"`
	Condition string   `tfsdk:"condition"`
	Why       string   `tfsdk:"why"`
	Fix       string   `tfsdk:"fix"`
	Root      bool     `tfsdk:"root_equivalent"`
	Accepted  *string  `tfsdk:"accepted"`
	Lines     []int64  `tfsdk:"lines"`
	Also      []string `tfsdk:"also"`
}

var (
	sudoersFindingType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"id": types.StringType, "severity": types.StringType, "effect": types.StringType, "rule": types.StringType, "command": types.StringType,
		"example": types.StringType, "line": types.Int64Type, "condition": types.StringType, "why": types.StringType, "fix": types.StringType,
		"root_equivalent": types.BoolType, "accepted": types.StringType, "lines": types.ListType{ElemType: types.Int64Type}, "also": values.StringListType,
	}}
	sudoersAnalysisType = map[string]attr.Type{
		"root_equivalent": types.BoolType,
		"findings":        types.ListType{ElemType: sudoersFindingType},
		"disruptive":      values.StringListType,
		"foreign":         types.ListType{ElemType: foreignFindingType},
	}
)

// sudoersFindings are findings as they are shown.
func sudoersFindings(findings []escalation.CommandFinding, accepted map[string]string) []sudoersFindingModel {
	models := make([]sudoersFindingModel, len(findings))
	for i, f := range findings {
		models[i] = sudoersFindingOf(f, accepted)
	}
	return models
}

func sudoersFindingOf(f escalation.CommandFinding, accepted map[string]string) sudoersFindingModel {
	model := sudoersFindingModel{
		ID: f.ID, Severity: string(f.Severity), Effect: string(f.Effect), Rule: review.FindingRule(f), Command: f.Command, Example: f.Example,
		Line: int64(f.Pos.Line), Condition: f.Condition, Why: f.Why, Fix: f.Fix, Root: f.Root(), Lines: []int64{}, Also: []string{},
	}
	for _, place := range f.Places {
		if line := int64(place.Pos.Line); !slices.Contains(model.Lines, line) {
			model.Lines = append(model.Lines, line)
		}
	}
	for _, w := range f.Ways[1:] {
		model.Also = append(model.Also, fmt.Sprintf("%s (%s): %s: %s", w.ID, w.Severity, w.Does, w.Example))
	}
	if reason, ok := review.AcceptedWhole(accepted, f); ok {
		model.Accepted = &reason
	}
	return model
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
	findings, problems := types.ListValueFrom(ctx, sudoersFindingType, sudoersFindings(a.Findings, accepted))
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

// analyse fills in the analysis of the policy's text, which it gives, and makes an error of ways to root that nobody accepted.
func (m *sudoersPolicyModel) analyse(ctx context.Context, diags *diag.Diagnostics) escalation.Analysis {
	analysis := m.describe(ctx, diags)
	refuseRoot(m.textAttribute(), m.Subject.ValueString(), m.Content.ValueString(), analysis.Findings, m.acceptances(ctx, diags), m.warns(), diags)
	return analysis
}

// describe fills in the analysis, as far as the text is known. What other files of the nodes add is left unknown.
func (m *sudoersPolicyModel) describe(ctx context.Context, diags *diag.Diagnostics) escalation.Analysis {
	m.Analysis = types.ObjectUnknown(sudoersAnalysisType)
	analysis, known := m.ownAnalysis(diags)
	if known {
		m.Analysis = sudoersAnalysisValue(ctx, analysis, values.AcceptedRisks(ctx, m.AcceptedRisks, diags), diags)
	}
	return analysis
}

// ownAnalysis is the analysis of the policy's text alone, as far as it is known.
func (m *sudoersPolicyModel) ownAnalysis(diags *diag.Diagnostics) (analysis escalation.Analysis, known bool) {
	if m.Content.IsUnknown() || m.Content.IsNull() || m.Subject.IsUnknown() || m.Name.IsUnknown() || !values.FullyKnown(m.AcceptedRisks) || !values.FullyKnown(m.Vouched) || !values.FullyKnown(m.VouchedEffects) {
		return escalation.Analysis{}, false
	}
	file, malformed := sudoers.Parse(m.Name.ValueString(), m.Content.ValueString(), review.PlanVersion)
	if len(malformed) > 0 {
		return escalation.Analysis{}, false // reported where it was rendered
	}
	return review.Analyse(file, policy.Subject{Name: m.Subject.ValueString()}, m.vouched(diags)), true
}

// textAttribute is the attribute that the policy's text comes from.
func (m *sudoersPolicyModel) textAttribute() path.Path {
	switch {
	case !m.Rules.IsNull():
		return path.Root("rules")
	case !m.Document.IsNull():
		return path.Root("document")
	}
	return path.Root("content")
}

// sudoersAnalysisAttribute describes analysis.
func sudoersAnalysisAttribute() schema.SingleNestedAttribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	number := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{MarkdownDescription: description, Computed: true}
	}
	boolean := func(description string) schema.BoolAttribute {
		return schema.BoolAttribute{MarkdownDescription: description, Computed: true}
	}
	finding := func(line string) map[string]schema.Attribute {
		return map[string]schema.Attribute{
			"id":              text("Stable id of what was found, such as `PVESEC-E0107`."),
			"severity":        text("`critical`: the grant alone leads to root. `high`: it does under the condition in `condition`, or nobody knows. `medium`: it does not lead to root."),
			"effect":          text("What the command does, such as `runs-code` or `reads-secret` (see the guide); empty for what is wrong with a grant whatever its command."),
			"lines":           schema.ListAttribute{MarkdownDescription: "All lines with the same cause.", ElementType: types.Int64Type, Computed: true},
			"also":            schema.ListAttribute{MarkdownDescription: "What else follows from the same grant: id, severity, effect and an example each.", ElementType: types.StringType, Computed: true},
			"rule":            text("What it is about."),
			"command":         text("Path of the command; empty where it is all or many."),
			"example":         text("A command line that is allowed and that shows it."),
			"line":            number(line),
			"condition":       text("Additional condition required; empty if none."),
			"why":             text("Why it matters."),
			"fix":             text("What to grant instead."),
			"root_equivalent": boolean("Whether it leads to root."),
			"accepted":        text("The reason for which `accepted_risks` accepts it."),
		}
	}
	foreign := finding("Line in `file`; 0 where no single line lets it through.")
	foreign["file"] = text("The file of the node that has the grant: another one, or the policy's own where another one makes a grant of it dangerous; empty where it is what no file says.")
	foreign["nodes"] = schema.ListAttribute{MarkdownDescription: "The nodes on which it is so.", ElementType: types.StringType, Computed: true}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "What the policy means for the node, proven while planning over every command line that it allows; see the guide [root findings](../guides/root-findings). " +
			"A finding that leads to root fails the plan unless `accepted_risks` names it.",
		Computed: true,
		Attributes: map[string]schema.Attribute{
			"root_equivalent": boolean("Whether any finding of the policy itself leads to root, accepted or not."),
			"findings": schema.ListNestedAttribute{
				MarkdownDescription: "Each way in which the policy gives the subject root, or lets it act unseen, in the order of its lines. It holds for the sudo of Proxmox VE 8 and of 9.",
				Computed:            true,
				NestedObject:        schema.NestedAttributeObject{Attributes: finding("Line in `content` of the grant that lets it through; 0 where no single line does.")},
			},
			"foreign": schema.ListNestedAttribute{
				MarkdownDescription: "What the subject can do besides, by other sudoers files of the nodes alone or together with the policy, as things are after the apply and for the sudo of each node. " +
					"A way to root fails the plan just as one of the policy's own. Known after the apply for a node that the policy is new on; what is found there fails the plan all the same.",
				Computed:     true,
				NestedObject: schema.NestedAttributeObject{Attributes: foreign},
			},
			"disruptive": schema.ListAttribute{
				MarkdownDescription: "Command lines that are allowed and can stop or lose guests, services or data. They are no findings: an operator may be there for just that.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		},
	}
}
