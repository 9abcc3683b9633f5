package escalation

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// TestNeverLines has commands that are no way to root, each with the statements that it disproves. What else is asked
// is proven.
func TestNeverLines(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/statements.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for line := range strings.Lines(string(text)) {
		var c struct {
			Line      string
			Disproves []string
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		asked++
		a := analyseFor(t, c.Line, "agent", "ops")
		for _, s := range Statements() {
			want := regular.Yes
			if slices.Contains(c.Disproves, s.Name) {
				want = regular.No
			}
			if p := a.Never(s); p.Verdict != want {
				t.Errorf("%s: %s is %v, not %v (%s)", c.Line, s.Name, p.Verdict, want, p.Note)
			}
		}
	}
	if asked < 40 {
		t.Errorf("%d lines", asked)
	}
}
