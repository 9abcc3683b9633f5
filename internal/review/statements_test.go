package review

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/preset"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// TestManyNamedStatements: however many named statements there are about a policy, each is answered.
func TestManyNamedStatements(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, option := range preset.Defaults() {
		lines = append(lines, "Defaults:agent "+option)
	}
	for _, name := range []string{"vm_operator", "monitoring"} {
		known, err := preset.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		rules, err := known.Render(known.Example())
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range rules {
			lines = append(lines, "agent ALL=(root) NOPASSWD: "+strings.Join(rule.Commands, ", "))
		}
	}
	text := strings.Join(lines, "\n") + "\n"
	p, malformed := ParsePolicy("agent", "agent", text)
	if len(malformed) > 0 {
		t.Fatal(malformed)
	}
	for _, s := range escalation.Statements() {
		proof, err := p.ProveNever(s.Name)
		if err != nil || proof.Verdict == regular.Unknown {
			t.Errorf("%s: %v (%v) %v", s.Name, proof.Verdict, err, proof.Notes)
		}
	}
}
