package escalation

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestIDsAreNeverReused: an id that was published is alive or retired, and never both. A retired one says which effects
// stand for it.
func TestIDsAreNeverReused(t *testing.T) {
	t.Parallel()
	published, err := os.ReadFile("testdata/published-ids.txt")
	if err != nil {
		t.Fatal(err)
	}
	ids := strings.Fields(string(published))
	if len(ids) < 300 || len(retired()) == 0 {
		t.Fatalf("%d ids were published, %d are retired", len(ids), len(retired()))
	}
	for _, id := range ids {
		if effects, gone := retired()[id]; slices.Contains(sudoRiskIDs(), id) == gone {
			t.Errorf("%s: retired is %t (%v): it must be alive or in retired.json, and not both", id, gone, effects)
		}
	}
	for id, effects := range retired() {
		if slices.Contains(sudoRiskIDs(), id) {
			t.Errorf("%s is retired and was given away again", id)
		}
		if len(effects) == 0 {
			t.Errorf("nothing stands for %s", id)
		}
		for _, key := range []string{id, AcceptedIn(id, "/etc/sudoers")} {
			err := CheckSudoRisk(key)
			if err == nil || !strings.Contains(err.Error(), id+"\" is retired") {
				t.Errorf("%s: %v", key, err)
				continue
			}
			for _, e := range effects {
				if info := e.Info(); info == nil || !strings.Contains(err.Error(), string(e)+" ("+info.ID+")") || CheckSudoRisk(string(e)) != nil {
					t.Errorf("%s: %q does not stand for it: %v", id, e, err)
				}
			}
		}
	}
}
