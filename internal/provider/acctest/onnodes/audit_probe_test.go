package onnodes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestAuditProbe: an apply after which records do not arrive is an error that names what did not pass them on, and the
// settings stay recorded.
func TestAuditProbe(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve1", Suite: lab.Bookworm}, {Name: "pve2", Suite: lab.Trixie}}})
	pve2 := c.Nodes[1]
	const earlier = "of an earlier audit logging"
	for _, node := range c.Nodes {
		shell(t, node, "echo "+earlier+" >/var/log/sudo-agent.log; chmod 0600 /var/log/sudo-agent.log")
	}
	shell(t, pve2, `printf 'Defaults !syslog\n' >/etc/sudoers.d/zz; chmod 0440 /etc/sudoers.d/zz`)
	harness.Run(t,
		resource.TestStep{
			Config: config(c) + harness.AuditConfig("purge_logs = true"), ExpectError: harness.Matches("sudo ran the probe of agent, but did not send it to the journal"),
		},
		resource.TestStep{ // what was made is recorded, and replaced where it is tainted
			PreConfig:        func() { shell(t, pve2, "rm /etc/sudoers.d/zz") },
			Config:           config(c) + harness.AuditConfig("purge_logs = true"),
			ConfigPlanChecks: harness.Planned(auditAddress, plancheck.ResourceActionReplace),
			Check: func(*terraform.State) error {
				for _, node := range c.Nodes {
					if !strings.Contains(shell(t, node, "cat /var/log/sudo-agent.log"), earlier) {
						return fmt.Errorf("%s: the replacement took the log of what was before", node.Name)
					}
					if got := shell(t, node, "sudoreplay -d /var/log/sudo-io/agent -l | grep -c pvesec-probe; ls /etc/sudoers.d; runuser -u agent -- sudo -n /usr/bin/true 2>&1 || true"); got[0] == '0' {
						return fmt.Errorf("%s has no recording of a probe: %s", node.Name, got)
					}
				}
				return nil
			},
		},
		resource.TestStep{ // a change that is not proven is tried again by the next apply
			PreConfig:   func() { shell(t, pve2, `printf 'Defaults !syslog\n' >/etc/sudoers.d/zz; chmod 0440 /etc/sudoers.d/zz`) },
			Config:      config(c) + harness.AuditConfig("io_logs {\n    input = true\n  }"),
			ExpectError: harness.Matches("sudo ran the probe of agent, but did not send it to the journal"),
		},
		resource.TestStep{
			Config:           config(c) + harness.AuditConfig("probe = false\n  io_logs {\n    input = true\n  }"),
			ConfigPlanChecks: harness.Planned(auditAddress, plancheck.ResourceActionUpdate),
		},
	)
}
