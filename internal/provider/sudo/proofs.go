package sudo

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// prove proves the statements never and always about the policy's text, and reports each that is not proven as an
// error.
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

// reportProof reports a statement that is disproven or unknown as an error, or as a warning where the configuration did
// not change since its last apply.
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
