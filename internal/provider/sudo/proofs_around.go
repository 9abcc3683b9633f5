package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// proveAround proves the statements on each node together with its other files, and reports what these change. What the
// policy alone does not keep is reported without the nodes. A change that only takes access away is not refused: what
// stands in its way is in a file of somebody else.
func (m *sudoersPolicyModel) proveAround(ctx context.Context, text *review.Policy, around surroundings, diags *diag.Diagnostics) {
	if text == nil || m.cutsUnknown() {
		return
	}
	if values.FullyKnown(m.Never) {
		m.proveNeverAround(values.StringsInList(ctx, m.Never, diags), text, around, diags)
	}
	if values.FullyKnown(m.Always) {
		m.proveAlwaysAround(values.StringsInList(ctx, m.Always, diags), text, around, diags)
	}
}

// proveNeverAround reports each statement of never that the rules of the policy do not keep on a node, since its other
// files give them another meaning.
func (m *sudoersPolicyModel) proveNeverAround(statements []string, text *review.Policy, around surroundings, diags *diag.Diagnostics) {
	answers := map[string][]review.Proof{}                // nodes of a cluster are mostly alike
	nodes := make([]map[string][]string, len(statements)) // of each statement, by what is wrong there
	for i := range nodes {
		nodes[i] = map[string][]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(around.on)) {
		key := around.on[name].Key(m.policy())
		if _, known := answers[key]; !known {
			answers[key] = review.NeverAround(m.policy(), text, around.on[name], statements)
		}
		for i, proof := range answers[key] {
			if why := gainedOn(proof); why != "" {
				nodes[i][why] = append(nodes[i][why], name)
			}
		}
	}
	for i, statement := range statements {
		if len(nodes[i]) == 0 {
			continue
		}
		if proof, err := text.ProveNever(statement); err != nil || proof.Verdict != regular.Yes {
			continue
		}
		for _, why := range slices.Sorted(maps.Keys(nodes[i])) {
			summary := fmt.Sprintf("%q is not proven on %s", statement, strings.Join(nodes[i][why], ", "))
			m.add(m.ofFindings(), problem{path.Root("never").AtListIndex(i), summary, why + "\n\nThe policy alone does not allow it. Other sudoers files of the node change what its rules mean, by " +
				"options, aliases or rules. Change those files, or write the rule in another way.", []string{summary}}, diags)
		}
	}
}

// gainedOn says why never is not proven on a node, "" where it is.
func gainedOn(p review.Proof) string {
	if p.Verdict == regular.Yes {
		return ""
	}
	var parts []string
	if p.Counterexample != "" {
		parts = append(parts, "    "+p.Counterexample)
	}
	if p.Line > 0 {
		parts = append(parts, fmt.Sprintf("%s, line %d, decides:\n\n    %s", p.File, p.Line, p.Grant))
	}
	return strings.Join(append(parts, p.Notes...), "\n\n")
}

// proveAlwaysAround reports each command line of always that a node does not allow.
func (m *sudoersPolicyModel) proveAlwaysAround(commands []string, text *review.Policy, around surroundings, diags *diag.Diagnostics) {
	for i, command := range commands {
		words, err := review.SplitCommand(command)
		if err != nil {
			continue
		}
		if proof, err := text.ProveAlways(command); err != nil || proof.Verdict != regular.Yes {
			continue
		}
		nodes := map[string][]string{} // by what is wrong there
		for _, name := range slices.Sorted(maps.Keys(around.on)) {
			if why := lostOn(review.ProveAlwaysOn(m.policy(), around.on[name], words)); why != "" {
				nodes[why] = append(nodes[why], name)
			}
		}
		for _, why := range slices.Sorted(maps.Keys(nodes)) {
			on := strings.Join(nodes[why], ", ")
			summary := fmt.Sprintf("%q is not allowed on %s", command, on)
			m.add(m.ofFindings(), problem{path.Root("always").AtListIndex(i), summary, why + "\n\nThe policy allows it. Change that file, or take the command out of always.",
				[]string{summary}}, diags)
		}
	}
}

// warnOfUnproven names the nodes on which never and always are not proven, since nothing is known of their other files.
func (m *sudoersPolicyModel) warnOfUnproven(around surroundings, targets []node.Target, diags *diag.Diagnostics) {
	var names []string
	for _, target := range targets {
		if _, known := around.on[target.Name]; !known {
			names = append(names, target.Name)
		}
	}
	if len(names) == 0 {
		return
	}
	for _, of := range []struct {
		attribute  string
		statements types.List
		unknown    string
	}{
		{"never", m.Never, "The policy alone does not allow this. Whether another sudoers file gives its rules another meaning there is not known"},
		{"always", m.Always, "The policy allows these command lines. Whether another sudoers file takes them away there is not known"},
	} {
		if len(of.statements.Elements()) > 0 {
			diags.AddAttributeWarning(path.Root(of.attribute), "Unable to prove "+of.attribute+" on "+strings.Join(names, ", "), of.unknown+", since pvesec has not read the node. Plan again when it answers.")
		}
	}
}

// lostOn says why a node does not allow what the policy does, "" where it does.
func lostOn(p review.Proof) string {
	switch {
	case p.Verdict == regular.Yes:
		return ""
	case p.Line > 0:
		return fmt.Sprintf("%s, line %d, decides:\n\n    %s", p.File, p.Line, p.Grant)
	case len(p.Notes) > 0:
		return strings.Join(p.Notes, "\n")
	}
	return "No rule of the node allows it."
}
