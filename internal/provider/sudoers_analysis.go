package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// sudoersAnalysisModel is what a policy means for the node, as a reviewer and a policy engine read it.
type sudoersAnalysisModel struct {
	RootEquivalent types.Bool `tfsdk:"root_equivalent"`
	Findings       types.List `tfsdk:"findings"`
	Disruptive     types.List `tfsdk:"disruptive"`
}

// sudoersFindingModel is one finding of an analysis.
type sudoersFindingModel struct {
	ID       string  `tfsdk:"id"`
	Severity string  `tfsdk:"severity"`
	Class    string  `tfsdk:"class"`
	Rule     string  `tfsdk:"rule"`
	Command  string  `tfsdk:"command"`
	Witness  string  `tfsdk:"witness"`
	Line     int64   `tfsdk:"line"`
	Needs    string  `tfsdk:"needs"`
	Why      string  `tfsdk:"why"`
	Fix      string  `tfsdk:"fix"`
	Root     bool    `tfsdk:"root_equivalent"`
	Accepted *string `tfsdk:"accepted"`
}

var (
	sudoersFindingType = types.ObjectType{AttrTypes: map[string]attr.Type{
		"id": types.StringType, "severity": types.StringType, "class": types.StringType, "rule": types.StringType, "command": types.StringType,
		"witness": types.StringType, "line": types.Int64Type, "needs": types.StringType, "why": types.StringType, "fix": types.StringType,
		"root_equivalent": types.BoolType, "accepted": types.StringType,
	}}
	sudoersAnalysisType = map[string]attr.Type{
		"root_equivalent": types.BoolType,
		"findings":        types.ListType{ElemType: sudoersFindingType},
		"disruptive":      textList,
	}
)

// analyseSudoers analyses what a file grants a subject.
func analyseSudoers(file *sudoers.File, subject policy.Subject) (escalation.Analysis, error) {
	return escalation.Analyse(sudoers.TreeOf(file), askAbout(subject))
}

// sudoersFindings are findings as they are shown.
func sudoersFindings(findings []escalation.CommandFinding, accepted map[string]string) []sudoersFindingModel {
	models := make([]sudoersFindingModel, len(findings))
	for i, f := range findings {
		models[i] = sudoersFindingModel{
			ID: f.ID, Severity: string(f.Severity), Class: string(f.Class), Rule: findingRule(f), Command: f.Command, Witness: f.Witness,
			Line: int64(f.Pos.Line), Needs: f.Needs, Why: f.Why, Fix: f.Fix, Root: f.Root,
		}
		if reason, ok := accepted[f.ID]; ok {
			models[i].Accepted = &reason
		}
	}
	return models
}

// findingRule names the command that a finding is about, and how it is used.
func findingRule(f escalation.CommandFinding) string {
	if f.Class == "" {
		return f.About
	}
	return f.Command[strings.LastIndexByte(f.Command, '/')+1:] + " " + f.About
}

// disruptions are the command lines that disturb, and how.
func disruptions(a escalation.Analysis) []string {
	texts := make([]string, len(a.Disruptive))
	for i, f := range a.Disruptive {
		texts[i] = fmt.Sprintf("%s (%s)", f.Witness, findingRule(f))
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
		Disruptive:     stringList(disruptions(a)),
	})
	diags.Append(problems...)
	return value
}

// analyse fills in the analysis of the policy's text, and makes an error of ways to root that nobody accepted.
func (m *sudoersPolicyModel) analyse(ctx context.Context, diags *diag.Diagnostics) {
	analysis := m.describe(ctx, diags)
	accepted := acceptedRisks(ctx, m.AcceptedRisks, diags)
	if fullyKnown(m.AcceptedRisks) && fullyKnown(m.AcceptedUntil) { // else the plan that is made anew while it is applied knows
		accepted = stillAccepted(ctx, accepted, m.AcceptedUntil, time.Now(), diags)
	}
	refuseRoot(m.textAttribute(), m.Subject.ValueString(), m.Content.ValueString(), analysis.Findings, accepted, diags)
}

// describe fills in the analysis, as far as the text is known.
func (m *sudoersPolicyModel) describe(ctx context.Context, diags *diag.Diagnostics) escalation.Analysis {
	m.Analysis = types.ObjectUnknown(sudoersAnalysisType)
	if m.Content.IsUnknown() || m.Content.IsNull() || m.Subject.IsUnknown() || m.Name.IsUnknown() || !fullyKnown(m.AcceptedRisks) {
		return escalation.Analysis{}
	}
	file, malformed := sudoers.Parse(m.Name.ValueString(), m.Content.ValueString(), planVersion)
	if len(malformed) > 0 {
		return escalation.Analysis{} // reported where it was rendered
	}
	analysis, err := analyseSudoers(file, policy.Subject{Name: m.Subject.ValueString()})
	if err != nil {
		diags.AddError("The knowledge of what leads to root is damaged", upperFirst(err.Error())+".")
		return escalation.Analysis{}
	}
	m.Analysis = sudoersAnalysisValue(ctx, analysis, acceptedRisks(ctx, m.AcceptedRisks, diags), diags)
	return analysis
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

// refuseRoot makes one error of the findings that are as good as root and not accepted. It shows the worst of each line of the policy.
func refuseRoot(at path.Path, subject, text string, findings []escalation.CommandFinding, accepted map[string]string, diags *diag.Diagnostics) {
	byLine := map[int][]escalation.CommandFinding{}
	var lines []int
	ids := map[string]bool{}
	for _, f := range findings {
		if _, ok := accepted[f.ID]; ok || !f.Root {
			continue
		}
		if byLine[f.Pos.Line] == nil {
			lines = append(lines, f.Pos.Line)
		}
		byLine[f.Pos.Line] = append(byLine[f.Pos.Line], f)
		ids[f.ID] = true
	}
	if len(lines) == 0 {
		return
	}
	all := strings.Split(text, "\n")
	var b strings.Builder
	for _, line := range lines {
		here := byLine[line]
		if line > 0 && line <= len(all) {
			fmt.Fprintf(&b, "Line %d:\n\n    %s\n\n", line, strings.TrimSpace(all[line-1]))
		}
		const most = 5
		for i, f := range here {
			if i == most {
				fmt.Fprintf(&b, "and %d more, which the attribute analysis would show.\n\n", len(here)-most)
				break
			}
			fmt.Fprintf(&b, "%s (%s): %s\n%s\n\n", f.ID, f.Severity, findingRule(f), f.Why)
			if f.Witness != "" {
				fmt.Fprintf(&b, "    %s\n\n", f.Witness)
			}
		}
		fmt.Fprintf(&b, "%s\n\n", here[0].Fix)
	}
	fmt.Fprintf(&b, "To accept a risk, name it: accepted_risks = { %s = \"why\" }.", sortedNames(ids)[0])
	diags.AddAttributeError(at, fmt.Sprintf("The policy makes %q root-equivalent", subject), b.String())
}

// sudoersAnalysisAttribute describes analysis.
func sudoersAnalysisAttribute() schema.SingleNestedAttribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	return schema.SingleNestedAttribute{
		MarkdownDescription: "What the policy means for the node, proven while planning over every command line that it allows; see the guide [root findings](../guides/root-findings). " +
			"A finding that is as good as root fails the plan unless `accepted_risks` names it.",
		Computed: true,
		Attributes: map[string]schema.Attribute{
			"root_equivalent": schema.BoolAttribute{
				MarkdownDescription: "Whether any finding is as good as root, accepted or not.",
				Computed:            true,
			},
			"findings": schema.ListNestedAttribute{
				MarkdownDescription: "Each way in which the policy gives the subject root, or lets it act unseen, in the order of its lines.",
				Computed:            true,
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":       text("Stable id of what was found, such as `PVESEC-E0107`."),
					"severity": text("`critical` with the grant alone, `high` with the circumstance that `needs` names or where it is unknown, `medium` for what is not as good as root."),
					"class":    text("`shell`, `command`, `library-load`, `file-write`, `file-read`, `priv-grant`, `credential` or `audit-tamper`; empty for what is wrong with a grant whatever its command."),
					"rule":     text("What it is about."),
					"command":  text("Path of the command; empty where it is all or many."),
					"witness":  text("A command line that the policy allows and that shows it."),
					"line": schema.Int64Attribute{
						MarkdownDescription: "Line in `content` of the grant that lets it through; 0 where no single line does.",
						Computed:            true,
					},
					"needs": text("The circumstance that it takes besides, empty for none."),
					"why":   text("Why it matters."),
					"fix":   text("What to grant instead."),
					"root_equivalent": schema.BoolAttribute{
						MarkdownDescription: "Whether it is as good as root.",
						Computed:            true,
					},
					"accepted": text("The reason for which `accepted_risks` accepts it."),
				}},
			},
			"disruptive": schema.ListAttribute{
				MarkdownDescription: "Command lines that are allowed and can stop or lose guests, services or data. They are no findings: an operator may be there for just that.",
				ElementType:         types.StringType,
				Computed:            true,
			},
		},
	}
}
