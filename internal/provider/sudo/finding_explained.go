package sudo

import (
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// explainedFindingModel is a finding with everything that is known of it, where somebody asks for an analysis. A plan
// shows less.
type explainedFindingModel struct {
	findingModel
	Effect    string   `tfsdk:"effect"`
	Command   string   `tfsdk:"command"`
	Condition string   `tfsdk:"condition"`
	Why       string   `tfsdk:"why"`
	Fix       string   `tfsdk:"fix"`
	Lines     []int64  `tfsdk:"lines"`
	Also      []string `tfsdk:"also"`
}

// explainedFindingType is the type of an explained finding.
var explainedFindingType = values.TypeOfFields(explainedFindingFields(""))

// explainedFindingFields are the fields of an explained finding. Line describes the field line.
func explainedFindingFields(line string) []values.Field {
	return append(findingFields(line),
		values.Field{Name: "effect", Type: types.StringType, Description: "What the command does, such as `runs-code` or `reads-secret` (see the guide); empty for what is wrong with a grant whatever its command."},
		values.Field{Name: "command", Type: types.StringType, Description: "Path of the command; empty where it is all or many."},
		values.Field{Name: "condition", Type: types.StringType, Description: "Additional condition required; empty if none."},
		values.Field{Name: "why", Type: types.StringType, Description: "Why it matters."},
		values.Field{Name: "fix", Type: types.StringType, Description: "What to grant instead."},
		values.Field{Name: "lines", Type: types.ListType{ElemType: types.Int64Type}, Description: "All lines with the same cause."},
		values.Field{Name: "also", Type: values.StringListType, Description: "What else follows from the same grant: id, severity, effect and an example each."},
	)
}

// explained are findings with everything that is known of them. Nobody accepts any of them.
func explained(findings []escalation.CommandFinding) []explainedFindingModel {
	shown := review.ShownOf(findings, nil)
	models := make([]explainedFindingModel, len(shown))
	for i, f := range shown {
		model := explainedFindingModel{
			findingModel: findingOf(f.CommandFinding, nil), Effect: string(f.Effect), Command: f.Command, Condition: f.Condition, Why: f.Why, Fix: f.Fix, Lines: []int64{}, Also: []string{},
		}
		model.Rule = withMore(model.Rule, f.More)
		for _, place := range f.Places {
			if line := int64(place.Pos.Line); !slices.Contains(model.Lines, line) {
				model.Lines = append(model.Lines, line)
			}
		}
		for _, w := range f.Ways[1:] {
			model.Also = append(model.Also, fmt.Sprintf("%s (%s): %s: %s", w.ID, w.Severity, w.Does, w.Example))
		}
		models[i] = model
	}
	return models
}
