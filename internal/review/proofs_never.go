package review

import (
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// NeverAround proves that the rules of a policy never allow what some statements say, with the options, aliases and
// denials of a node's other files and for the sudo of the node. What these files themselves grant is among the foreign
// findings. The answers are in the order of the statements, which are known to be some; there are none where no other
// file can change what the policy means.
func NeverAround(p hardening.SudoersPolicy, own *Policy, around hardening.Surroundings, statements []string) []Proof {
	tree := around.With(p)
	questions := around.Questions(tree)
	if len(statements) == 0 || !AroundMatters(tree, questions, p.Path()) {
		return nil
	}
	for i, q := range questions {
		questions[i] = q.WithSharedBudget(tree)
	}
	analyses := make([]*escalation.Analysis, len(questions))
	proofs := make([]Proof, len(statements))
	for i, text := range statements {
		proof, err := ForEach(questions, func(of int, q policy.Question) (Proof, error) {
			statement, unnamed := escalation.FindStatement(text)
			if unnamed == nil {
				if analyses[of] == nil {
					analyses[of] = analysedAround(tree, q, own.vouched())
				}
				return namedProofOf(analyses[of].NeverIn(statement, p.Path())), nil
			}
			pattern, err := policy.ParseStatement(text, q.Env)
			if err != nil {
				return Proof{}, err
			}
			return statementProofOf(policy.ProveNeverIn(tree, q, pattern, p.Path())), nil
		})
		if err != nil {
			proof = Proof{Verdict: regular.Unknown, Notes: []string{err.Error()}}
		}
		proofs[i] = proof
	}
	return proofs
}

// analysedAround is what a tree means for one subject, without the budget of the statements.
func analysedAround(tree *sudoers.Tree, q policy.Question, vouched escalation.Vouched) *escalation.Analysis {
	q.Budget = regular.Budget{}
	analysis := AnalyseTree(tree, escalation.Question{Question: q, Vouched: vouched}, true, q.Env.Version)
	return &analysis
}
