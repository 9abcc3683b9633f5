package lint

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestLongCircles: aliases that lead back to the first after thousands of others cost what their text does.
func TestLongCircles(t *testing.T) { //nolint:paralleltest // what others allocate would count
	const n = 10_000
	for name, member := range map[string]string{
		"one circle":        "Cmnd_Alias A%d = A%d\n",
		"commands in it":    "Cmnd_Alias A%d = A%d, /usr/bin/x%[1]d\n",
		"each back to some": "Cmnd_Alias A%d = A%d, A0\n",
	} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, member, i, (i+1)%n)
		}
		tree := parsed(t, b.String()+"alice ALL = A0, A5000, !A9999\n", sudoers.PVE9)
		t.Run(name, func(t *testing.T) {
			budget.Linear(t, b.Len(), budget.PerByte{Memory: 800}, func() {
				for _, f := range Lint(tree, Options{}) {
					if len(f.Msg) > 1000 {
						t.Errorf("a message of %d bytes", len(f.Msg))
					}
				}
			})
		})
	}
}

// TestLargeCounts: patterns of large counts cost what they are long, and are still found where they never match.
func TestLargeCounts(t *testing.T) { //nolint:paralleltest // what others allocate would count
	var b strings.Builder
	for i := range 60 {
		fmt.Fprintf(&b, "alice ALL = ^/usr/bin/k%d(.{1\\,255}a){2}.{255}b.{255}$ ^(k%[1]d.{1\\,255}a){2}.{255}b.{255}$\n", i)
	}
	b.WriteString("alice ALL = ^/usr/bin/a$ ^(.{255}a){9}^b$\n")
	tree := parsed(t, b.String(), sudoers.PVE9)
	budget.Linear(t, b.Len(), budget.PerByte{Memory: 1 << 10}, func() {
		lost := 0
		for _, f := range Lint(tree, Options{}) {
			if strings.Contains(f.Msg, "nothing matches") {
				lost++
			}
		}
		if lost != 1 {
			t.Errorf("%d patterns are said to match nothing", lost)
		}
	})
}
