package review

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// aroundMany are the surroundings of one of many policies of a subject: its own file is not among them, and of the
// others only the lines are left that grant.
func aroundMany(many, own int) (hardening.SudoersPolicy, hardening.Surroundings) {
	around := hardening.Surroundings{Host: "pve1", SudoVersion: "1.9.16", Subjects: []policy.Subject{{Name: "agent"}}, Files: map[string]string{
		"/etc/sudoers": "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
	}}
	var p hardening.SudoersPolicy
	for i := range many {
		name := fmt.Sprintf("many%d", i)
		rules := fmt.Sprintf("agent ALL=(root) NOPASSWD: /usr/bin/id %d\nagent ALL=(root) NOPASSWD: /usr/sbin/qm ^set %d --args [a-z]+$\n", i, i)
		if i == own {
			p = hardening.SudoersPolicy{Name: name, Subjects: []string{"agent"}, Content: "# " + hardening.PolicyHeader(name) + "\n" + rules}
			continue
		}
		around.Files["/etc/sudoers.d/"+name] = "\n" + rules
	}
	return p, around
}

// TestJudgedOnce: the policies of one subject on a node are one tree, which is judged once for all of them.
func TestJudgedOnce(t *testing.T) {
	t.Parallel()
	var answers remembered[[]escalation.CommandFinding]
	const many = 20
	for own := range many {
		p, around := aroundMany(many, own)
		tree := around.With(p)
		questions := around.Questions(tree)
		fresh := escalation.AnalyseWhole(tree, escalation.Question{Question: questions[0]}, questions[0].Env.Version).Findings
		key, ok := keyOf(questions, []*sudoers.Tree{tree}, escalation.Vouched(nil))
		kept := answers.of(key, ok, func() []escalation.CommandFinding { return fresh })
		found := judged(tree, questions, nil)
		if len(fresh) == 0 || !reflect.DeepEqual(found, fresh) || !reflect.DeepEqual(kept, fresh) {
			t.Errorf("policy %d: %d findings, want %d", own, len(found), len(fresh))
		}
		found[0] = escalation.CommandFinding{} // as who leaves some out does
	}
	if len(answers.by) != 1 || len(answers.order) != 1 {
		t.Errorf("%d judgements for one tree", len(answers.by))
	}
}

// TestJudgedApart: whatever a judgement depends on makes another one.
func TestJudgedApart(t *testing.T) {
	t.Parallel()
	p, around := aroundMany(3, 1)
	told := func(p hardening.SudoersPolicy, around hardening.Surroundings, change func(q *policy.Question), vouched escalation.Vouched) string {
		tree := around.With(p)
		questions := around.Questions(tree)
		if change != nil {
			change(&questions[0])
		}
		key, ok := keyOf(questions, []*sudoers.Tree{tree}, vouched)
		if !ok {
			return ""
		}
		return fmt.Sprintf("%x", key)
	}
	base := told(p, around, nil, nil)
	uid := 7
	other := p
	other.Content = strings.Replace(p.Content, "id 1", "id 9", 1)
	lower := p
	lower.Content = "\n" + p.Content
	broken := p
	broken.Content = strings.Replace(p.Content, "id 1", "id \xff", 1)
	brokenToo := p
	brokenToo.Content = strings.Replace(p.Content, "id 1", "id \xfe", 1)
	old := around
	old.SudoVersion = "1.9.5"
	seen := map[string]string{base: "as it is"}
	for name, key := range map[string]string{
		"text": told(other, around, nil, nil), "line": told(lower, around, nil, nil), "version": told(p, old, nil, nil),
		"bytes": told(broken, around, nil, nil), "other bytes": told(brokenToo, around, nil, nil),
		"host":    told(p, around, func(q *policy.Question) { q.Host = "pve2" }, nil),
		"subject": told(p, around, func(q *policy.Question) { q.Subject.UID = &uid }, nil),
		"groups":  told(p, around, func(q *policy.Question) { q.Subject.Groups = []string{"sudo"} }, nil),
		"states":  told(p, around, func(q *policy.Question) { q.Budget.States = 9 }, nil),
		"vouched": told(p, around, nil, escalation.Vouched{"/usr/local/bin/x": {Reason: "read"}}),
	} {
		if key == "" || seen[key] != "" {
			t.Errorf("%s is judged like %q", name, seen[key])
		}
		seen[key] = name
	}
	if told(p, around, func(q *policy.Question) { q.Env.Exists = func(string) bool { return true } }, nil) != "" ||
		told(p, around, func(q *policy.Question) { q.Budget.Expired = func() bool { return false } }, nil) != "" {
		t.Error("a question about functions is kept")
	}
	comment := p
	comment.Content = strings.Replace(p.Content, "# Managed", "# managed", 1)
	if told(comment, around, nil, nil) != base {
		t.Error("a comment makes another judgement")
	}
}

// TestRememberedForgets: what came first goes first, and an answer without a digest is not kept.
func TestRememberedForgets(t *testing.T) {
	t.Parallel()
	var answers remembered[int]
	asked := 0
	ask := func(i int, ok bool) int {
		return answers.of(digest{byte(i), byte(i >> 8)}, ok, func() int { asked++; return i })
	}
	for i := range mostRemembered + 3 {
		for _, keeps := range []bool{true, true, false} {
			if got := ask(i, keeps); got != i {
				t.Fatalf("got %d, want %d", got, i)
			}
		}
	}
	if want := 2 * (mostRemembered + 3); len(answers.by) != mostRemembered || len(answers.order) != mostRemembered || asked != want {
		t.Errorf("%d and %d are kept, %d were worked out, want %d", len(answers.by), len(answers.order), asked, want)
	}
	if ask(0, true); asked != 2*(mostRemembered+3)+1 {
		t.Error("the first is still known")
	}
}

// TestAnalysedOnce: a policy that is parsed again is not analysed again, unless somebody vouches for something else.
func TestAnalysedOnce(t *testing.T) {
	t.Parallel()
	findings := func(text string, vouched escalation.Vouched) *escalation.CommandFinding {
		p, malformed := ParsePolicy("night", "agent", text)
		if malformed != nil {
			t.Fatal(malformed)
		}
		p.Vouched = vouched
		return &p.Analysis().Findings[0]
	}
	const text = "agent ALL=(root) /usr/bin/vi, /usr/local/bin/once *\n"
	first := findings(text, nil)
	if findings(text, nil) != first {
		t.Error("the same policy was analysed again")
	}
	vouched := escalation.Vouched{"/usr/local/bin/once": {Reason: "reviewed"}}
	if findings(text, vouched) == first || findings("\n"+text, nil) == first || findings(strings.Replace(text, "vi", "vim", 1), nil) == first {
		t.Error("the analysis of another policy was taken")
	}
}
