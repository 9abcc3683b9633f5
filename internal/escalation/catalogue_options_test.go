package escalation

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// TestAcceptedOptionsMatch: an option that an acceptance may name is one that a finding has in its key, and the other
// way round.
func TestAcceptedOptionsMatch(t *testing.T) {
	t.Parallel()
	const used = "Defaults lecture=always, log_output, log_servers=10.0.0.9\nDefaults "
	for _, o := range policy.VettedOptions() {
		key := hazardousOption.ID + " " + o.Name
		found := false
		for _, f := range analyseFor(t, used+hazardousValues[o.Name]+"\n"+nightly, "agent", "ops").Findings {
			found = found || f.Key() == key
		}
		if err := CheckSudoRisk(key); found != (err == nil) {
			t.Errorf("%q is found: %t, can be accepted: %v", key, found, err)
		}
	}
}
