//go:build judges

package onnodes

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestSSHAudit has ssh-audit of this machine judge the server of a node of each release, as Debian sets it up and with
// the strict profile, which has nothing that it calls a failure.
func TestSSHAudit(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	w := harness.NewWorkspace(t).Quietly().Within()
	w.Write("main.tf", requirePvesec+config(c)+sshdConfig("  crypto_profile = \"strict\"\n  administrators = [\"root\"]"))
	before := map[string]int{}
	for _, node := range c.Nodes {
		fails, _ := audited(t, node)
		before[node.Name] = len(fails)
	}
	if before["pve1"] == 0 {
		t.Error("ssh-audit has nothing against the server of Debian 12 without a policy: it judges nothing")
	}
	w.Terraform("apply", "-auto-approve", "-no-color")
	for _, node := range c.Nodes {
		fails, warns := audited(t, node)
		t.Logf("%s, %s: %d failures before, %d with the strict profile, and %d warnings: %s", node.Name, node.Suite, before[node.Name], len(fails), len(warns), strings.Join(warns, "; "))
		if len(fails) > 0 {
			t.Errorf("%s: ssh-audit says\n%s", node.Name, strings.Join(fails, "\n"))
		}
	}
	w.Terraform("destroy", "-auto-approve", "-no-color")
}

// audited are the lines of failures and of warnings that ssh-audit has about a node.
func audited(t *testing.T, node *lab.Node) (fails, warns []string) {
	t.Helper()
	// Its status tells whether there was something to say.
	output, _ := exec.CommandContext(t.Context(), "ssh-audit", "--no-colors", "--timeout=60", "--level=warn", "--port="+strconv.Itoa(node.Port), node.Address).CombinedOutput()
	text := string(output)
	if !strings.Contains(text, "(kex)") && !strings.Contains(text, "[") && strings.TrimSpace(text) != "" || strings.Contains(text, "[exception]") {
		t.Fatalf("%s: ssh-audit did not come to a verdict: %s", node.Name, text)
	}
	for line := range strings.Lines(text) {
		switch {
		case strings.Contains(line, "[fail]"):
			fails = append(fails, strings.TrimSpace(line))
		case strings.Contains(line, "[warn]"):
			warns = append(warns, strings.TrimSpace(line))
		}
	}
	return fails, warns
}
