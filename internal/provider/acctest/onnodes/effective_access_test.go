package onnodes

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestEffectiveAccess reports on a cluster of both releases and a node that does not answer: with the configuration of
// examples/first-look, and for one subject. What cannot be looked at is said, never left out.
func TestEffectiveAccess(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve1", Suite: lab.Bookworm}, {Name: "pve2", Suite: lab.Trixie}}})
	for _, node := range c.Nodes {
		shell(t, node, "echo 'agent ALL=(root) NOPASSWD: /usr/bin/vim' >/etc/sudoers.d/old; chmod 440 /etc/sudoers.d/old; echo carol:not-to-be-seen | chpasswd")
	}
	harness.KeepSecret(t, "password of carol", "not-to-be-seen")
	harness.Tamper(t, c.API.AddUser("ops@pve", nil), c.API.GrantACL("/", "ops@pve", "Administrator", true))
	first, err := os.ReadFile(filepath.Join(harness.Examples, "first-look", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	look := regexp.MustCompile(`(?ms)^terraform \{.*?^\}$|^provider "pvesec" \{\}$`).ReplaceAllString(string(first), "")
	nodes := "node {\n name = \"pve3\"\n address = \"127.0.0.1\"\n port = 1\n}\n"
	for _, node := range c.Nodes {
		nodes += fmt.Sprintf("node {\n name = %q\n address = %q\n}\n", node.Name, node.Address)
	}
	harness.Run(t, resource.TestStep{
		Config: configWith(c, connection{nodes: nodes}) + look + `
output "unknown" { value = join(" ", [for u in data.pvesec_effective_access.now.unknown : "${u.node}: ${u.about}"]) }
output "edges" { value = length(jsondecode(data.pvesec_effective_access.now.open_graph_json).graph.edges) > 10 }
output "counts" { value = "${data.pvesec_effective_access.now.counts.nodes} ${data.pvesec_effective_access.now.counts.unknown}" }

data "pvesec_effective_access" "agent" {
  nodes    = ["pve1"]
  subjects = ["agent"]
}
output "paths" { value = join("\n", data.pvesec_effective_access.agent.paths[*].text) }
output "subjects" { value = join(" ", data.pvesec_effective_access.agent.access[*].id) }
output "frees" { value = join(" ", data.pvesec_effective_access.agent.cuts[0].frees) }
`,
		Check: resource.ComposeAggregateTestCheckFunc(
			func(s *terraform.State) error {
				report := fmt.Sprint(s.RootModule().Outputs["report"].Value)
				for _, want := range []string{"## Paths to root", "agent on pve1", "agent on pve2", `/etc/sudoers.d/old:1`, "ops@pve", "```mermaid", "| linux_account | `carol` | `pve1, pve2` |", "## Not known"} {
					if !strings.Contains(report, want) {
						return fmt.Errorf("the report does not have %q:\n%s", want, report)
					}
				}
				return nil
			},
			resource.TestCheckOutput("unknown", "pve3: the node"), // all is known of the nodes that answer
			resource.TestCheckOutput("edges", "true"),
			resource.TestCheckOutput("counts", "2 1"),
			resource.TestMatchOutput("paths", regexp.MustCompile(`^agent on pve1: has a grant of sudo that [^\n]*/etc/sudoers\.d/old:1: agent ALL=\(root\) NOPASSWD: /usr/bin/vim\] → root on pve1$`)),
			resource.TestCheckOutput("subjects", "linux_account:pve1/agent"),
			resource.TestCheckOutput("frees", "linux_account:pve1/agent"),
		),
	})
}
