package sudo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// foreignFindingModel is a finding that takes other files of nodes.
type foreignFindingModel struct {
	findingModel
	File  string   `tfsdk:"file"`
	Nodes []string `tfsdk:"nodes"`
}

// judgeAround fills in analysis.foreign, unless it is left for the apply, and makes an error of ways to root that
// nobody accepted, or a warning where enforcement says so. What the refresh has warned of is not said again.
func (m *sudoersPolicyModel) judgeAround(ctx context.Context, text *review.Policy, around surroundings, diags *diag.Diagnostics) {
	r := m.refusalAround(ctx, m.showAround(ctx, text, around, diags), diags)
	if !r.Any() {
		return
	}
	remedy := "This policy did not write it. Remove it from that file"
	if m.Exclusive.ValueBool() {
		remedy += ", or remove the subject from the group or alias that it names: exclusive = true removes only lines that name the subject itself."
	} else {
		remedy += ", or set exclusive = true: the apply then removes the lines that name the subject itself (pvesec keeps a backup), but none of another policy."
	}
	remedy += " If another policy writes that file and changes in the same run, apply that policy first (terraform apply -target).\n\n"
	p := problem{m.subjectAttribute(), fmt.Sprintf("Together with other sudoers files %s is root-equivalent", quoted(m.subjects())), r.Detail(remedy), r.Lines()}
	told := !m.quiet && !slices.ContainsFunc(p.lines, func(line string) bool { return !slices.Contains(m.toldToday, line) })
	switch {
	case m.Enforcement.ValueString() == enforceWarn:
		if around.recorded { // the plan during the apply finds the same
			m.notEnforced = p.lines
		}
		if !told && (!m.quiet || !around.recorded) {
			diags.AddAttributeWarning(p.at, p.summary, p.detail)
		}
	case told && m.ofFindings() == values.Deferred:
		m.refused = append(m.refused, p.lines...)
	default:
		m.report(p, diags)
	}
}

// refusalAround is what stands against a plan of the ways to root that take other files of the nodes.
func (m *sudoersPolicyModel) refusalAround(ctx context.Context, found []review.ForeignFinding, diags *diag.Diagnostics) *review.Refusal {
	r := review.NewRefusal(m.acceptances(ctx, diags))
	for _, f := range found {
		key := func(w escalation.Way) string {
			if f.Pos.File == "" {
				return w.Key()
			}
			return escalation.AcceptedIn(w.Key(), f.Pos.File)
		}
		r.Add(foreignPlace(f, m.policy().Path()), key, f.CommandFinding)
	}
	return r
}

// onNode are the findings of one node, as if it were the only one.
func onNode(found []review.ForeignFinding, name string) []review.ForeignFinding {
	var here []review.ForeignFinding
	for _, f := range found {
		if slices.Contains(f.Nodes, name) {
			here = append(here, review.ForeignFinding{CommandFinding: f.CommandFinding, Nodes: []string{name}})
		}
	}
	return here
}

// surroundings hold the relevant parts of the nodes' other files, by the node's name.
type surroundings struct {
	on map[string]hardening.Surroundings
	// recorded is set if they come from the state, so that the plan during the apply finds the same.
	recorded bool
	// looked are the nodes that the plan itself has read. Others may hold something else when the plan is made again
	// during the apply. Open is set where one that had to be read was not.
	looked map[string]bool
	open   bool
}

// surroundingsOf returns the surroundings of nodes that were just read.
func surroundingsOf(seen map[string]*hardening.SudoersState) surroundings {
	around := surroundings{on: map[string]hardening.Surroundings{}, recorded: true}
	for name, found := range seen {
		around.on[name] = found.Around
	}
	return around
}

// showAround fills in analysis.foreign, or leaves it for the apply.
func (m *sudoersPolicyModel) showAround(ctx context.Context, text *review.Policy, around surroundings, diags *diag.Diagnostics) []review.ForeignFinding {
	if m.Analysis.IsUnknown() || m.Analysis.IsNull() || m.cutsUnknown() {
		return nil
	}
	found := review.ForeignFindings(m.policy(), text, around.on)
	foreign := types.ListUnknown(foreignFindingType)
	if around.recorded {
		reasons := values.AcceptedRisks(ctx, m.AcceptedRisks, diags)
		shown := review.ShownForeignOf(found, reasons)
		models := make([]foreignFindingModel, len(shown))
		for i, f := range shown {
			models[i] = foreignFindingModel{findingOf(f.CommandFinding, reasons), f.Pos.File, f.Nodes}
			models[i].Rule = withMore(models[i].Rule, f.More)
		}
		var problems diag.Diagnostics
		foreign, problems = types.ListValueFrom(ctx, foreignFindingType, models)
		diags.Append(problems...)
	}
	attributes := m.Analysis.Attributes()
	attributes["foreign"] = foreign
	m.Analysis = types.ObjectValueMust(sudoersAnalysisType, attributes)
	return found
}

// foreignPlace describes the origin of a finding.
func foreignPlace(f review.ForeignFinding, own string) string {
	nodes := strings.Join(f.Nodes, ", ")
	switch f.Pos.File {
	case "":
		return fmt.Sprintf("On %s, by no single line:\n\n", nodes)
	case own:
		return fmt.Sprintf("On %s, line %d of the policy together with options of other files:\n\n    %s\n\n", nodes, f.Pos.Line, f.Grant)
	}
	return fmt.Sprintf("On %s, %s, line %d:\n\n    %s\n\n", nodes, f.Pos.File, f.Pos.Line, f.Grant)
}
