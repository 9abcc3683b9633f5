package hardening

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestMissingPrograms: a path with nothing at it is missing, and so is a link that leads nowhere.
func TestMissingPrograms(t *testing.T) {
	t.Parallel()
	nodes := newMemoryNodes("pve1")
	nodes.write("pve1", "/usr/local/sbin/report", "#!/bin/sh\n")
	nodes.files["pve1"]["/usr/local/sbin/lost"] = node.FileState{Exists: true, Type: node.TypeSymlink, LinkTarget: "/nowhere"}
	target := nodes.files["pve1"]["/usr/local/sbin/report"]
	nodes.files["pve1"]["/usr/local/sbin/linked"] = node.FileState{Exists: true, Type: node.TypeSymlink, LinkTarget: "report", Resolved: &target}
	got, err := Programs{"/usr/local/sbin/report", "/usr/sbin/qmm", "/usr/local/sbin/lost", "/usr/local/sbin/linked"}.Missing(t.Context(), nodes, node.Target{Name: "pve1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&Programs{"/usr/sbin/qmm", "/usr/local/sbin/lost"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
