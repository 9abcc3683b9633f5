package check_test

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

// TestHardenedNode: on a node that is hardened every check passes.
func TestHardenedNode(t *testing.T) {
	t.Parallel()
	n := hardened().node(t)
	for _, gap := range n.Gaps {
		t.Errorf("not known: %+v", gap)
	}
	for _, c := range check.Catalogue() {
		if c.OfCluster() {
			continue
		}
		if o := c.Judge(n); o.Status != check.Pass {
			t.Errorf("%s %s: %s %v", c.ID, c.Title, o.Status, o.Observed)
		}
	}
}
