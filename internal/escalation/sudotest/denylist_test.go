package sudotest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// question is a command line as a shell reads it, and what sudo is expected to say.
type question struct {
	line    string
	allowed bool
}

// TestDenylist puts every witness of the deny-list policy to sudo -l -U, and the command lines whose answers are
// recorded.
func TestDenylist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "denylist.sudoers"))
	if err != nil {
		t.Fatal(err)
	}
	for suite, version := range map[lab.Suite]sudoers.Version{lab.Bookworm: sudoers.PVE8, lab.Trixie: sudoers.PVE9} {
		t.Run(version.String(), func(t *testing.T) {
			t.Parallel()
			questions := append(witnesses(t, string(text), version), recorded(t)...)
			node := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "sudo", Suite: suite}}}).Nodes[0]
			if err := node.WriteFile(t.Context(), "/etc/sudoers", string(text), 0o440); err != nil {
				t.Fatal(err)
			}
			if _, err := node.Shell(t.Context(), "useradd -g operator operator"); err != nil {
				t.Fatal(err)
			}
			askSudo(t, node, "operator", questions)
			t.Logf("%d command lines", len(questions))
		})
	}
}

// askSudo puts questions to sudo -l -U. sudo looks for the program, so that those which a node of the lab lacks are
// made.
func askSudo(t *testing.T, node *lab.Node, user string, questions []question) {
	t.Helper()
	var script strings.Builder
	script.WriteString("set -e\nask() {\n\tif test ! -e \"$1\"; then cp /bin/true \"$1\"; fi\n" +
		"\tif sudo -n -l -U " + user + " -- \"$@\" >/dev/null 2>&1 </dev/null; then echo 1; else echo 0; fi\n}\n")
	for _, q := range questions {
		script.WriteString("ask " + q.line + "\n")
	}
	out, err := node.Exec(t.Context(), script.String(), "/bin/sh", "-s")
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.Fields(out)
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	for i, q := range questions {
		if (answers[i] == "1") != q.allowed {
			t.Errorf("sudo says %s, expected is %t: %s", answers[i], q.allowed, q.line)
		}
	}
}

// witnesses are the command lines of the findings and of the proofs, and those that denials take away.
func witnesses(t *testing.T, text string, version sudoers.Version) []question {
	t.Helper()
	file, errs := sudoers.Parse("policy", text, version)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	tree, about := sudoers.TreeOf(file), escalation.Question{Question: policy.Question{Subject: policy.Subject{Name: "operator"}, Env: policy.Debian(version)}}
	analysis := escalation.Analyse(tree, about)
	var questions []question
	ask := func(line string, allowed bool) {
		questions = append(questions, question{strings.TrimPrefix(line, "sudo "), allowed})
	}
	for _, f := range slices.Concat(analysis.Findings, analysis.Disruptive) {
		for _, w := range f.Ways {
			if !strings.Contains(strings.TrimPrefix(w.Example, "sudo "), "sudo ") && w.Example != "" && !strings.Contains(strings.SplitN(strings.TrimPrefix(w.Example, "sudo "), " ", 2)[0], "=") {
				ask(w.Example, true)
			}
		}
	}
	for _, s := range escalation.Statements() {
		ask(analysis.Never(s).Example, true)
	}
	for _, e := range analysis.Denials.Effective {
		ask(e.Example, false)
	}
	if len(questions) < 100 {
		t.Fatalf("only %d witnesses", len(questions))
	}
	return questions
}

// recorded are command lines with the answers that sudo gave when the policy was looked at first.
func recorded(t *testing.T) []question {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "testdata", "denylist-verdicts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []struct {
		Line    []string `json:"line"`
		Allowed bool     `json:"allowed"`
	}
	if err := json.Unmarshal(content, &verdicts); err != nil {
		t.Fatal(err)
	}
	questions := make([]question, len(verdicts))
	for i, v := range verdicts {
		line := policy.ShellLine(policy.Request{}, policy.Line{Command: v.Line[0]})
		for _, word := range v.Line[1:] {
			line += " '" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		questions[i] = question{strings.TrimPrefix(line, "sudo "), v.Allowed}
	}
	return questions
}
