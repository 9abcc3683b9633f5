package review

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Policy is the text of a policy, parsed once. Everything that a plan wants to know of the text is asked of this value,
// for each of its subjects.
type Policy struct {
	// Subjects are user names and, after "%", group names.
	Subjects []string
	// Open tells that the policy is about everyone whom its rules name, so that other rules make other subjects.
	Open bool
	// Text is what the file holds.
	Text string
	// Elsewhere are the names of the aliases that other files define.
	Elsewhere []string
	// Vouched are the programs of the site that somebody has reviewed.
	Vouched   escalation.Vouched
	file      *sudoers.File
	tree      *sudoers.Tree
	analysis  *escalation.Analysis
	bySubject []escalation.Analysis // of each of them
	// shared is what all statements about the policy may cost together.
	shared *regular.SharedBudget
}

// PolicyOf is the policy of a parsed file about a subject, or about everyone whom its rules name where that is "".
func PolicyOf(file *sudoers.File, subject, text string) *Policy {
	p := &Policy{Subjects: []string{subject}, Open: subject == "", Text: text, file: file, tree: sudoers.TreeOf(file)}
	if p.Open {
		p.Subjects, _ = hardening.Subjects(file.Entries) // what is no subject is refused where the text is checked
	}
	return p
}

// ParsePolicy parses a text for the sudo of a plan, as PolicyOf takes it. It returns every line that is malformed.
func ParsePolicy(name, subject, text string) (*Policy, sudoers.Errors) {
	file, malformed := sudoers.Parse(name, text, PlanVersion)
	if len(malformed) > 0 {
		return nil, malformed
	}
	return PolicyOf(file, subject, text), nil
}

// statement asks each subject one of the statements about the policy. The statements share a budget: however many there
// are, they end in it.
func (p *Policy) statement(prove func(of int, q policy.Question) (Proof, error)) (Proof, error) {
	questions := make([]policy.Question, len(p.Subjects))
	for i, subject := range p.Subjects {
		q := AskAbout(policy.Subject{Name: subject})
		q.Budget.Shared = p.shared
		questions[i] = q.WithSharedBudget(p.tree)
		p.shared = questions[i].Budget.Shared
	}
	return ForEach(questions, prove)
}

// vouched are the programs that somebody has reviewed; none for a policy that is not known, nil.
func (p *Policy) vouched() escalation.Vouched {
	if p == nil {
		return nil
	}
	return p.Vouched
}

// Grants lists what the policy alone grants its subjects, with the aliases of users and commands resolved.
func (p *Policy) Grants() []string {
	var granted []string
	for _, subject := range p.Subjects {
		for _, grant := range policy.Grants(p.tree, policy.Subject{Name: subject}) {
			granted = append(granted, p.resolved(subject, grant)...)
		}
	}
	return granted
}

// Lint finds what is legal in the policy and still wrong, for the newest sudo, and what the sudo of a supported release
// makes of it that grants more than was meant. The policy is a fragment of the node's tree.
func (p *Policy) Lint() []lint.Finding {
	options := lint.Options{Version: PlanVersion, Fragment: true, Elsewhere: p.Elsewhere}
	findings := lint.Lint(p.tree, options)
	for _, version := range TargetVersions {
		options.Version = version
		for _, found := range lint.Lint(p.tree, options) {
			known := slices.ContainsFunc(findings, func(f lint.Finding) bool { return f.ID == found.ID && f.Pos == found.Pos })
			if found.Severity == lint.Error && !known {
				findings = append(findings, found)
			}
		}
	}
	return findings
}

// Analysis is what the policy means for a node, on every release of PVE. It is found out once. A policy that is not
// known, nil, has none.
func (p *Policy) Analysis() escalation.Analysis {
	if p == nil {
		return escalation.Analysis{}
	}
	if p.analysis == nil {
		analysis := escalation.Merge(p.analyses()...)
		p.analysis = &analysis
	}
	return *p.analysis
}

// analyses are those of each subject, in their order.
func (p *Policy) analyses() []escalation.Analysis {
	if p.bySubject == nil {
		p.bySubject = make([]escalation.Analysis, len(p.Subjects))
		for i, subject := range p.Subjects {
			p.bySubject[i] = Analyse(p.file, policy.Subject{Name: subject}, p.Vouched)
		}
	}
	return p.bySubject
}

// Refused is what an error says of the ways to root of the policy itself that nobody accepted.
func (p *Policy) Refused(accepted Acceptances) *Refusal {
	return refusedIn(p.Text, p.Analysis().Findings, accepted)
}

func refusedIn(text string, findings []escalation.CommandFinding, accepted Acceptances) *Refusal {
	lines := strings.Split(text, "\n")
	r := NewRefusal(accepted)
	for _, f := range findings {
		place := ""
		if line := f.Pos.Line; line > 0 && line <= len(lines) {
			place = fmt.Sprintf("Line %d:\n\n    %s\n\n", line, excerpt(strings.TrimSpace(lines[line-1])))
		}
		r.Add(place, func(w escalation.Way) string { return w.Key() }, f)
	}
	return r
}

// ProveNever proves that the policy never allows what a statement says, on any release of PVE. The error says why a
// text is no statement.
func (p *Policy) ProveNever(statement string) (Proof, error) {
	return p.statement(func(of int, q policy.Question) (Proof, error) {
		return ProveNever(p.tree, q, func() escalation.Analysis { return p.analyses()[of] }, statement, TargetVersions...)
	})
}

// ProveAlways proves that the policy always allows a command line. The error says why a text is none.
func (p *Policy) ProveAlways(command string) (Proof, error) {
	words, err := SplitCommand(command)
	if err != nil {
		return Proof{Verdict: regular.Unknown}, err
	}
	return p.statement(func(_ int, q policy.Question) (Proof, error) {
		return ProveAlways(p.tree, q, words, TargetVersions...), nil
	})
}

// ChangeFrom compares the policy with the text that it takes the place of. Lines of that which are malformed grant
// nothing, as for sudo.
func (p *Policy) ChangeFrom(before string) Change {
	file, _ := sudoers.Parse(p.file.Name, before, PlanVersion)
	subjects := p.Subjects
	if p.Open { // who is no subject any more loses what he had
		had, _ := hardening.Subjects(file.Entries)
		subjects = slices.Compact(slices.Sorted(slices.Values(slices.Concat(subjects, had))))
	}
	questions := make([]policy.Question, len(subjects))
	for i, subject := range subjects {
		questions[i] = AskAbout(policy.Subject{Name: subject})
	}
	return CompareAll(sudoers.TreeOf(file), p.tree, questions)
}
