package review

import (
	"fmt"

	"github.com/kballard/go-shellquote"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// SplitCommand splits a command line into words as a POSIX shell would, without expansion.
func SplitCommand(text string) ([]string, error) {
	words, err := shellquote.Split(text)
	if err != nil || len(words) == 0 || words[0] == "" || words[0][0] != '/' && words[0] != "sudoedit" {
		return nil, fmt.Errorf("not a command line: write an absolute path and its arguments, with quotes closed, as in a shell")
	}
	return words, nil
}

// Proof is the answer to one statement, whatever its kind.
type Proof struct {
	Verdict        regular.Verdict
	Counterexample string // a command line
	Line           int    // of the policy, 0 for none
	File           string // of the line
	Grant          string
	Notes          []string
}

// ForEach proves a statement for each of some subjects: the worst answer counts, and one that disproves ends it. With
// several it says for whom.
func ForEach(questions []policy.Question, prove func(of int, q policy.Question) (Proof, error)) (Proof, error) {
	worst := Proof{Verdict: regular.Yes}
	for i, q := range questions {
		proof, err := prove(i, q)
		if err != nil {
			return proof, err
		}
		if proof.Verdict != regular.Yes {
			if len(questions) > 1 {
				proof.Notes = append([]string{"For " + q.Subject.Name + "."}, proof.Notes...)
			}
			worst = proof
		}
		if proof.Verdict == regular.No {
			return proof, nil
		}
	}
	return worst, nil
}

// onReleases proves a statement for the sudo of each version: the worst answer counts, and one that disproves ends it.
// The question has one budget on all of them, and with it on what else is asked with the same one.
func onReleases(tree *sudoers.Tree, q policy.Question, versions []sudoers.Version, prove func(policy.Question) Proof) Proof {
	q = q.WithSharedBudget(tree)
	worst := Proof{Verdict: regular.Yes}
	for _, version := range versions {
		q.Env = policy.Debian(version)
		proof := prove(q)
		if proof.Verdict == regular.No {
			return proof
		}
		if proof.Verdict == regular.Unknown {
			worst = proof
		}
	}
	return worst
}

// ProveNever proves that a policy never allows what a statement says, on any of some versions of sudo: one by name, or
// a command as in a rule. The analysis of the policy on these versions is asked for where it is one by name.
func ProveNever(tree *sudoers.Tree, q policy.Question, analysis func() escalation.Analysis, text string, versions ...sudoers.Version) (Proof, error) {
	statement, unnamed := escalation.FindStatement(text)
	if unnamed == nil {
		of := analysis()
		return namedProofOf(of.Never(statement)), nil
	}
	pattern, err := policy.ParseStatement(text, q.Env)
	if err != nil {
		return Proof{}, fmt.Errorf("%w; and as a name: %w", err, unnamed)
	}
	return onReleases(tree, q, versions, func(q policy.Question) Proof {
		return statementProofOf(policy.ProveNever(tree, q, pattern))
	}), nil
}

// CheckStatement says why a text is no statement of what must never be allowed, or returns nil.
func CheckStatement(text string) error {
	_, unnamed := escalation.FindStatement(text)
	if unnamed == nil {
		return nil
	}
	if _, err := policy.ParseStatement(text, policy.Debian(PlanVersion)); err != nil {
		return fmt.Errorf("%w; and as a name: %w", err, unnamed)
	}
	return nil
}

// ProveAlways proves that a policy always allows a command line, on any of some versions of sudo.
func ProveAlways(tree *sudoers.Tree, q policy.Question, words []string, versions ...sudoers.Version) Proof {
	return onReleases(tree, q, versions, func(q policy.Question) Proof {
		return statementProofOf(policy.ProveAlways(tree, q, words))
	})
}

// ProveAlwaysOn proves that a command line is always allowed on a node that holds a policy, whatever its other files
// say, for the sudo of the node.
func ProveAlwaysOn(p hardening.SudoersPolicy, around hardening.Surroundings, words []string) Proof {
	tree := around.With(p)
	proof, _ := ForEach(around.Questions(tree), func(_ int, q policy.Question) (Proof, error) {
		return statementProofOf(policy.ProveAlways(tree, q, words)), nil
	})
	return proof
}

func namedProofOf(p escalation.Proof) Proof {
	proof := Proof{Verdict: p.Verdict, Counterexample: p.Example, Line: p.Pos.Line, File: p.Pos.File, Grant: p.Grant}
	if p.Note != "" {
		proof.Notes = []string{p.Note}
	}
	return proof
}

func statementProofOf(p policy.Proof) Proof {
	proof := Proof{Verdict: p.Verdict, Counterexample: p.Counterexample}
	if p.Rule != nil {
		proof.Line, proof.File, proof.Grant = p.Rule.Pos.Line, p.Rule.Pos.File, p.Rule.Text
	}
	if host := p.Request.HostName(); host != "" && p.Verdict == regular.No {
		proof.Notes = append(proof.Notes, "On host "+host+".")
	}
	if p.If != "" {
		proof.Notes = append(proof.Notes, "If "+p.If+".")
	}
	for _, gap := range p.Gaps {
		note := gap.Reason
		if gap.Grant != nil {
			note = gap.Grant.Text + ": " + note
		}
		proof.Notes = append(proof.Notes, note)
	}
	return proof
}
