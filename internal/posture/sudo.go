package posture

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// sudoAnswer is what sudo lets a subject do on a node.
type sudoAnswer struct {
	grants   []policy.Grant // without denials
	findings []escalation.CommandFinding
	becomes  []becoming
}

// becoming is a grant to run commands as an account that is not root.
type becoming struct {
	name  string // of the account
	grant policy.Grant
	all   bool // every command
}

var accountName = regexp.MustCompile(`^[A-Za-z_.][A-Za-z0-9_.@-]*\$?$`)

// judgeSudo asks our engine about every account, and about every group that has grants. Accounts that the files do not tell apart are one question.
func (n *Node) judgeSudo() {
	n.sudo = map[string]*sudoAnswer{}
	if n.Sudoers == nil {
		return
	}
	for _, problem := range n.Sudoers.Problems {
		n.unknown("sudo", "sudo skips a line that is malformed: "+problem.Error())
	}
	known := map[string]*sudoAnswer{}
	subjects := make([]policy.Subject, 0, len(n.Accounts))
	for _, a := range n.Accounts {
		if a.UID != 0 {
			uid := a.UID
			subjects = append(subjects, policy.Subject{Name: a.Name, UID: &uid, Groups: a.Groups, GIDs: a.GIDs})
		}
	}
	for _, subject := range subjects {
		answer := n.judge(subject, known)
		n.sudo[subject.Name] = answer
		for i := range answer.grants {
			if g := &answer.grants[i]; g.Users == policy.MatchGroup && n.sudo[g.By] == nil && strings.HasPrefix(g.By, "%") {
				n.sudo[g.By] = n.judge(policy.Subject{Name: g.By}, known)
			}
		}
	}
}

// judge decides about one subject.
func (n *Node) judge(subject policy.Subject, known map[string]*sudoAnswer) *sudoAnswer {
	tree := n.Sudoers.Tree
	answer := &sudoAnswer{}
	var key []any
	for _, grant := range policy.Grants(tree, subject) {
		key = append(key, grant.Pos, grant.Text)
		if !grant.Negated {
			answer.grants = append(answer.grants, grant)
		}
	}
	if len(answer.grants) == 0 {
		return answer
	}
	if tellsUsersApart(tree) {
		key = append(key, subject)
	}
	encoded, err := json.Marshal(key)
	if err != nil {
		panic(err) // only texts and numbers: nothing that JSON can't hold
	}
	if same := known[string(encoded)]; same != nil {
		return &sudoAnswer{answer.grants, same.findings, same.becomes}
	}
	question := n.Sudoers.Question(subject).WithSharedBudget(tree)
	answer.findings = escalation.AnalyseWhole(tree, escalation.Question{Question: question}, n.Sudoers.Version).Findings
	answer.becomes = n.becomes(tree, question)
	known[string(encoded)] = answer
	return answer
}

// tellsUsersApart tells whether options of the files are about some users only.
func tellsUsersApart(tree *sudoers.Tree) bool {
	return slices.ContainsFunc(tree.Entries, func(e sudoers.Entry) bool {
		d, is := e.(*sudoers.Defaults)
		return is && d.Scope == sudoers.ScopeUser
	})
}

// becomes finds the accounts other than root that a subject may run commands as.
func (n *Node) becomes(tree *sudoers.Tree, question policy.Question) []becoming {
	var list []becoming
	requests, _ := policy.Classes(question, tree) // the gaps are findings of the analysis
	for _, request := range requests {
		target := request.RunAsUser
		if target == nil || n.account(target.Name) == nil || n.account(target.Name).UID == 0 || target.Name == question.Subject.Name {
			continue
		}
		access := policy.Admits(tree, request, nil, question.Budget)
		for i := range access.Paths {
			p := &access.Paths[i]
			for j := range p.Rules {
				rule := &p.Rules[j]
				if rule.Denied || regular.IsEmpty(p.AllowedBy(j, question.Budget), question.Budget).Verdict == regular.Yes {
					continue
				}
				one := becoming{target.Name, *rule.Grant, rule.Paths == policy.AllPaths}
				if !slices.ContainsFunc(list, func(b becoming) bool {
					return b.name == one.name && b.grant.Pos == one.grant.Pos && b.grant.Text == one.grant.Text
				}) {
					list = append(list, one)
				}
			}
		}
	}
	return list
}

// crossCheck compares our answer with the answer of the node's own sudo. Where they differ, nobody knows which one is right.
func (n *Node) crossCheck(s *node.Survey) {
	part, asked := s.Sections[node.SectionAllowed]
	if !asked {
		return
	}
	if part.Lacks != "" {
		n.unknown("what sudo itself says", "the node has grants but does not have sudo: nobody can use them")
		return
	}
	text := n.text(s, node.SectionAllowed, "what sudo itself says")
	for said := range strings.SplitSeq(text, "\x01") {
		name, answer, found := strings.Cut(said, "\n")
		if !found {
			continue
		}
		allows := strings.Contains(answer, "may run the following commands") || strings.Contains(answer, "RunAsUsers:")
		if !allows && len(n.sudo[name].of()) > 0 {
			n.unknown("sudo of "+untrusted.Line(name), "the files give it commands, but the node's own sudo says: "+firstLine(answer))
		}
	}
}

func (a *sudoAnswer) of() []policy.Grant {
	if a == nil {
		return nil
	}
	return a.grants
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line == "" {
		return "(nothing)"
	}
	return line
}

// grantText is a grant with its place, fit to be read.
func grantText(g *policy.Grant) string {
	return untrusted.Line(fmt.Sprintf("%s:%d: %s", g.Pos.File, g.Pos.Line, g.Text))
}
