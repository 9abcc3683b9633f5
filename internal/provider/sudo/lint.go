package sudo

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// lintModel is one finding in the policy's own text.
type lintModel struct {
	ID       types.String `tfsdk:"id"`
	Severity types.String `tfsdk:"severity"`
	Line     types.Int64  `tfsdk:"line"`
	Column   types.Int64  `tfsdk:"column"`
	Message  types.String `tfsdk:"message"`
	Fix      types.String `tfsdk:"fix"`
}

var lintType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"id": types.StringType, "severity": types.StringType, "line": types.Int64Type, "column": types.Int64Type, "message": types.StringType, "fix": types.StringType,
}}

// lintPolicy finds what is legal in a policy and still wrong. The policy is a fragment of the node's tree: aliases may be defined elsewhere.
func lintPolicy(file *sudoers.File) []lint.Finding {
	return lint.Lint(sudoers.TreeOf(file), lint.Options{Version: review.PlanVersion, Fragment: true})
}

// warnOfLint reports findings at the attribute that the text comes from. Notices are left to the lint attribute: they are worth a thought, not an
// interruption.
func (m *sudoersPolicyModel) warnOfLint(file *sudoers.File, diags *diag.Diagnostics) {
	at := m.textAttribute()
	for _, finding := range lintPolicy(file) {
		if finding.Severity != lint.Warning {
			continue
		}
		excerpt := strings.ReplaceAll(finding.Excerpt(m.Content.ValueString()), "\n", "\n  ")
		diags.AddAttributeWarning(at, fmt.Sprintf("%s (%s)", values.UpperFirst(finding.Msg), finding.ID),
			fmt.Sprintf("Line %d, column %d:\n\n  %s\n\n%s.", finding.Pos.Line, finding.Pos.Col, excerpt, strings.TrimSuffix(values.UpperFirst(finding.Fix), ".")))
	}
}

// lintModels are findings as they are shown.
func lintModels(findings []lint.Finding) []lintModel {
	models := []lintModel{}
	for _, finding := range findings {
		models = append(models, lintModel{
			ID:       types.StringValue(finding.ID),
			Severity: types.StringValue(string(finding.Severity)),
			Line:     types.Int64Value(int64(finding.Pos.Line)),
			Column:   types.Int64Value(int64(finding.Pos.Col)),
			Message:  types.StringValue(finding.Msg),
			Fix:      types.StringValue(finding.Fix),
		})
	}
	return models
}

// lintValue is the lint attribute for a policy.
func lintValue(ctx context.Context, file *sudoers.File, diags *diag.Diagnostics) types.List {
	value, problems := types.ListValueFrom(ctx, lintType, lintModels(lintPolicy(file)))
	diags.Append(problems...)
	return value
}

func lintAttribute() schema.ListNestedAttribute {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{MarkdownDescription: description, Computed: true}
	}
	number := func(description string) schema.Int64Attribute {
		return schema.Int64Attribute{MarkdownDescription: description, Computed: true}
	}
	return schema.ListNestedAttribute{
		MarkdownDescription: "What sudo accepts in the policy in silence and then does not do as it was meant; see the guide [sudoers findings](../guides/sudoers-findings).",
		Computed:            true,
		NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
			"id":       text("Stable id of the rule that found it, such as `PVESEC-S0004`."),
			"severity": text("`error` for a pattern that never matches, with which the policy is refused, `warning`, which is shown in the console too, or `notice`."),
			"line":     number("Line in `content`."),
			"column":   number("Column in that line, in bytes."),
			"message":  text("What is wrong."),
			"fix":      text("What to write instead."),
		}},
	}
}
