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

// TestNodePosture judges a cluster of both releases and a node that does not answer. Each check says something of each
// node; what cannot be read is unknown, and a waiver takes a failure out of what counts. A later run says what changed.
func TestNodePosture(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve1", Suite: lab.Bookworm}, {Name: "pve2", Suite: lab.Trixie}}})
	for _, node := range c.Nodes {
		shell(t, node, "echo 'agent ALL=(root) NOPASSWD: /usr/bin/vim' >/etc/sudoers.d/old; chmod 440 /etc/sudoers.d/old; test -e /usr/bin/vim || cp /bin/true /usr/bin/vim; echo carol:not-to-be-seen | chpasswd")
	}
	harness.KeepSecret(t, "password of carol", "not-to-be-seen")
	nodes := "node {\n name = \"pve3\"\n address = \"127.0.0.1\"\n port = 1\n}\n"
	for _, node := range c.Nodes {
		nodes += fmt.Sprintf("node {\n name = %q\n address = %q\n}\n", node.Name, node.Address)
	}
	const outputs = `
locals { all = data.pvesec_node_posture.all.results }
output "vim" { value = join(" ", sort([for r in local.all : "${r.node} ${r.status}" if r.id == "PVESEC-C0301"])) }
output "observed" { value = join("\n", flatten([for r in local.all : r.observed if r.id == "PVESEC-C0301" && r.node == "pve1"])) }
output "unknown" { value = join(" ", distinct([for r in local.all : r.node if r.status == "unknown"])) }
output "waived" { value = join(" ", sort([for r in local.all : "${r.node} ${r.status}" if r.waived != ""])) }
output "compliant" { value = data.pvesec_node_posture.all.compliant }
output "summary" { value = data.pvesec_node_posture.all.summary }
output "markdown" { value = data.pvesec_node_posture.all.markdown }
output "since" { value = try(join(" ", [for c in data.pvesec_node_posture.all.since.better : "${c.id} ${c.node}" if c.id == "PVESEC-C0301"]), "nothing") }
`
	configured := configWith(c, connection{nodes: nodes})
	earlier := filepath.Join(t.TempDir(), "posture.json")
	harness.Run(t,
		resource.TestStep{
			Config: configured + `
data "pvesec_node_posture" "all" {
  profile = "level2"
  waiver {
    check  = "PVESEC-C0301"
    nodes  = ["pve2"]
    reason = "the editor is replaced next month"
    until  = "2999-12-31"
  }
}
output "record" { value = data.pvesec_node_posture.all.report_json }
` + outputs,
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckOutput("vim", "pve1 fail pve2 fail pve3 unknown"),
				resource.TestMatchOutput("observed", regexp.MustCompile(`(?s)agent: PVESEC-E\d+ .*sudo /usr/bin/vim.*/etc/sudoers\.d/old:1.*; the node's own sudo allows it, too`)),
				resource.TestMatchOutput("unknown", regexp.MustCompile(`pve3`)),
				resource.TestCheckOutput("waived", "pve2 fail"),
				resource.TestCheckOutput("compliant", "false"),
				resource.TestMatchOutput("summary", regexp.MustCompile(`^\d+ checks pass, \d+ fail, \d+ are not known, \d+ do not apply, 1 are waived \(level 2, score \d+\)\.`)),
				resource.TestCheckOutput("since", "nothing"),
				func(s *terraform.State) error {
					if err := os.WriteFile(earlier, fmt.Append(nil, s.RootModule().Outputs["record"].Value), 0o600); err != nil {
						return err
					}
					report := fmt.Sprint(s.RootModule().Outputs["markdown"].Value)
					for _, want := range []string{"# Node posture: not compliant", "## Waived", "the editor is replaced next month", "PVESEC-C1101", "| sshd | "} {
						if !strings.Contains(report, want) {
							return fmt.Errorf("the report does not have %q:\n%.3000s", want, report)
						}
					}
					return nil
				},
			),
		},
		resource.TestStep{
			PreConfig: func() { shell(t, c.Nodes[0], "rm /etc/sudoers.d/old") },
			Config:    configured + "data \"pvesec_node_posture\" \"all\" {\n profile = \"level2\"\n earlier_report_json = file(\"" + earlier + "\")\n}\n" + outputs,
			Check:     resource.TestCheckOutput("since", "PVESEC-C0301 pve1"),
		},
	)
}

// TestNodePostureInput: a check that is none, a date that is none and a report that is none are errors at their
// attributes.
func TestNodePostureInput(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	waiver := func(check, until string) string {
		return fmt.Sprintf("data \"pvesec_node_posture\" \"all\" {\n waiver {\n check = %q\n reason = \"r\"\n until = %q\n }\n}\n", check, until)
	}
	harness.Run(t,
		resource.TestStep{Config: config(c) + waiver("PVESEC-C9999", "2030-01-01"), ExpectError: harness.Matches(`there is no check "PVESEC-C9999"`)},
		resource.TestStep{Config: config(c) + waiver("PVESEC-C0903", "soon"), ExpectError: harness.Matches("is not a date")},
		resource.TestStep{Config: config(c) + "data \"pvesec_node_posture\" \"all\" {\n earlier_report_json = \"{}\"\n}\n", ExpectError: harness.Matches("Invalid earlier report")},
	)
}
