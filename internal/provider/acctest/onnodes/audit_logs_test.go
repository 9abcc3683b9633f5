package onnodes

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestAuditLoggingLogs: who else rotates a log, how a recording is found and replayed, what is said of policies that
// stay, and that logs go only where that was asked for.
func TestAuditLoggingLogs(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite}}})
			pve1 := c.Nodes[0]
			policy := harness.PolicyConfig(`"/usr/bin/id"`, "")
			first, purge := config(c)+policy+harness.AuditConfig(""), config(c)+policy+harness.AuditConfig("purge_logs = true")
			harness.Run(t,
				resource.TestStep{ // somebody rotates a log that is still to come
					PreConfig: func() {
						shell(t, pve1, `printf '# mine\n/var/log/messages\n/var/log/sudo-*.log {\n  daily\n}\n' >/etc/logrotate.d/mine; chmod 0644 /etc/logrotate.d/mine`)
					},
					Config:      first,
					PlanOnly:    true,
					ExpectError: regexp.MustCompile(`(?s)another file of pve1 rotates the same log.*/etc/logrotate\.d/mine:3: /var/log/sudo-\*\.log`),
				},
				resource.TestStep{
					PreConfig: func() { shell(t, pve1, "rm /etc/logrotate.d/mine") },
					Config:    first,
					Check:     func(*terraform.State) error { return recordingIsReplayed(t, pve1) },
				},
				resource.TestStep{ // somebody rotates a log that is there: drift that no apply mends
					PreConfig: func() {
						shell(t, pve1, `printf '/var/log/sudo-agent.log {\n  daily\n}\n' >/etc/logrotate.d/mine; chmod 0644 /etc/logrotate.d/mine`)
					},
					Config:             first,
					ConfigPlanChecks:   drifted("/etc/logrotate.d/mine:1: /var/log/sudo-agent.log"),
					ExpectNonEmptyPlan: true,
				},
				resource.TestStep{ // the settings go, the policy stays, and so do the logs
					PreConfig: func() { shell(t, pve1, "rm /etc/logrotate.d/mine") },
					Config:    config(c) + policy,
					Check: func(*terraform.State) error {
						if got := shell(t, pve1, "ls /etc/sudoers.d/pvesec-audit-ops 2>/dev/null || true; test -s /var/log/sudo-agent.log && test -d /var/log/sudo-io/agent/00 && echo kept"); got != "kept" {
							return fmt.Errorf("got %s", got)
						}
						return nil
					},
				},
				resource.TestStep{Config: first},
				resource.TestStep{
					PreConfig: func() {
						shell(t, pve1, "logrotate -f /etc/logrotate.d/pvesec-audit-ops; runuser -u agent -- sudo -n /usr/bin/id; ls /var/log/sudo-agent.log.1")
					},
					Config:           purge,
					ConfigPlanChecks: harness.Planned(auditAddress, plancheck.ResourceActionUpdate),
				},
			)
			if got := shell(t, pve1, "ls -d /var/log/sudo* /var/log/ops* /var/lib/pvesec* 2>/dev/null || true"); got != "" {
				t.Errorf("destroy with purge_logs left %s", got)
			}
		})
	}
}

// recordingIsReplayed follows the documentation: from the list to a replay, from a line of sudo's log to a replay, and
// a rotation that logrotate takes as a whole.
func recordingIsReplayed(t *testing.T, node *lab.Node) error {
	t.Helper()
	got := shell(t, node, `runuser -u agent -- sudo -n /usr/bin/id >/dev/null
		session=$(sudoreplay -d /var/log/sudo-io/agent -l | sed -n 's/.*TSID=\([^ ]*\).*/\1/p' | tail -n 1)
		sudoreplay -m 0.1 -d /var/log/sudo-io/agent "$session" | grep -q 'uid=0(root)' || echo "the list has $session, which cannot be replayed"
		session=$(grep 'EXIT=' /var/log/sudo-agent.log | sed -n 's/.*TSID=\([^ @]*\).*/\1/p' | tail -n 1)
		[ -n "$session" ] || cat /var/log/sudo-agent.log
		sudoreplay -m 0.1 -d /var/log/sudo-io/agent "$session" | grep -q 'uid=0(root)' || echo "the log has $session, which cannot be replayed"
		logrotate -d /etc/logrotate.conf 2>&1 | grep '^error:' || true`)
	if got != "" {
		return fmt.Errorf("%s: %s", node.Name, got)
	}
	return nil
}
