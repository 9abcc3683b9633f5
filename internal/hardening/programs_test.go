package hardening

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestMissingPrograms: a path with nothing at it is missing, and a link is not.
func TestMissingPrograms(t *testing.T) {
	t.Parallel()
	nodes := newMemoryNodes("pve1")
	nodes.write("pve1", "/usr/local/sbin/report", "#!/bin/sh\n")
	nodes.files["pve1"]["/usr/local/sbin/lost"] = node.FileState{Exists: true, Type: node.TypeSymlink, LinkTarget: "/nowhere"}
	got, err := Programs{"/usr/local/sbin/report", "/usr/sbin/qmm", "/usr/local/sbin/lost"}.Missing(t.Context(), nodes, node.Target{Name: "pve1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Programs{"/usr/sbin/qmm"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
