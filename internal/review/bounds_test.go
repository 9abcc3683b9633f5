package review

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// TestBoundsOfReview: all that is asked about one policy ends within a budget, however many statements there are, and
// in unknown where it must. The policies have rules of which each must be remembered for every text, so that no budget
// answers.
func TestBoundsOfReview(t *testing.T) { //nolint:paralleltest // what others allocate would count
	// What pvesec knows of a program is made ready once in a process, whatever is asked.
	prepared, _ := ParsePolicy("policy", "op", "op ALL=/usr/sbin/qm *\n")
	prepared.Analysis()
	for name, rule := range map[string]string{
		"denials":     "op ALL=!/usr/sbin/qm * k%d=* end%[1]d\n",
		"in turns":    "op ALL=!/usr/sbin/qm * k%d=* end%[1]d\nop ALL=/usr/sbin/qm * g%[1]d=* end%[1]d\n",
		"expressions": "op ALL=!/usr/sbin/qm ^.* k%d=.* end%[1]d$\nop ALL=/usr/sbin/qm ^.* g%[1]d=.*[ab]..........$\n",
		"counts":      "op ALL=/usr/sbin/qm ^k%d(.{1\\,255}a){2}.{255}b.{255}$\n",
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			text.WriteString("op ALL=/usr/sbin/qm set *\nop ALL=/usr/bin/plain a\n")
			for i := range 50 {
				fmt.Fprintf(&text, rule, i)
			}
			p, malformed := ParsePolicy("policy", "op", text.String())
			if len(malformed) > 0 {
				t.Fatal(malformed)
			}
			// The analysis looks at some hundred things that a command line of qm does, on both releases.
			budget.Within(t, budget.Question{Memory: 400 << 20}, func() {
				if analysis := p.Analysis(); !analysis.Root() {
					t.Error("qm set with any arguments is no way to root")
				}
			})
			// Statements by name are answered by that analysis.
			budget.Within(t, budget.Question{Memory: 8 << 20}, func() {
				for _, s := range escalation.Statements() {
					if proof, err := p.ProveNever(s.Name); err != nil || proof.Verdict == regular.Yes {
						t.Error(s.Name, proof, err)
					}
				}
			})
			const statements = 40
			budget.Within(t, budget.Question{Memory: 400 << 20}, func() {
				for i := range statements {
					proof, err := p.ProveNever(fmt.Sprintf("/usr/sbin/qm ^destroy %d", i))
					if err != nil || proof.Verdict == regular.No && name == "denials" {
						t.Fatal(proof, err)
					}
				}
				if proof, err := p.ProveNever("/usr/bin/plain b"); err != nil || proof.Verdict != regular.Yes {
					t.Error("what is easy is not answered:", proof, err)
				}
			})
			for _, change := range []func() Change{
				func() Change { return p.ChangeFrom(text.String() + "op ALL=!/usr/sbin/qm * x=* y*\n") },
				func() Change {
					narrower, _ := ParsePolicy("policy", "op", text.String()+"op ALL=!/usr/sbin/qm * x=* y*\n")
					return narrower.ChangeFrom(text.String())
				},
			} {
				budget.Within(t, budget.Question{Memory: 200 << 20}, func() {
					if verdict := change().Verdict; verdict == "equal" || verdict == "incomparable" {
						t.Error(verdict)
					}
				})
			}
		})
	}
}
