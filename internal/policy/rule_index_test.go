package policy

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// TestRuleIndex compares with asking every rule of a class.
func TestRuleIndex(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(20, 3))
	patterns := []string{"", `""`, "^start %d$", "^(start|stop) %d$", "stop %d *", "^.* %d$", "^set %d --memory [0-9]+$", "set*", "^s[a-z]+ [0-9]$", "start %d", "^é%d$", "^(à|á|â|ã|ä|å|æ|ç|è|é|ê|ë|ì|í|î|ï|ð|ñ|ò)%d$"}
	lines := []string{"", " start 1", " stop 2", " stop 2 x", " set 1 --memory 5", " set", " start 3", " x 2"}
	met := 0
	for range 300 {
		var text strings.Builder
		for range 1 + r.IntN(12) {
			pattern := patterns[r.IntN(len(patterns))]
			if strings.Contains(pattern, "%d") {
				pattern = fmt.Sprintf(pattern, r.IntN(4))
			}
			fmt.Fprintf(&text, "op ALL=(root) %s/usr/sbin/qm %s\n", []string{"", "", "!"}[r.IntN(3)], pattern)
		}
		tree := treeOf(t, text.String()+"op ALL=(root) /usr/sbin/qm x\n")
		access := Admits(tree, op.request(), nil, regular.Budget{})
		for i := range access.Paths {
			p := &access.Paths[i]
			for rule := range p.Rules {
				var want []int32
				for later := rule + 1; later < len(p.Rules); later++ {
					if p.Rules[later].counts() && regular.Disjoint(p.Rules[rule].Args, p.Rules[later].Args, regular.Budget{}).Verdict == regular.No {
						want = append(want, int32(later))
					}
				}
				got := p.alike(rule)
				for _, later := range want {
					if !slices.Contains(got, later) {
						t.Fatalf("rule %d meets rule %d of\n%s", rule, later, text.String())
					}
				}
				met += len(want)
			}
			for _, args := range lines {
				var want *AccessRule
				for j := range p.Rules {
					if p.Rules[j].counts() && p.Rules[j].Args.Contains(args) {
						want = &p.Rules[j]
					}
				}
				if got := p.Deciding(args); got != want {
					t.Fatalf("%v decides about %q, want %v, in\n%s", got, args, want, text.String())
				}
			}
		}
	}
	if met < 500 {
		t.Errorf("only %d rules meet", met)
	}
}
