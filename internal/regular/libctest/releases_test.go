package libctest

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// TestReleases compares with the C libraries of both Debian releases, and with what their sudo takes for malformed.
func TestReleases(t *testing.T) {
	t.Parallel()

	for i, suite := range []lab.Suite{lab.Bookworm, lab.Trixie} {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()

			cluster := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "libc", Suite: suite}}})
			node := cluster.Nodes[0]
			const path = "/usr/local/lib/libctest" // /run may be mounted noexec
			if err := node.WriteFile(t.Context(), path, program(t), 0o755); err != nil {
				t.Fatal(err)
			}
			j := judge{name: string(suite), sudo: true, run: func(t *testing.T, questions string) string {
				t.Helper()

				out, err := node.Exec(t.Context(), questions, "env", "LC_ALL=C", path, sudoLibrary)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}}
			r := random(t, uint64(10+i))
			globs(t, j, r, *patterns/2)
			expressions(t, j, r, *patterns)
		})
	}
}
