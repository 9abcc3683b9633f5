package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// Adversaries are rules of which each must be remembered for every text, so that the states double with each of them.
var adversaries = map[string]string{
	"denials":     "op ALL=!/usr/sbin/qm * k%d=* end%[1]d\n",
	"in turns":    "op ALL=!/usr/sbin/qm * k%d=* end%[1]d\nop ALL=/usr/sbin/qm * g%[1]d=* end%[1]d\n",
	"expressions": "op ALL=!/usr/sbin/qm ^.* k%d=.* end%[1]d$\nop ALL=/usr/sbin/qm ^.* g%[1]d=.*[ab]..........$\n",
}

func adversary(rule string, n int) string {
	var b strings.Builder
	b.WriteString("op ALL=/usr/sbin/qm set *\nop ALL=/usr/bin/plain a\n")
	for i := range n {
		fmt.Fprintf(&b, rule, i)
	}
	return b.String()
}

// TestAdversary: rules that no budget answers end in unknown, or in an answer that holds, after a number of steps that
// grows with the policy and not with the states; and what has nothing to do with them is still answered.
func TestAdversary(t *testing.T) {
	t.Parallel()
	for name, rule := range adversaries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, n := range []int{4, 40} {
				text := adversary(rule, n)
				before, after := treeOf(t, text+"op ALL=!/usr/sbin/qm * x=* y\n"), treeOf(t, text+"op ALL=!/usr/sbin/qm * x=* y*\n")
				steps := 0
				q := op
				q.Budget.Expired = func() bool { steps++; return false }
				c := Compare(before, after, q)
				if c.Verdict != Narrower && c.Verdict != UnknownChange {
					t.Errorf("%d: %s", n, c.Verdict)
				}
				for _, d := range c.NoLongerAllowed {
					if r := d.Request.Of(d.Line); Decide(before, r).Verdict != Allowed || Decide(after, r).Verdict == Allowed {
						t.Errorf("%d: %s is no witness", n, d)
					}
				}
				for _, statement := range []string{"/usr/sbin/qm * k1=* end1", "/usr/sbin/qm ^destroy ", "/usr/bin/plain b"} {
					s, err := ParseStatement(statement, q.Env)
					if err != nil {
						t.Fatal(err)
					}
					proof := ProveNever(before, q, s)
					if proof.Verdict == regular.No && Decide(before, proof.Request).Verdict != Allowed {
						t.Errorf("%d: %s disproves nothing", n, proof.Counterexample)
					}
					if statement == "/usr/bin/plain b" && proof.Verdict != regular.Yes {
						t.Errorf("%d: %s: %v", n, statement, proof.Verdict)
					}
				}
				if most := 20_000 + 500*n; steps > most {
					t.Errorf("%d: %d steps, at most %d", n, steps, most)
				}
				t.Logf("%d: %s, %d steps", n, c.Verdict, steps)
				if n == 40 && name != "denials" && c.Verdict != UnknownChange {
					t.Errorf("%s, so that it is no adversary", c.Verdict)
				}
			}
		})
	}
}
