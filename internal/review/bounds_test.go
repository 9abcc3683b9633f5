package review

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// TestBoundsOfReview: all statements about one policy end within a budget, however many there are, and in unknown where it must. The
// policies have rules of which each must be remembered for every text, so that no budget answers.
func TestBoundsOfReview(t *testing.T) { //nolint:paralleltest // what others allocate would count
	for name, rule := range map[string]string{
		"denials":  "op ALL=!/usr/sbin/qm * k%d=* end%[1]d\n",
		"in turns": "op ALL=!/usr/sbin/qm * k%d=* end%[1]d\nop ALL=/usr/sbin/qm * g%[1]d=* end%[1]d\n",
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
			const statements = 40
			budget.Within(t, budget.Question{Time: 4 * time.Second, Memory: 600 << 20}, func() {
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
			budget.Within(t, budget.Question{Time: 2 * time.Second, Memory: 200 << 20}, func() {
				if change := p.ChangeFrom(text.String() + "op ALL=!/usr/sbin/qm * x=* y*\n"); change.Verdict != "wider" && change.Verdict != "unknown" {
					t.Error(change)
				}
			})
		})
	}
}
