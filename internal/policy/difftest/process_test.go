package difftest

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// askAll installs each policy on the node in turn and asks its question.
const askAll = `set -e
hostname ` + hostLong + `
d=$(mktemp -d) && cd "$d" && tar -x
set +e
for q in *.question; do
	mv -f "${q%.question}.policy" /etc/sudoers || exit 2
	if . "./$q" >/dev/null 2>&1 </dev/null; then echo 1; else echo 0; fi
done
cd / && rm -rf "$d"
`

// TestProcesses compares a sample of decisions with sudo -l -U itself, a process each:
// what the driver says of the plug-in must be what a user of sudo sees.
func TestProcesses(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, s *station) {
		t.Helper()
		var questions []question
		var trees []*sudoers.Tree
		for batch := uint64(1 << 40); len(questions) < *processes; batch++ {
			groups, all := s.questions(batch)
			for i := range groups {
				if g := &groups[i]; !g.self {
					// Two of each keep the policies various.
					for _, line := range g.lines[:2] {
						questions, trees = append(questions, question{g, line}), append(trees, all[i])
					}
				}
			}
		}
		var in bytes.Buffer
		w := tar.NewWriter(&in)
		put := func(name, content string) {
			err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o440, Size: int64(len(content))})
			if err := errors.Join(err, writeString(w, content)); err != nil {
				t.Fatal(err)
			}
		}
		for i, q := range questions {
			put(fmt.Sprintf("%06d.policy", i), q.group.policy)
			words := []string{"sudo", "-n", "-l", "-U", q.group.user}
			if q.group.runAsUser != "" {
				words = append(words, "-u", q.group.runAsUser)
			}
			put(fmt.Sprintf("%06d.question", i), strings.Join(append(words, "--"), " ")+quoted(q.line)+"\n")
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out, err := s.node.Exec(t.Context(), in.String(), "/bin/sh", "-c", askAll)
		if err != nil {
			t.Fatal(err)
		}
		answers := strings.Fields(out)
		if len(answers) != len(questions) {
			t.Fatalf("%d answers to %d questions", len(answers), len(questions))
		}
		allowed := 0
		for i, q := range questions {
			r := s.request(&q)
			r.Interfaces = nil // the node has only the loopback device, which sudo leaves out
			got := policy.Decide(trees[i], r)
			if answers[i] == "1" {
				allowed++
			}
			if got.Verdict == policy.Unknown && reasonsToDoubt.MatchString(q.group.policy) {
				continue
			}
			if (got.Verdict == policy.Allowed) != (answers[i] == "1") {
				t.Errorf("policy says %s, sudo -l -U %s: %v", got.Verdict, answers[i], &q)
			}
		}
		t.Logf("%d processes of sudo -l -U, %d allowed", len(questions), allowed)
		if allowed == 0 || allowed == len(questions) {
			t.Error("all answers are the same: the node does not read the policies")
		}
	})
}

// quoted writes words for a shell.
func quoted(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString(" '" + strings.ReplaceAll(w, "'", `'\''`) + "'")
	}
	return b.String()
}
