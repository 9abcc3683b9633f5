package sudo

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// changeBeside is what a plan changes for the subject on the nodes whose other files grant it something. A denial, a tag or an option of the policy may hold
// back what they grant, so that a policy which loses lines, or leaves a node, can allow more. Stays are the nodes that the policy is on afterwards.
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
		held := m.heldText(ctx, state, observed, name, diags)
		switch {
		case len(entries[name].ForeignGrants.Elements()) == 0, held == after.Content && !after.Exclusive:
			continue
		case around == nil || !around.About(after.Subjects):
			whole.Unknown = append(whole.Unknown, "what other sudoers files of "+name+" grant")
			continue
		}
		key, err := json.Marshal([]any{held, after, around})
		if err != nil {
			panic(err) // only texts and numbers: nothing that JSON can't hold
		}
		change, known := answers[string(key)]
		if !known {
			before := around.With(hardening.SudoersPolicy{Name: after.Name, Subjects: after.Subjects, Content: held})
			tree := around.With(after)
			change = review.CompareAll(before, tree, around.Questions(before, tree))
			answers[string(key)] = change
		}
		whole.Merge(change, " (on "+name+", with its other files)")
	}
	return whole
}
