//go:build linux

package lab

import (
	"testing"
)

// ForTest starts a cluster for a test and closes it when the test ends. Where the lab cannot run the test fails with
// the list of what is missing; it is never skipped, because a skipped test looks like a passed one.
func ForTest(tb testing.TB, spec ClusterSpec) *Cluster {
	tb.Helper()
	if spec.Progress == nil {
		spec.Progress = func(line string) { tb.Log("lab: " + line) }
	}
	c, err := StartCluster(tb.Context(), spec)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if tb.Failed() {
			for _, n := range c.Nodes {
				if text := n.Console(); text != "" {
					tb.Logf("console of %s:\n%s", n.Name, text)
				}
			}
		}
		if err := c.Close(); err != nil {
			tb.Errorf("closing the lab: %v", err)
		}
	})
	return c
}
