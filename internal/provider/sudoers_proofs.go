package provider

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/kballard/go-shellquote"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// prove proves the statements never and always about the policy's text, and makes an error of each that does not hold.
func (m *sudoersPolicyModel) prove(ctx context.Context, diags *diag.Diagnostics) {
	if m.Content.IsUnknown() || m.Content.IsNull() || m.Subject.IsUnknown() || !fullyKnown(m.Never) || !fullyKnown(m.Always) {
		return
	}
	file, malformed := sudoers.Parse(m.Name.ValueString(), m.Content.ValueString(), planVersion)
	if len(malformed) > 0 {
		return // reported where it was rendered
	}
	tree, question := sudoers.TreeOf(file), askAbout(policy.Subject{Name: m.Subject.ValueString()})
	for i, text := range stringsOf(ctx, m.Never, diags) {
		at := path.Root("never").AtListIndex(i)
		proof, err := proveNever(tree, question, text, targetVersions...)
		if err != nil {
			diags.AddAttributeError(at, "Not a statement", upperFirst(err.Error())+".")
			continue
		}
		reportProof(proof, at, fmt.Sprintf("The policy does allow %q", text), "is allowed", diags)
	}
	for i, text := range stringsOf(ctx, m.Always, diags) {
		at := path.Root("always").AtListIndex(i)
		words, err := splitCommand(text)
		if err != nil {
			diags.AddAttributeError(at, "Not a command line", upperFirst(err.Error())+".")
			continue
		}
		proof := proveAlways(tree, question, words, targetVersions...)
		reportProof(proof, at, fmt.Sprintf("The policy does not allow %q", text), "is not allowed", diags)
	}
}

// splitCommand splits a command line into words as a POSIX shell would, without expansion.
func splitCommand(text string) ([]string, error) {
	words, err := shellquote.Split(text)
	if err != nil || len(words) == 0 || words[0] == "" || words[0][0] != '/' && words[0] != "sudoedit" {
		return nil, fmt.Errorf("not a command line: write an absolute path and its arguments, with quotes closed, as in a shell")
	}
	return words, nil
}

// statementProof is the answer to one statement, whatever its kind.
type statementProof struct {
	verdict        regular.Verdict
	counterexample string // a command line
	line           int    // of the policy, 0 for none
	grant          string
	notes          []string
}

// onReleases proves a statement for the sudo of each version: the worst answer counts, and one that disproves ends it.
func onReleases(q policy.Question, versions []sudoers.Version, prove func(policy.Question) (statementProof, error)) (statementProof, error) {
	worst := statementProof{verdict: regular.Yes}
	for _, version := range versions {
		q.Env = policy.Debian(version)
		proof, err := prove(q)
		if err != nil || proof.verdict == regular.No {
			return proof, err
		}
		if proof.verdict == regular.Unknown {
			worst = proof
		}
	}
	return worst, nil
}

// proveNever proves that a policy never allows what a statement says, on any of some versions of sudo: one by name, or a command as in a rule.
func proveNever(tree *sudoers.Tree, q policy.Question, text string, versions ...sudoers.Version) (statementProof, error) {
	statement, unnamed := escalation.FindStatement(text)
	if unnamed == nil {
		return onReleases(q, versions, func(q policy.Question) (statementProof, error) {
			proofs, err := escalation.Never(tree, q, statement)
			if err != nil {
				return statementProof{}, err
			}
			p := proofs[0]
			proof := statementProof{verdict: p.Verdict, counterexample: p.Witness, line: p.Pos.Line, grant: p.Grant}
			if p.Note != "" {
				proof.notes = []string{p.Note}
			}
			return proof, nil
		})
	}
	pattern, err := policy.ParseStatement(text, q.Env)
	if err != nil {
		return statementProof{}, fmt.Errorf("%w; and as a name: %w", err, unnamed)
	}
	return onReleases(q, versions, func(q policy.Question) (statementProof, error) {
		return statementProofOf(policy.ProveNever(tree, q, pattern)), nil
	})
}

// proveAlways proves that a policy always allows a command line, on any of some versions of sudo.
func proveAlways(tree *sudoers.Tree, q policy.Question, words []string, versions ...sudoers.Version) statementProof {
	proof, _ := onReleases(q, versions, func(q policy.Question) (statementProof, error) {
		return statementProofOf(policy.ProveAlways(tree, q, words)), nil
	})
	return proof
}

func statementProofOf(p policy.Proof) statementProof {
	proof := statementProof{verdict: p.Verdict, counterexample: p.Counterexample}
	if p.Rule != nil {
		proof.line, proof.grant = p.Rule.Pos.Line, p.Rule.Text
	}
	if host := p.Request.HostName(); host != "" && p.Verdict == regular.No {
		proof.notes = append(proof.notes, "On host "+host+".")
	}
	if p.If != "" {
		proof.notes = append(proof.notes, "If "+p.If+".")
	}
	for _, gap := range p.Gaps {
		note := gap.Reason
		if gap.Grant != nil {
			note = gap.Grant.Text + ": " + note
		}
		proof.notes = append(proof.notes, note)
	}
	return proof
}

// reportProof makes an error of a statement that does not hold, or of which it is not known.
func reportProof(p statementProof, at path.Path, summary, verb string, diags *diag.Diagnostics) {
	if p.verdict == regular.Yes {
		return
	}
	var detail strings.Builder
	if p.verdict == regular.No {
		fmt.Fprintf(&detail, "    %s\n\n%s", p.counterexample, verb)
	} else {
		summary += ", or it is not known"
		detail.WriteString("It could not be proven")
	}
	if p.line > 0 {
		fmt.Fprintf(&detail, " by line %d:\n\n    %s", p.line, p.grant)
	}
	for _, note := range p.notes {
		detail.WriteString("\n\n" + note)
	}
	if p.verdict == regular.Unknown {
		detail.WriteString("\n\nUnknown is not safe: write the rule in a plainer way.")
	}
	diags.AddAttributeError(at, summary, detail.String())
}

// statementNames lists the statements that have names, for a description.
func statementNames() string {
	statements, err := escalation.Statements()
	if err != nil {
		return "the statements by name" // the data is broken, which every proof says
	}
	names := make([]string, len(statements))
	for i, s := range statements {
		names[i] = "`" + s.Name + "`"
	}
	return strings.Join(names, ", ")
}
