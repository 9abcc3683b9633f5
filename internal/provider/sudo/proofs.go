package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// prove proves the statements never and always about the policy's text, and reports each that is not proven as an error.
func (m *sudoersPolicyModel) prove(ctx context.Context, text *review.Policy, diags *diag.Diagnostics) {
	if text == nil || !values.FullyKnown(m.Never) || !values.FullyKnown(m.Always) {
		return
	}
	for i, statement := range values.StringsInList(ctx, m.Never, diags) {
		at := path.Root("never").AtListIndex(i)
		proof, err := text.ProveNever(statement)
		if err != nil {
			diags.AddAttributeError(at, "Invalid statement", values.UpperFirst(err.Error())+".")
			continue
		}
		m.reportProof(proof, at, fmt.Sprintf("The policy does allow %q", statement), "is allowed", diags)
	}
	for i, command := range values.StringsInList(ctx, m.Always, diags) {
		at := path.Root("always").AtListIndex(i)
		proof, err := text.ProveAlways(command)
		if err != nil {
			diags.AddAttributeError(at, "Invalid command line", values.UpperFirst(err.Error())+".")
			continue
		}
		m.reportProof(proof, at, fmt.Sprintf("The policy does not allow %q", command), "is not allowed", diags)
	}
}

// proveAround proves always on each node together with its other files, and reports what another file takes away. What the policy itself does not allow is
// reported without the nodes.
func (m *sudoersPolicyModel) proveAround(ctx context.Context, text *review.Policy, around surroundings, diags *diag.Diagnostics) {
	if text == nil || m.cutsUnknown() || !values.FullyKnown(m.Always) {
		return
	}
	for i, command := range values.StringsInList(ctx, m.Always, diags) {
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
			m.add(m.ofStatements(), problem{path.Root("always").AtListIndex(i), summary, why + "\n\nThe policy allows it. Change that file, or take the command out of always.",
				[]string{summary}}, diags)
		}
	}
}

// warnOfUnproven names the nodes on which always is not proven, since nothing is known of their other files.
func (m *sudoersPolicyModel) warnOfUnproven(ctx context.Context, around surroundings, targets []node.Target, diags *diag.Diagnostics) {
	if len(values.StringsInList(ctx, m.Always, diags)) == 0 {
		return
	}
	var names []string
	for _, target := range targets {
		if _, known := around.on[target.Name]; !known {
			names = append(names, target.Name)
		}
	}
	if len(names) > 0 {
		diags.AddAttributeWarning(path.Root("always"), "Unable to prove always on "+strings.Join(names, ", "),
			"The policy allows these command lines. Whether another sudoers file takes them away there is not known, since pvesec has not read the node. Plan again when it answers.")
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

// checkStatements says which of never and always are no statements, with nothing else of the configuration known.
func (m *sudoersPolicyModel) checkStatements(ctx context.Context, diags *diag.Diagnostics) {
	if values.FullyKnown(m.Never) {
		for i, statement := range values.StringsInList(ctx, m.Never, diags) {
			if err := review.CheckStatement(statement); err != nil {
				diags.AddAttributeError(path.Root("never").AtListIndex(i), "Invalid statement", values.UpperFirst(err.Error())+".")
			}
		}
	}
	if values.FullyKnown(m.Always) {
		for i, command := range values.StringsInList(ctx, m.Always, diags) {
			if _, err := review.SplitCommand(command); err != nil {
				diags.AddAttributeError(path.Root("always").AtListIndex(i), "Invalid command line", values.UpperFirst(err.Error())+".")
			}
		}
	}
}

// reportProof reports a statement that is disproven or unknown as an error, or as a warning where the configuration did not change since its last apply.
func (m *sudoersPolicyModel) reportProof(p review.Proof, at path.Path, summary, verb string, diags *diag.Diagnostics) {
	if p.Verdict == regular.Yes {
		return
	}
	var detail strings.Builder
	if p.Verdict == regular.No {
		fmt.Fprintf(&detail, "    %s\n\n%s", p.Counterexample, verb)
	} else {
		summary += ", or this is unknown"
		if p.Counterexample != "" {
			fmt.Fprintf(&detail, "    %s\n\n", p.Counterexample)
		}
		detail.WriteString("pvesec could not prove this")
	}
	if p.Line > 0 {
		fmt.Fprintf(&detail, " by line %d:\n\n    %s", p.Line, p.Grant)
	}
	for _, note := range p.Notes {
		detail.WriteString("\n\n" + note)
	}
	if p.Verdict == regular.Unknown {
		detail.WriteString("\n\nUnknown is not safe. Write the rule in a simpler way, or remove the unknown part.")
	}
	line := summary
	if p.Counterexample != "" {
		line += ": " + p.Counterexample
	}
	m.add(m.ofStatements(), problem{at, summary, detail.String(), []string{line}}, diags)
}

// statementNames lists the statements that have names, for a description.
func statementNames() string {
	return "`" + strings.Join(review.StatementNames(), "`, `") + "`"
}
