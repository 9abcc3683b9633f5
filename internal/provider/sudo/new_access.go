package sudo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// Values of on_new_access.
const (
	warnOfNewAccess = "warn"
	denyNewAccess   = "deny"
)

// held is what the nodes have of a policy before a plan: as it is recorded, or as it was read where Terraform shows no
// record.
type held struct {
	state    *sudoersPolicyModel
	observed map[string]observedNode
}

// heldBefore is what the nodes have before a plan; without a state for a policy that is new. Terraform plans a tainted
// policy as if it were new: existed tells that this run read one in its place. Its nodes are read then, and so is a
// file of the policy's name that is there already.
func (m *sudoersPolicyModel) heldBefore(ctx context.Context, state *sudoersPolicyModel, observed map[string]observedNode, seen map[string]*hardening.SudoersState, existed bool, diags *diag.Diagnostics) held {
	if state != nil {
		return held{state, observed}
	}
	before := &sudoersPolicyModel{Name: m.Name, Subject: m.Subject, Content: m.Content, SHA256: m.SHA256}
	entries, found := map[string]attr.Value{}, map[string]observedNode{}
	for name, node := range seen {
		existed = existed || m.Holds(node)
		entries[name] = deployedEntry(ctx, observedPolicy(node, m.Content.ValueString(), review.Beyond{}), diags)
		found[name] = observedNode{SHA256: node.File.SHA256, Content: node.Content, Around: &node.Around}
	}
	if !existed {
		return held{}
	}
	before.Deployed = types.MapValueMust(deployedPolicyType, entries)
	return held{before, found}
}

// judgeNewAccess reports what a plan allows the subject of an existing policy more than the nodes do, as on_new_access
// demands. What is not known, or cannot be compared, is more. It reports a warning only if warn is set, an error
// always.
func (m *sudoersPolicyModel) judgeNewAccess(ctx context.Context, text *review.Policy, state *sudoersPolicyModel, before held, warn bool, diags *diag.Diagnostics) {
	mode := m.OnNewAccess.ValueString()
	if mode != warnOfNewAccess && mode != denyNewAccess || before.state == nil || m.changesNothing(state) {
		return
	}
	more := review.NoChange()
	if text == nil {
		more.Unknown = append(more.Unknown, "the policy itself, which is not known before the apply")
	} else {
		more = m.changeFrom(ctx, text, before.state, before.observed, diags)
		if before.state.Name.Equal(m.Name) && len(more.NewlyAllowed) == 0 { // what the policy itself allows more is told already
			beside := m.changeBeside(ctx, before.state, before.observed, m.comparedNodes(before.state), diags)
			more.NewlyAllowed = beside.NewlyAllowed
			more.Unknown = append(more.Unknown, notIn(more.Unknown, beside.Unknown)...)
			more.Looser = append(more.Looser, notIn(more.Looser, beside.Looser)...)
		}
	}
	lines := slices.Concat(more.NewlyAllowed, more.Unknown, more.Looser)
	if len(lines) == 0 {
		return
	}
	summary := fmt.Sprintf("The change allows %s more", quoted(m.subjects()))
	if len(lines) == len(more.Unknown) {
		summary += ", or this is unknown"
	}
	detail := "Compared with the policy on the nodes:\n\n    " + strings.Join(lines, "\n    ")
	switch {
	case mode == warnOfNewAccess:
		if warn {
			diags.AddAttributeWarning(m.textAttribute(), summary, detail)
		}
	case state == nil && m.unchanged: // a tainted policy, put back as it was applied; Terraform tells the apply nothing of the old one
		if warn {
			diags.AddAttributeWarning(m.textAttribute(), summary, detail+"\n\nThe policy is replaced as it was applied last, so this is only a warning.")
		}
	default:
		m.add(m.ofStatements(), problem{m.textAttribute(), summary, detail + "\n\non_new_access = \"deny\" refuses new access, and what cannot be known before the apply. Remove these commands, or set on_new_access = \"warn\" for this change.",
			[]string{summary + ": " + strings.Join(lines, ", ")}}, diags)
	}
}

// notIn leaves out what the policy's own text tells already: with the other files of a node it has the node behind it.
func notIn(told, lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		return slices.ContainsFunc(told, func(known string) bool { return strings.HasPrefix(line, known) })
	})
}

// KeepsLost keeps a policy that refuses new access in the state where no node has its file any more. Without a state
// the next plan would take it for a new policy, of which everything is allowed.
func (m *sudoersPolicyModel) KeepsLost() bool { return m.OnNewAccess.ValueString() == denyNewAccess }
