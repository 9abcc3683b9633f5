package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// changeBeside is what a plan changes for the subject on the nodes whose other files matter to it. A denial, a tag or
// an option of the policy may hold back what they grant or set, and they may say what its aliases are, so that a policy
// which loses lines, or leaves a node, can allow more. Stays are the nodes that the policy is on afterwards.
func (m *sudoersPolicyModel) changeBeside(ctx context.Context, state *sudoersPolicyModel, observed map[string]observedNode, stays []string, diags *diag.Diagnostics) review.Change {
	whole := review.NoChange()
	answers := map[string]review.Change{} // nodes of a cluster are mostly alike
	entries := state.deployedPolicies(ctx, diags)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		around := observed[name].Around
		after := m.policy()
		if !slices.Contains(stays, name) {
			after = hardening.SudoersPolicy{Name: after.Name, Subjects: after.Subjects}
		}
		before := hardening.SudoersPolicy{Name: after.Name, Subjects: after.Subjects, Content: m.heldText(ctx, state, observed, name, diags)}
		if before.Content == after.Content && !after.Exclusive {
			continue
		}
		if around == nil || !around.About(after.Subjects) {
			switch {
			case len(entries[name].ForeignGrants.Elements()) > 0:
				whole.Unknown = append(whole.Unknown, "what other sudoers files of "+name+" grant")
			case m.namesElsewhere() || state.namesElsewhere():
				whole.Unknown = append(whole.Unknown, "which aliases other sudoers files of "+name+" define")
			}
			continue
		}
		key := fmt.Sprintf("%t %s %s", after.Exclusive, around.Key(before), around.Key(after))
		change, known := answers[key]
		if !known {
			change = changeAround(before, after, around)
			answers[key] = change
		}
		whole.Merge(change, " (on "+name+", with its other files)")
	}
	return whole
}

// changeAround compares two texts of a policy with the other files of a node, if these matter. Who is granted nothing
// afterwards has nothing more.
func changeAround(before, after hardening.SudoersPolicy, around *hardening.Surroundings) review.Change {
	was, is := around.With(before), around.With(after)
	questions := around.Questions(was, is)
	granted := slices.ContainsFunc(questions, func(q policy.Question) bool { return len(policy.Grants(is, q.Subject)) > 0 })
	if !granted || !review.AroundMatters(was, questions, before.Path()) {
		return review.NoChange()
	}
	return review.CompareAll(was, is, questions)
}
