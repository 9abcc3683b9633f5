package difftest

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// shrink removes parts of a policy as long as the disagreement over one question
// stays, so that the report is readable.
func (s *station) shrink(t *testing.T, q question) question {
	t.Helper()
	text := q.group.policy[:len(q.group.policy)-len(quiet)]
	_, errs := sudoers.Parse("", text, s.world.version)
	clean := errs.Err() == nil
	for size := len(text) / 2; size > 0; {
		var groups []group
		var trees []*sudoers.Tree
		var texts []string
		for at := 0; at+size <= len(text); at += max(1, size/2) {
			candidate := strings.TrimSuffix(text[:at]+text[at+size:], "\n") + "\n"
			file, errs := sudoers.Parse("policy", candidate+quiet, s.world.version)
			if clean && errs.Err() != nil || candidate == text || !q.group.self && dependsOnInvoker(file) {
				continue
			}
			g := *q.group
			g.policy, g.lines = candidate+quiet, [][]string{q.line}
			groups, trees, texts = append(groups, g), append(trees, sudoers.TreeOf(file)), append(texts, candidate)
		}
		smaller := false
		if len(groups) == 0 {
			size = size * 2 / 3
			continue
		}
		for i, answer := range s.ask(t, groups) {
			one := question{&groups[i], q.line}
			if got := policy.Decide(trees[i], s.request(&one)); (got.Verdict == policy.Allowed) != (answer == "1") {
				text, q, smaller = texts[i], one, true
				break
			}
		}
		if !smaller {
			size = size * 2 / 3
		}
		size = min(size, len(text))
	}
	return q
}
