package onnodes

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestPolicyTellsWhatDoesNothing: on both releases a plan warns of a program that no node has, while one has it of
// none, and of an acceptance for another file that no node needs.
func TestPolicyTellsWhatDoesNothing(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	w := harness.NewWorkspace(t).Quietly().Within()
	write := func(commands, more string) {
		w.Write("main.tf", requirePvesec+config(c)+harness.PolicyConfig(commands, more))
	}
	planned := func(what string, warnings ...string) {
		t.Helper()
		output := w.Terraform("plan", "-no-color")
		said := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
		if count := strings.Count(said, "Warning: ") - 1; count != len(warnings) {
			t.Errorf("%s: %d warnings, want %d:\n%s", what, count, len(warnings), output)
		}
		for _, warning := range warnings {
			if !strings.Contains(said, "Warning: "+warning) {
				t.Errorf("%s: the plan does not warn of %q:\n%s", what, warning, output)
			}
		}
	}
	const (
		site   = `"/usr/bin/id", "/usr/local/sbin/report \"\""`
		unused = `accepted_risks = { "PVESEC-E0001 in /etc/sudoers.d/x" = "tonight" }`
	)
	const missing, idle = "Missing on the nodes: /usr/local/sbin/report", "An accepted risk matches no finding"
	write(site, unused)
	planned("new", missing, idle)
	w.Terraform("apply", "-auto-approve", "-no-color")
	planned("unchanged", missing, idle)
	shell(t, c.Nodes[1], "printf '#!/bin/sh\\n' >/usr/local/sbin/report-1; chmod 0755 /usr/local/sbin/report-1; ln -s report-1 /usr/local/sbin/report")
	write(site, "")
	planned("one node has it")
	shell(t, c.Nodes[1], "rm /usr/local/sbin/report")
	planned("none has it any more", missing)
}
