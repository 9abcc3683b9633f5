package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// numbered joins n texts with a number in each.
func numbered(n int, format, separator string) string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(texts, separator)
}

// TestBoundsOfLint: policies that stand for much more than they say cost what their text does, and what was not looked
// at is said.
func TestBoundsOfLint(t *testing.T) { //nolint:paralleltest // what others allocate would count
	const n = 60_000
	for name, test := range map[string]struct {
		text      string
		unchecked bool
	}{
		"commands":                       {"alice ALL = " + numbered(n, "/usr/bin/x%d", ", "), false},
		"commands without a slash":       {"alice ALL = " + numbered(n, "!/usr/bin/x%d", ", "), false},
		"an alias in many rules":         {"Cmnd_Alias A = " + numbered(9000, "/usr/bin/x%d", ", ") + "\n" + numbered(3000, "u%d ALL = A", "\n"), true},
		"denied aliases that deny":       {numbered(6000, "Cmnd_Alias A%d = /usr/bin/x%[1]d, !/usr/bin/y\nalice ALL = !A%[1]d", "\n"), false},
		"aliases that nothing defines":   {numbered(6000, "Cmnd_Alias KNOWN_%dX = /usr/bin/x\nalice ALL = UNKNOWN_%[1]dY, KNOWN_%[1]dX", "\n"), false},
		"patterns that nothing matches":  {"alice ALL = " + numbered(n/10, "/usr/bin/x ^a%d^$", ", "), false},
		"settings that others overwrite": {numbered(n/10, "Defaults passwd_tries=%d", "\n"), false},
	} {
		tree := parsed(t, test.text, sudoers.PVE9)
		t.Run(name, func(t *testing.T) {
			budget.Linear(t, len(test.text), budget.PerByte{Memory: 6000}, func() {
				l := newLinter(tree, Options{})
				l.run()
				if len(l.findings) > len(rules)*(maxFindings+1) {
					t.Errorf("%d findings", len(l.findings))
				}
				if l.work.leaves > maxWork || l.work.names > maxWork {
					t.Errorf("%+v, of %d steps each", l.work, maxWork)
				}
				if told := slices.ContainsFunc(l.findings, func(f Finding) bool { return f.ID == notLookedAt.ID }); told != test.unchecked {
					t.Errorf("that something was not looked at is said: %v", told)
				}
			})
		})
	}
}

// TestManyFindings: what is wrong in more places than are listed is counted, as bad as it is, and what is wrong once
// beside it is not lost.
func TestManyFindings(t *testing.T) {
	t.Parallel()
	findings := Lint(parsed(t, "alice ALL = "+numbered(1000, "/usr/bin/x ^a%d^$", ", ")+"\nalice ALL = !/usr/bin/y", sudoers.PVE9), Options{})
	var lost []Finding
	for _, f := range findings {
		if f.ID == lostPattern.ID {
			lost = append(lost, f)
		}
	}
	if len(lost) != maxFindings+1 {
		t.Fatalf("%d findings", len(lost))
	}
	rest := lost[maxFindings]
	if rest.Severity != Error || !strings.Contains(rest.Msg, fmt.Sprintf("in %d more places", 1000-maxFindings)) {
		t.Errorf("%+v", rest)
	}
	if len(found(findings, loneDeny.ID)) == 0 {
		t.Error("the denial of what nothing allows is not found")
	}
}
