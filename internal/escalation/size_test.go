package escalation

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// ofRules is a policy of so many rules, as the harmless cases have them: each of one line, no two the same.
func ofRules(tb testing.TB, n int) *sudoers.Tree {
	tb.Helper()
	files, err := filepath.Glob("testdata/cases*.jsonl")
	if err != nil {
		tb.Fatal(err)
	}
	var text strings.Builder
	seen := map[string]bool{}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			tb.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			var c caseLine
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				tb.Fatal(err)
			}
			if len(seen) == n || c.Attack || seen[c.Line] || strings.Contains(c.Line, "\n") || !strings.HasPrefix(c.Line, "agent ALL=(root) NOPASSWD: /") {
				continue
			}
			seen[c.Line] = true
			text.WriteString(c.Line + "\n")
		}
	}
	if len(seen) < n {
		tb.Fatalf("only %d cases", len(seen))
	}
	file, errs := sudoers.Parse("policy", text.String(), sudoers.PVE9)
	if err := errs.Err(); err != nil {
		tb.Fatal(err)
	}
	return sudoers.TreeOf(file)
}

// TestSizeOfAnalysis: an analysis of a policy of 300 rules, and one of 1,000, takes so much memory and so much work,
// which grows with the rules and not with their square. The knowledge is compiled once for all analyses of a run, which
// is not counted.
func TestSizeOfAnalysis(t *testing.T) { //nolint:paralleltest // what others allocate would count
	const statesPerRule, partsPerRule = 100, 10_000
	for rules, limit := range map[int]budget.Question{
		300:  {Memory: 64 << 20},
		1000: {Memory: 256 << 20},
	} {
		t.Run(fmt.Sprint(rules), func(t *testing.T) {
			tree := ofRules(t, rules)
			q := Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}}
			Analyse(tree, q)
			budget.Within(t, limit, func() { Analyse(tree, q) })
			q.Budget.Shared = regular.NewSharedBudget(1 << 30)
			Analyse(tree, q)
			states, parts := q.Budget.Shared.Work()
			t.Logf("%d states, %d parts", states, parts)
			if states == 0 || states > statesPerRule*rules || parts > partsPerRule*rules {
				t.Errorf("%d rules: %d states, %d parts", rules, states, parts)
			}
		})
	}
}

// TestRulesOnOnePath: so it is with many rules about one program, on both releases. They are told apart by how their
// arguments begin, and all of them are decided.
func TestRulesOnOnePath(t *testing.T) { //nolint:paralleltest // what others allocate would count
	const partsPerRule, memoryPerRule = 6_000, 100 << 10
	q := Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}}
	AnalyseReleases(onOnePath(t, 5), q, sudoers.PVE8, sudoers.PVE9) // compiles the knowledge
	for _, rules := range []int{300, 3000} {
		tree := onOnePath(t, rules)
		q := q
		q.Budget.Shared = regular.NewSharedBudget(1 << 30)
		budget.Within(t, budget.Question{Memory: rules * memoryPerRule}, func() {
			analysis := AnalyseReleases(tree, q, sudoers.PVE8, sudoers.PVE9)
			if len(analysis.Findings) > 0 {
				t.Errorf("%d rules: %d findings, the first is %+v", rules, len(analysis.Findings), analysis.Findings[0])
			}
		})
		states, parts := q.Budget.Shared.Work()
		t.Logf("%d rules: %d states, %d parts", rules, states, parts)
		if parts == 0 || states > rules || parts > partsPerRule*rules {
			t.Errorf("%d rules: %d states, %d parts", rules, states, parts)
		}
	}
}

// BenchmarkAnalyseRules is the analysis of policies of many rules.
func BenchmarkAnalyseRules(b *testing.B) {
	for _, rules := range []int{300, 1000} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			tree := ofRules(b, rules)
			b.ReportAllocs()
			for b.Loop() {
				Analyse(tree, Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}})
			}
		})
	}
}
