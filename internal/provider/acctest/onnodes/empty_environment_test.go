package onnodes

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestEmptyEnvironment plans in one container and applies in another, both with the variables of pvesec and nothing
// else: no home, no PATH, no known_hosts, no agent. The nodes, a user and a subject have names in capitals, which every
// value and every message keeps; a change that both nodes refuse names both.
func TestEmptyEnvironment(t *testing.T) {
	t.Parallel()
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	keepCluster(t, c)
	for _, node := range c.Nodes {
		shell(t, node, "useradd --badname -m -s /bin/bash Agent.Smith")
	}
	w := harness.NewWorkspace(t).Quietly()
	config := func(commands string) {
		w.Write("main.tf", requirePvesec+fmt.Sprintf(`
provider "pvesec" {
  node {
    name    = "PVE-East"
    address = %q
  }
  node {
    name    = "PVE-West"
    address = %q
  }
}

resource "pvesec_restricted_user" "smith" {
  user_id = "Agent.Smith@pve"
  role { privileges = ["VM.Audit"] }
  grant { path = "/vms" }
}

resource "pvesec_audit_logging" "smith" {
  name     = "smith"
  subjects = ["Agent.Smith"]
}

resource "pvesec_sudoers_policy" "smith" {
  name    = "smith"
  subject = "Agent.Smith"
  rule { commands = [%s] }
}
`, c.Nodes[0].Address, c.Nodes[1].Address, commands))
	}
	terraform := func(args ...string) (string, error) {
		command := exec.CommandContext(context.WithoutCancel(t.Context()), harness.Terraform, args...)
		command.Dir = w.Dir
		command.Env = []string{
			"TF_CLI_CONFIG_FILE=" + filepath.Join(w.Dir, "cli.tfrc"), "PVESEC_ENDPOINT=" + c.API.URL(), "PVESEC_API_TOKEN=" + c.API.RootToken(), "PVESEC_CA_PEM=" + c.API.CAPEM(),
			"PVESEC_SSH_PRIVATE_KEY=" + string(c.SSHKeyPEM), "PVESEC_SSH_KNOWN_HOSTS=" + c.KnownHosts(), fmt.Sprintf("PVESEC_SSH_PORT=%d", lab.SSHPort),
		}
		output, err := command.CombinedOutput()
		return string(output), err
	}
	run := func(args ...string) string {
		t.Helper()
		output, err := terraform(append(args, "-no-color")...)
		if err != nil {
			t.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, output)
		}
		return output
	}
	config(`"/usr/bin/id"`)
	run("plan", "-out=plan")
	w = w.Moved().Quietly()
	run("apply", "plan")
	if said := quietLines(run("plan")); said != "No changes. Your infrastructure matches the configuration." {
		t.Errorf("a plan of three resources that changes nothing prints\n%s", said)
	}
	shown := run("show")
	for _, name := range []string{`"PVE-East" = {`, `"PVE-West" = {`, `"Agent.Smith@pve"`, `"Agent.Smith"`} {
		if !strings.Contains(shown, name) {
			t.Errorf("no %s in\n%s", name, shown)
		}
	}
	if strings.Contains(shown, "pve-east") || strings.Contains(strings.ReplaceAll(shown, "sudo-agent.smith", ""), "agent.smith") {
		t.Errorf("names lost their case:\n%s", shown)
	}

	config(`"/usr/bin/id", "/usr/bin/uptime"`)
	for _, node := range c.Nodes {
		harness.Tamper(t, node.ReadOnly(t.Context()))
	}
	output, err := terraform("apply", "-auto-approve", "-no-color")
	for _, node := range c.Nodes {
		harness.Tamper(t, node.ReadWrite(t.Context()))
	}
	if said := strings.Join(strings.Fields(output), " "); err == nil || !strings.Contains(said, "PVE-East") || !strings.Contains(said[strings.Index(said, "Error: "):], "PVE-West") {
		t.Errorf("not both nodes that refuse are named: %v\n%s", err, output)
	}
}
