package sudo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// lintModel is one finding in the policy's own text, as a plan shows it: what to write instead is in the warning, in
// the error of a refused plan and in the guide.
type lintModel struct {
	ID       types.String `tfsdk:"id"`
	Severity types.String `tfsdk:"severity"`
	Line     types.Int64  `tfsdk:"line"`
	Column   types.Int64  `tfsdk:"column"`
	Message  types.String `tfsdk:"message"`
}

// explainedLintModel is a finding with what to write instead, where somebody asks for an analysis.
type explainedLintModel struct {
	lintModel
	Fix types.String `tfsdk:"fix"`
}

var lintType = values.TypeOfFields(lintFields)

// lintFields are the fields of a finding in a text.
var lintFields = []values.Field{
	{Name: "id", Type: types.StringType, Description: "Stable id of the rule that found it, such as `PVESEC-S0004`."},
	{Name: "severity", Type: types.StringType, Description: "`error` for a pattern that never matches, with which `pvesec_sudoers_policy` refuses a policy, `warning`, which the console shows too, or `notice`."},
	{Name: "line", Type: types.Int64Type, Description: "Line in the text."},
	{Name: "column", Type: types.Int64Type, Description: "Column in that line, in bytes."},
	{Name: "message", Type: types.StringType, Description: "What is wrong."},
}

var explainedLintFields = append(slices.Clone(lintFields), values.Field{Name: "fix", Type: types.StringType, Description: "What to write instead."})

// warnOfLint reports findings at the attribute that the text comes from. Notices are left to the lint attribute: they
// are worth a thought, not an interruption.
func (m *sudoersPolicyModel) warnOfLint(text *review.Policy, diags *diag.Diagnostics) {
	at := m.textAttribute()
	for _, finding := range text.Lint() {
		if finding.Severity != lint.Warning {
			continue
		}
		excerpt := strings.ReplaceAll(finding.Excerpt(text.Text), "\n", "\n  ")
		diags.AddAttributeWarning(at, fmt.Sprintf("%s (%s)", values.UpperFirst(finding.Msg), finding.ID),
			fmt.Sprintf("Line %d, column %d:\n\n  %s\n\n%s.", finding.Pos.Line, finding.Pos.Col, excerpt, strings.TrimSuffix(values.UpperFirst(finding.Fix), ".")))
	}
}

// refuseLint refuses what grants something else than is written, at the word where the policy has rules. With
// enforcement = "warn" it warns, but of patterns that match nothing: a denial with one denies nothing, and there is no
// risk in it that somebody could want to take.
func (m *sudoersPolicyModel) refuseLint(ctx context.Context, text *review.Policy, diags *diag.Diagnostics) {
	if text == nil {
		return
	}
	for _, finding := range text.Lint() {
		if finding.Severity == lint.Error {
			if finding.ID == undefinedAlias {
				finding.Fix += ". If another sudoers file of every node defines it, name it in defined_elsewhere"
			}
			m.reportLint(ctx, text, finding, diags)
		}
	}
}

// matchNothing are the findings of patterns that match nothing.
var matchNothing = []string{"PVESEC-S0011", "PVESEC-S0021"}

// reportLint reports one finding at the word.
func (m *sudoersPolicyModel) reportLint(ctx context.Context, text *review.Policy, finding lint.Finding, diags *diag.Diagnostics) {
	excerpt := strings.ReplaceAll(finding.Excerpt(text.Text), "\n", "\n  ")
	at := m.lintPath(ctx, text.Text, finding, diags)
	summary := fmt.Sprintf("%s (%s)", values.UpperFirst(finding.Msg), finding.ID)
	if !at.Equal(m.textAttribute()) { // Terraform points at the resource for a path as deep
		summary = fmt.Sprintf("%s: %s", at, summary)
	}
	detail := fmt.Sprintf("Line %d, column %d:\n\n  %s\n\n%s.", finding.Pos.Line, finding.Pos.Col, excerpt, strings.TrimSuffix(values.UpperFirst(finding.Fix), "."))
	found := problem{at, summary, detail, []string{fmt.Sprintf("line %d, column %d: %s", finding.Pos.Line, finding.Pos.Col, summary)}}
	if slices.Contains(matchNothing, finding.ID) {
		m.add(m.ofFindings(), found, diags)
	} else {
		m.report(found, diags)
	}
}

// undefinedAlias is the finding of a name in capitals that nothing defines.
const undefinedAlias = "PVESEC-S0001"

// bothBounds is the finding of a rule with not_before and not_after.
const bothBounds = "PVESEC-S0019"

// lintPath is the attribute of a rule that has the word of a finding, or the attribute that the whole text comes from.
func (m *sudoersPolicyModel) lintPath(ctx context.Context, text string, finding lint.Finding, diags *diag.Diagnostics) path.Path {
	lines := strings.Split(text, "\n")
	if m.Rules.IsNull() || !values.FullyKnown(m.Rules) || finding.Pos.Line < 1 || finding.Pos.Line > len(lines) {
		return m.textAttribute()
	}
	line := lines[finding.Pos.Line-1]
	word := line[min(max(finding.Pos.Col-1, 0), len(line)):]
	var models []sudoersRuleModel
	diags.Append(m.Rules.ElementsAs(ctx, &models, false)...)
	best, length := m.textAttribute(), 0
	for i, model := range models {
		at := path.Root("rule").AtListIndex(i)
		if finding.ID == bothBounds && !model.NotAfter.IsNull() && !model.NotBefore.IsNull() && strings.Contains(finding.Msg, "NOTBEFORE="+model.NotBefore.ValueString()+" ") {
			return at.AtName("not_before")
		}
		try := func(written string, place path.Path) {
			if written != "" && len(written) > length && strings.HasPrefix(word, written) {
				best, length = place, len(written)
			}
		}
		try("NOTBEFORE="+model.NotBefore.ValueString(), at.AtName("not_before"))
		try("NOTAFTER="+model.NotAfter.ValueString(), at.AtName("not_after"))
		for j, command := range values.StringsInList(ctx, model.Commands, diags) {
			plain := strings.TrimSpace(strings.TrimPrefix(command, "!"))
			try(plain, at.AtName("commands").AtListIndex(j))
			try("!"+plain, at.AtName("commands").AtListIndex(j))
		}
	}
	return best
}

func lintOf(finding lint.Finding) lintModel {
	return lintModel{
		ID:       types.StringValue(finding.ID),
		Severity: types.StringValue(string(finding.Severity)),
		Line:     types.Int64Value(int64(finding.Pos.Line)),
		Column:   types.Int64Value(int64(finding.Pos.Col)),
		Message:  types.StringValue(finding.Msg),
	}
}

// explainedLint are findings with what to write instead.
func explainedLint(findings []lint.Finding) []explainedLintModel {
	models := []explainedLintModel{}
	for _, finding := range findings {
		models = append(models, explainedLintModel{lintOf(finding), types.StringValue(finding.Fix)})
	}
	return models
}

// lintValue is the lint attribute for a policy.
func lintValue(ctx context.Context, text *review.Policy, diags *diag.Diagnostics) types.List {
	models := []lintModel{}
	for _, finding := range text.Lint() {
		models = append(models, lintOf(finding))
	}
	value, problems := types.ListValueFrom(ctx, lintType, models)
	diags.Append(problems...)
	return value
}

func lintAttribute() schema.ListNestedAttribute {
	return schema.ListNestedAttribute{
		MarkdownDescription: "Problems that sudo accepts without an error but that make the policy behave differently than intended; see the guide [sudoers findings](../guides/sudoers-findings). What to write instead is in the guide, in the warning or the error, and in `pvesec_sudoers_analysis`.",
		Computed:            true,
		NestedObject:        schema.NestedAttributeObject{Attributes: values.ResourceFields(lintFields)},
	}
}
