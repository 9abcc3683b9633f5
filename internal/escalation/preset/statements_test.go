package preset

import (
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestStatements: each grant of each preset proves every named statement, except those that it says it disproves; and
// what it says is so. A preset with its required parameters proves all of them, so that nobody has to choose between a
// preset and a promise.
func TestStatements(t *testing.T) {
	t.Parallel()
	for _, p := range all(t) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			for _, grant := range p.Grants {
				alone := p
				alone.Grants = []Grant{grant}
				disproven := unproven(t, &alone, p.Example())
				for _, name := range grant.Disproves {
					if _, err := escalation.FindStatement(name); err != nil {
						t.Errorf("grant %s: %v", grant.Name, err)
					}
					if proof, is := disproven[name]; !is || proof.Verdict != regular.No {
						t.Errorf("grant %s does not disprove %q, and says so", grant.Name, name)
					}
				}
				for name, proof := range disproven {
					if !slices.Contains(grant.Disproves, name) {
						t.Errorf("grant %s: %q is %v: %s: %s", grant.Name, name, proof.Verdict, proof.Example, proof.Note)
					}
				}
			}
			for name, proof := range unproven(t, &p, choices(&p)[0]) {
				t.Errorf("without optional parameters %q is %v: %s: %s", name, proof.Verdict, proof.Example, proof.Note)
			}
		})
	}
}

// unproven are the statements that a preset does not prove.
func unproven(t *testing.T, p *Preset, values map[string]string) map[string]escalation.Proof {
	t.Helper()
	found := map[string]escalation.Proof{}
	for _, v := range versions {
		analysis := escalation.Analyse(sudoers.TreeOf(policyOf(t, p, values, v)), escalation.Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}})
		for _, s := range escalation.Statements() {
			if proof := analysis.Never(s); proof.Verdict != regular.Yes {
				found[s.Name] = proof
			}
		}
	}
	return found
}
