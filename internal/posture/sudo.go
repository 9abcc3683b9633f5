package posture

import (
	"cmp"
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
	denies   bool           // there are denials, of which sudo -l tells like of grants
	findings []escalation.CommandFinding
	becomes  []becoming
	analysis *escalation.Analysis // of the one who was asked about first, of those whom the files do not tell apart
	question policy.Question
}

// becoming is a grant to run commands as an account that is not root.
type becoming struct {
	name  string // of the account
	grant policy.Grant
	all   bool // every command
}

var accountName = regexp.MustCompile(`^[A-Za-z_.][A-Za-z0-9_.@-]*\$?$`)

// judgeSudo asks our engine about every account, and about every group that has grants. Accounts that the files do not
// tell apart are one question.
func (n *Node) judgeSudo(c *Collector) {
	n.sudo = map[string]*sudoAnswer{}
	if n.Sudoers == nil {
		return
	}
	for _, problem := range n.Sudoers.Problems {
		n.unknown("sudo", "sudo skips a line that is malformed: "+problem.Error())
	}
	known, ask := map[string]*sudoAnswer{}, c.of(n.Sudoers)
	subjects := make([]policy.Subject, 0, len(n.Accounts))
	for _, a := range n.Accounts {
		if a.UID != 0 {
			uid := a.UID
			subjects = append(subjects, policy.Subject{Name: a.Name, UID: &uid, Groups: n.names(a), GIDs: a.GIDs})
		}
	}
	for _, subject := range subjects {
		answer := n.judge(subject, known, ask)
		if other := n.sudo[subject.Name]; other != nil { // two accounts with one name, of which a gap tells
			answer = &sudoAnswer{append(slices.Clone(other.grants), answer.grants...), other.denies || answer.denies, append(slices.Clone(other.findings), answer.findings...), append(slices.Clone(other.becomes), answer.becomes...), merged(other.analysis, answer.analysis), answer.question}
		}
		n.sudo[subject.Name] = answer
		for i := range answer.grants {
			if g := &answer.grants[i]; g.Users == policy.MatchGroup && n.sudo[g.By] == nil && strings.HasPrefix(g.By, "%") {
				n.sudo[g.By] = n.judge(policy.Subject{Name: g.By}, known, ask)
			}
		}
	}
}

// merged is what two analyses say together.
func merged(a, b *escalation.Analysis) *escalation.Analysis {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	both := escalation.Merge(*a, *b)
	return &both
}

// judge decides about one subject.
func (n *Node) judge(subject policy.Subject, known map[string]*sudoAnswer, ask func(policy.Subject) *answers) *sudoAnswer {
	tree, asked := n.Sudoers.Tree, ask(subject)
	answer := &sudoAnswer{}
	var key []any
	for _, grant := range asked.grants() {
		key = append(key, grant.Pos, grant.Text)
		if grant.Negated {
			answer.denies = true
			continue
		}
		answer.grants = append(answer.grants, grant)
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
		return &sudoAnswer{answer.grants, answer.denies, same.findings, same.becomes, same.analysis, same.question}
	}
	question := n.Sudoers.Question(subject).WithSharedBudget(tree)
	answer.analysis, answer.question = asked.analysis(), question
	answer.findings, answer.becomes = answer.analysis.Findings, n.becomes(tree, question)
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

// maxCrossChecked is how many accounts the node's own sudo is asked about: each takes a process there.
const maxCrossChecked = 20

// crossChecked are the accounts that the node's own sudo is asked about: first those with grants, then the others that
// can log in. Where there is no sudo, nobody is asked about who has none.
func (n *Node) crossChecked() []string {
	var with, without []string
	for _, a := range n.Accounts {
		switch {
		case a.UID == 0, !accountName.MatchString(a.Name), slices.Contains(with, a.Name), slices.Contains(without, a.Name):
		case len(n.sudo[a.Name].of()) > 0:
			with = append(with, a.Name)
		case a.LogsIn() && n.Facts.SudoVersion != "":
			without = append(without, a.Name)
		}
		if len(without) > maxCrossChecked {
			without = without[:maxCrossChecked]
		}
	}
	if left := len(with) - maxCrossChecked; left > 0 {
		n.unknown("what sudo itself says", fmt.Sprintf("%d accounts with grants were not compared with sudo -l: more than %d would take too long", left, maxCrossChecked))
		with = with[:maxCrossChecked]
	}
	all := slices.Concat(with, without)
	return all[:min(len(all), maxCrossChecked)]
}

// crossCheck compares our answer with the answer of the node's own sudo. Where they differ, in either direction, nobody
// knows which one is right: sudo may have grants from a source other than its files.
func (n *Node) crossCheck(s *node.Survey, asked []string) {
	if len(asked) == 0 {
		return
	}
	if s.Sections[node.SectionAllowed].Lacks != "" {
		if slices.ContainsFunc(asked, func(name string) bool { return len(n.sudo[name].of()) > 0 }) {
			n.unknown("what sudo itself says", "the node has grants but does not have sudo: nobody can use them")
		}
		return
	}
	answers := map[string]string{}
	for said := range strings.SplitSeq(n.text(s, node.SectionAllowed, "what sudo itself says"), "\x01") {
		if name, answer, found := strings.Cut(said, "\n"); found {
			answers[name] = answer
		}
	}
	for _, name := range asked {
		answer, told := answers[name]
		allows := strings.Contains(answer, "may run the following commands") || strings.Contains(answer, "RunAsUsers:")
		ours := n.sudo[name].of()
		switch {
		case !told:
			n.unknown("what sudo itself says", "it did not tell of "+untrusted.Line(name))
		case !allows && len(ours) > 0:
			n.unknown("sudo of "+untrusted.Line(name), "the files give it commands, but the node's own sudo says: "+firstLine(answer))
		case allows && n.Sudoers != nil && len(ours) == 0 && !n.sudo[name].denied():
			n.unknown("sudo of "+untrusted.Line(name), "the node's own sudo gives it commands that the sudoers files do not give: "+lastLine(answer))
		}
	}
}

func (a *sudoAnswer) denied() bool { return a != nil && a.denies }

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

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// grantText is a grant with its place, fit to be read.
func grantText(g *policy.Grant) string {
	return untrusted.Line(fmt.Sprintf("%s:%d: %s", g.Pos.File, g.Pos.Line, g.Text))
}
