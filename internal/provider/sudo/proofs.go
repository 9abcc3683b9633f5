package sudo

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// prove proves the statements never and always about the policy's text, and makes an error of each that does not hold.
func (m *sudoersPolicyModel) prove(ctx context.Context, diags *diag.Diagnostics) {
	if m.Content.IsUnknown() || m.Content.IsNull() || m.Subject.IsUnknown() || !values.FullyKnown(m.Never) || !values.FullyKnown(m.Always) {
		return
	}
	file, malformed := sudoers.Parse(m.Name.ValueString(), m.Content.ValueString(), review.PlanVersion)
	if len(malformed) > 0 {
		return // reported where it was rendered
	}
	tree, question := sudoers.TreeOf(file), review.AskAbout(policy.Subject{Name: m.Subject.ValueString()})
	for i, text := range values.StringsInList(ctx, m.Never, diags) {
		at := path.Root("never").AtListIndex(i)
		proof, err := review.ProveNever(tree, question, m.vouched(diags), text, review.TargetVersions...)
		if err != nil {
			diags.AddAttributeError(at, "Not a statement", values.UpperFirst(err.Error())+".")
			continue
		}
		reportProof(proof, at, fmt.Sprintf("The policy does allow %q", text), "is allowed", diags)
	}
	for i, text := range values.StringsInList(ctx, m.Always, diags) {
		at := path.Root("always").AtListIndex(i)
		words, err := review.SplitCommand(text)
		if err != nil {
			diags.AddAttributeError(at, "Not a command line", values.UpperFirst(err.Error())+".")
			continue
		}
		proof := review.ProveAlways(tree, question, words, review.TargetVersions...)
		reportProof(proof, at, fmt.Sprintf("The policy does not allow %q", text), "is not allowed", diags)
	}
}

// reportProof makes an error of a statement that does not hold, or of which it is not known.
func reportProof(p review.Proof, at path.Path, summary, verb string, diags *diag.Diagnostics) {
	if p.Verdict == regular.Yes {
		return
	}
	var detail strings.Builder
	if p.Verdict == regular.No {
		fmt.Fprintf(&detail, "    %s\n\n%s", p.Counterexample, verb)
	} else {
		summary += ", or it is not known"
		detail.WriteString("It could not be proven")
	}
	if p.Line > 0 {
		fmt.Fprintf(&detail, " by line %d:\n\n    %s", p.Line, p.Grant)
	}
	for _, note := range p.Notes {
		detail.WriteString("\n\n" + note)
	}
	if p.Verdict == regular.Unknown {
		detail.WriteString("\n\nUnknown is not safe: write the rule in a plainer way.")
	}
	diags.AddAttributeError(at, summary, detail.String())
}

// statementNames lists the statements that have names, for a description.
func statementNames() string {
	statements := escalation.Statements()
	names := make([]string, len(statements))
	for i, s := range statements {
		names[i] = "`" + s.Name + "`"
	}
	return strings.Join(names, ", ")
}
