package onnodes

import (
	"encoding/json"
	"fmt"
	"regexp"
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

// optionsConfig has every option of sudo, and of journald.
const optionsConfig = `
  sudo_log { format = "json" }
  io_logs {
    input            = true
    password_prompts = ["PIN: "]
  }
  sub_commands {}
  sudo_syslog {
    facility = "auth"
    accepted = "info"
    refused  = "warning"
  }
  sudo_mail {
    to     = "security@example.com"
    events = ["not_allowed"]
  }
  journald {
    max_use_mib       = 64
    keep_free_mib     = 8
    forward_to_syslog = false
  }
`

// mailer stands for Postfix: it keeps what it is given.
const mailer = `mkdir -p -m 1777 /var/mail-sink
printf '#!/bin/sh\numask 022\ncat >"/var/mail-sink/$$"\n' >/usr/sbin/sendmail
chmod 755 /usr/sbin/sendmail
printf 'agent ALL=(root) NOPASSWD: /usr/bin/id, /bin/sh\nDefaults:agent !authenticate\n' >/etc/sudoers.d/test; chmod 0440 /etc/sudoers.d/test`

func TestAuditLoggingOptions(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite}}})
			pve1 := c.Nodes[0]
			shell(t, pve1, mailer)
			before := snapshot(t, pve1)
			options := config(c) + harness.AuditConfig(optionsConfig)
			unproven := config(c) + harness.AuditConfig(optionsConfig+"  probe = false\n") // no record arrives in a journal that is not stored
			harness.Run(t,
				resource.TestStep{ // a node without a mailer
					PreConfig:   func() { shell(t, pve1, "mv /usr/sbin/sendmail /root/") },
					Config:      options,
					ExpectError: regexp.MustCompile("postfix"),
				},
				resource.TestStep{
					PreConfig:        func() { shell(t, pve1, "mv /root/sendmail /usr/sbin/") },
					Config:           options,
					ConfigPlanChecks: harness.Planned(auditAddress, plancheck.ResourceActionCreate),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(auditAddress, deployedAt("pve1", "services", "systemd-journald.service"), knownvalue.StringExact("active")),
					},
					Check: func(*terraform.State) error { return optionsWork(t, pve1) },
				},
				resource.TestStep{ // drift: the drop-in edited, another one after it
					PreConfig: func() {
						shell(t, pve1, `sed -i s/64M/640M/ /etc/systemd/journald.conf.d/zz-pvesec-audit-ops.conf
							printf '[Journal]\nStorage=none\n' >/etc/systemd/journald.conf.d/zzz.conf; chmod 0644 /etc/systemd/journald.conf.d/zzz.conf`)
					},
					Config:             unproven,
					ConfigPlanChecks:   drifted("+ SystemMaxUse=640M", "/etc/systemd/journald.conf.d/zzz.conf:2: Storage=none"),
					ExpectNonEmptyPlan: true,
				},
				resource.TestStep{
					PreConfig:        func() { shell(t, pve1, "rm /etc/systemd/journald.conf.d/zzz.conf") },
					Config:           unproven,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				},
				resource.TestStep{
					PreConfig:                            func() { shell(t, pve1, "mv /etc/sudoers.d/test /root/test") },
					ResourceName:                         auditAddress,
					ImportState:                          true,
					ImportStateId:                        "ops",
					ImportStateVerify:                    true,
					ImportStateVerifyIdentifierAttribute: "name",
					ImportStateVerifyIgnore:              []string{"probe"},
				},
				resource.TestStep{ // programs that a command starts are held to the policy
					PreConfig: func() { shell(t, pve1, "mv /root/test /etc/sudoers.d/test") },
					Config:    config(c) + harness.AuditConfig("sub_commands { intercept = true }"),
					Check: func(*terraform.State) error {
						if got := shell(t, pve1, `runuser -u agent -- sudo -n /bin/sh -c 'id -u; /usr/bin/uname -s' 2>&1 || true; systemd-analyze cat-config systemd/journald.conf | grep pvesec || true`); !strings.HasPrefix(got, "0\n") || strings.Contains(got, "Linux") || strings.Contains(got, "pvesec") {
							return fmt.Errorf("got %s", got)
						}
						return nil
					},
				},
			)
			if after := snapshot(t, pve1); after != before {
				t.Errorf("destroy left something behind:\nbefore\n%s\nafter\n%s", before, after)
			}
		})
	}
}

// optionsWork does what each option is about, and looks for what it leaves.
func optionsWork(t *testing.T, node *lab.Node) error {
	t.Helper()
	got := shell(t, node, `
		wait_for() { for try in 1 2 3 4 5 6 7 8 9 10; do "$@" && return 0; sleep 0.5; done; echo "not seen: $*"; }
		runuser -u agent -- sudo -n /bin/sh -c '/usr/bin/uname -s' >/dev/null
		grep -q '"command": "/usr/bin/uname"' /var/log/sudo-agent.log || echo 'no sub-command in the log'
		in_journal() { journalctl -o json SYSLOG_IDENTIFIER=sudo "$@" | grep -q agent; }
		wait_for in_journal SYSLOG_FACILITY=4 PRIORITY=6
		! runuser -u agent -- sudo -n /usr/bin/uptime >/dev/null 2>&1 || echo 'uptime was allowed'
		wait_for in_journal SYSLOG_FACILITY=4 PRIORITY=4
		mailed() { cat /var/mail-sink/* 2>/dev/null | grep -q -e "$1"; }
		wait_for mailed '^To: security@example.com'
		wait_for mailed 'command not allowed'
		[ "$(ls /var/mail-sink | wc -l)" -eq 1 ] || { echo 'more than one mail:'; cat /var/mail-sink/*; }
		mkfifo -m 666 /tmp/typed
		{ wait_for test -e /tmp/asked; printf 's3cret\nplain\n'; sleep 1; } >/tmp/typed &
		runuser -u agent -- script -qec "sudo -n /bin/sh -c 'stty -echo; printf PIN:\\ ; : >/tmp/asked; read -r pin; printf Name:\\ ; read -r name; [ \${#pin}.\${#name} = 6.5 ] && echo typed'" /dev/null </tmp/typed | grep -q typed || echo 'nothing was typed'
		wait
		grep -q plain /var/log/sudo-io/agent/*/*/*/ttyin || echo 'input was not recorded'
		! grep -rq s3cret /var/log/sudo-io/agent || echo 'a password was recorded'
		last() { systemd-analyze cat-config systemd/journald.conf | grep "^$1=" | tail -n 1; }
		[ "$(last Storage) $(last SystemMaxUse) $(last ForwardToSyslog)" = 'Storage=persistent SystemMaxUse=64M ForwardToSyslog=no' ] || systemd-analyze cat-config systemd/journald.conf`)
	if got != "" {
		return fmt.Errorf("%s: %s", node.Name, got)
	}
	if log := shell(t, node, "cat /var/log/sudo-agent.log"); !json.Valid([]byte(log)) {
		return fmt.Errorf("%s: the log is no JSON: %s", node.Name, log)
	}
	return nil
}
