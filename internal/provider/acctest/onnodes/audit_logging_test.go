package onnodes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

const auditAddress = "pvesec_audit_logging.ops"

func TestAuditLoggingLifeCycle(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite}, {Suite: suite}}})
			pve1, pve2 := c.Nodes[0], c.Nodes[1]
			before := snapshot(t, pve1)
			shell(t, pve1, "echo 'agent ALL=(root) NOPASSWD: /usr/bin/id' >/etc/sudoers.d/test; chmod 0440 /etc/sudoers.d/test")
			first := config(c) + harness.AuditConfig("")
			second := config(c) + harness.AuditConfig(`io_logs {
  input        = true
  max_sessions = 500
  max_size_mib = 1
  max_age_days = 30
  min_free_percent = 1
}
  rotation {
    frequency = "daily"
    keep      = 7
    compress  = false
  }
  security_log {
    path = "/var/log/ops/security.log"
    mode = "0640"
  }`)
			harness.Run(t,
				resource.TestStep{
					Config:           first,
					ConfigPlanChecks: harness.Planned(auditAddress, plancheck.ResourceActionCreate),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(auditAddress, deployedAt("pve1", "services", "pvesec-security-ops.service"), knownvalue.StringExact("active")),
						statecheck.ExpectKnownValue(auditAddress, deployedAt("pve1", "problems"), knownvalue.ListSizeExact(0)),
						statecheck.ExpectKnownValue(auditAddress, deployedAt("pve2", "files", "/var/log/sudo-agent.log"), knownvalue.StringExact("0600 root:root")),
					},
					Check: func(*terraform.State) error { return recordsArrive(t, pve1) },
				},
				resource.TestStep{
					PreConfig:        onNodes(t, c, "mkdir -p /var/log/ops"),
					Config:           second,
					ConfigPlanChecks: harness.Planned(auditAddress, plancheck.ResourceActionUpdate),
					Check: func(*terraform.State) error {
						if got := shell(t, pve2, "cat /etc/sudoers.d/pvesec-audit-ops"); !strings.Contains(got, "maxseq=500") {
							return fmt.Errorf("pve2 has\n%s", got)
						}
						return recordingsAreBounded(t, pve1)
					},
				},
				resource.TestStep{ // drift: a file edited, a file removed, a log opened to all, the service stopped
					PreConfig: func() {
						shell(t, pve1, "sed -i 's/log_output/!log_output/' /etc/sudoers.d/pvesec-audit-ops; rm /etc/logrotate.d/pvesec-audit-ops")
						shell(t, pve2, "chmod 0666 /var/log/sudo-agent.log; systemctl stop pvesec-security-ops.service")
					},
					Config: second,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(auditAddress, plancheck.ResourceActionUpdate),
						harness.ExpectDrift(auditAddress, "+ Defaults:agent log_input, !log_output", `"/etc/logrotate.d/pvesec-audit-ops":"absent"`, `"0666 root:root"`, `"pvesec-security-ops.service":"inactive"`,
							"pvesec-security-ops.service is inactive: nothing is written to /var/log/ops/security.log"),
					}},
					Check: func(*terraform.State) error {
						if got := shell(t, pve2, "stat -c %a /var/log/sudo-agent.log; systemctl is-active pvesec-security-ops.service"); got != "600\nactive" {
							return fmt.Errorf("pve2: %s", got)
						}
						return nil
					},
				},
				resource.TestStep{ // drift that no apply mends: another file switches a log off, and the plan shows it until somebody removes the line
					PreConfig: func() {
						shell(t, pve1, `printf 'Defaults:agent !log_output, !logfile\n' >/etc/sudoers.d/zz; chmod 0440 /etc/sudoers.d/zz`)
					},
					Config:             second,
					PlanOnly:           true,
					ExpectNonEmptyPlan: true,
				},
				resource.TestStep{
					Config: second,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						harness.ExpectDrift(auditAddress, `"/etc/sudoers.d/zz:1: !log_output"`, `"/etc/sudoers.d/zz:1: !logfile"`),
					}},
					ExpectError: harness.Matches("sudo did not write it to /var/log/sudo-agent.log"),
				},
				resource.TestStep{
					PreConfig:        func() { shell(t, pve1, "rm /etc/sudoers.d/zz") },
					Config:           second,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				},
				resource.TestStep{
					PreConfig:        onNodes(t, c, "rm -f /etc/sudoers.d/pvesec-audit-ops /etc/logrotate.d/pvesec-audit-ops /etc/systemd/system/pvesec-*-ops.* /etc/systemd/system/*.target.d/pvesec-*"),
					Config:           second,
					ConfigPlanChecks: harness.Planned(auditAddress, plancheck.ResourceActionCreate),
				},
				resource.TestStep{
					PreConfig:                            func() { shell(t, pve1, "rm /etc/sudoers.d/test") },
					ResourceName:                         auditAddress,
					ImportState:                          true,
					ImportStateId:                        "ops",
					ImportStateVerify:                    true,
					ImportStateVerifyIdentifierAttribute: "name",
				},
			)
			if after := snapshot(t, pve1); after != before {
				t.Errorf("destroy left something behind:\nbefore\n%s\nafter\n%s", before, after)
			}
			if got := shell(t, pve1, "test -s /var/log/sudo-agent.log && echo kept"); got != "kept" {
				t.Error("destroy removed the sudo log, which is evidence")
			}
			if got := shell(t, pve1, "systemctl list-units --all --no-legend 'pvesec-*'; systemctl list-dependencies --plain timers.target multi-user.target | grep pvesec || true"); got != "" {
				t.Errorf("destroy left a unit: %s", got)
			}
		})
	}
}

// recordsArrive runs a command as agent and looks for it in every log.
func recordsArrive(t *testing.T, node *lab.Node) error {
	t.Helper()
	shell(t, node, "runuser -u agent -- sudo -n /usr/bin/id")
	for what, script := range map[string]string{
		"sudo log":     "grep -q 'COMMAND=/usr/bin/id' /var/log/sudo-agent.log",
		"I/O log":      "sudoreplay -d /var/log/sudo-io/agent -l | grep -q 'COMMAND=/usr/bin/id'",
		"security log": "for i in 1 2 3 4 5 6 7 8 9 10; do grep -q 'COMMAND=/usr/bin/id' /var/log/ops-security.log && exit 0; sleep 0.3; done; exit 1",
	} {
		if got := shell(t, node, "if "+wrap(script)+"; then echo yes; else echo no; fi"); got != "yes" {
			return fmt.Errorf("%s: the command did not reach the %s", node.Name, what)
		}
	}
	return nil
}

// recordingsAreBounded makes more recordings than may stay, as sudo makes them, and lets the node's own service see to
// them.
func recordingsAreBounded(t *testing.T, node *lab.Node) error {
	t.Helper()
	got := shell(t, node, `systemctl is-active pvesec-recordings-ops.timer
		systemctl list-dependencies --plain timers.target | grep -o 'pvesec-recordings-ops.timer'
		for i in 1 2 3 4 5 6 7 8 9 10 11 12; do runuser -u agent -- sudo -n /usr/bin/id >/dev/null; done
		for d in /var/log/sudo-io/agent/00/00/0[0-4]; do [ ! -d "$d" ] || head -c 300000 /dev/urandom >"$d/ttyout"; done
		before=$(ls -d /var/log/sudo-io/agent/??/??/?? | wc -l)
		systemctl start pvesec-recordings-ops.service
		for i in $(seq 100); do systemctl is-active -q pvesec-recordings-ops.service || break; sleep 0.1; done
		systemctl show -p Result --value pvesec-recordings-ops.service
		[ "$(ls -d /var/log/sudo-io/agent/??/??/?? | wc -l)" -lt "$before" ] && [ "$(du -sk /var/log/sudo-io | cut -f 1)" -le 1100 ] && echo bounded
		sudoreplay -d /var/log/sudo-io/agent -l | grep -c 'COMMAND=/usr/bin/id' | { read -r n; [ "$n" -ge 8 ] && echo kept; }`)
	if want := "active\npvesec-recordings-ops.timer\nsuccess\nbounded\nkept"; got != want {
		return fmt.Errorf("%s: got\n%s\nwant\n%s\n%s", node.Name, got, want, shell(t, node, "journalctl --no-pager -n 20 -u pvesec-recordings-ops.service; du -k /var/log/sudo-io | tail -50"))
	}
	return nil
}

func wrap(script string) string { return "( " + script + " )" }
