package escalation

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// caseLine is a policy with a verdict that somebody reached without this package.
type caseLine struct {
	Line      string `json:"line"`
	Attack    bool   `json:"attack"`
	Found     bool   `json:"found"` // no way to root, and nothing that passes unnoticed
	Class     string `json:"class"`
	Severity  string `json:"severity"`
	Note      string `json:"note"`
	Confirmed string `json:"confirmed"`
	Doubtful  bool   `json:"doubtful"`
}

// TestCases puts policies of one line to the analysis, written as an attacker and as a careful administrator would. A
// way to root gives a critical or high finding, a harmless grant none, and what is neither another finding.
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/cases*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			judgeCases(t, name)
		})
	}
}

// judgeCases counts what is missed and what is a false alarm.
func judgeCases(t *testing.T, name string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var attacks, missed, harmless, alarms int
	for line := range strings.Lines(string(text)) {
		var c caseLine
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		a := analyseFor(t, c.Line, "agent", "ops")
		for _, f := range a.Findings {
			for _, w := range f.Ways {
				if w.Severity == Critical && w.Condition != "" {
					t.Errorf("critical, and needs more (%s): %s: %s", w.Condition, c.Line, w.Does)
				}
			}
		}
		if c.Found {
			if len(a.Findings) == 0 || a.Root() {
				t.Errorf("must be found, and is no way to root (%s): %s: %s", c.Class, c.Line, c.Note)
			}
			continue
		}
		if c.Attack {
			attacks++
			if !a.Root() {
				missed++
				t.Errorf("missed (%s): %s: %s", c.Class, c.Line, c.Note)
			}
			continue
		}
		harmless++
		if len(a.Findings) > 0 {
			alarms++
			f := a.Findings[0]
			t.Errorf("false alarm (%s): %s: %s %s: %s", c.Class, strings.TrimPrefix(c.Line, "agent ALL=(root) NOPASSWD: "), f.ID, f.Does, f.Example)
		}
	}
	t.Logf("%d of %d ways to root missed, %d of %d harmless grants refused", missed, attacks, alarms, harmless)
}

// analyseFor analyses a policy for a subject on both releases of Debian.
func analyseFor(t *testing.T, text, subject string, groups ...string) Analysis {
	t.Helper()
	file, errs := sudoers.Parse("policy", text+"\n", sudoers.PVE9)
	if err := errs.Err(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	q := Question{Question: policy.Question{Subject: policy.Subject{Name: subject, Groups: groups}}}
	return AnalyseReleases(sudoers.TreeOf(file), q, sudoers.PVE8, sudoers.PVE9)
}

// TestCasesAreThereOnce: a line that is there twice counts twice, and may get two verdicts.
func TestCasesAreThereOnce(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/cases*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	seen := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var c caseLine
			if err := json.Unmarshal([]byte(line), &c); err != nil {
				t.Fatal(err)
			}
			policy := strings.Join(strings.Fields(c.Line), " ")
			if other := seen[policy]; other != "" {
				t.Errorf("%s: %s has it too: %s", name, other, c.Line)
			}
			seen[policy] = name
		}
	}
}
