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

// TestSecurityLog: a node without rsyslog writes the security events of the journal to a file, with their senders, each
// once, whatever happens to the collector, the file and the disk.
func TestSecurityLog(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite, DiskMiB: 96}}})
			pve := c.Nodes[0]
			shell(t, pve, "systemctl stop rsyslog.service syslog.socket; mv /usr/sbin/rsyslogd /usr/sbin/rsyslogd.gone; echo 'agent ALL=(root) NOPASSWD: /usr/bin/sleep' >/etc/sudoers.d/test; chmod 0440 /etc/sudoers.d/test")
			audit := func(more string) string { return config(c) + harness.AuditConfig(more) }
			harness.Run(t,
				resource.TestStep{Config: audit(`security_log { collector = "rsyslog" }`), ExpectError: harness.Matches("rsyslogd")},
				resource.TestStep{Config: audit(""), Check: func(*terraform.State) error {
					sendersAreTold(t, pve)
					eachOnce(t, pve)
					droppedAreTold(t, pve)
					return nil
				}},
				resource.TestStep{ // with rsyslog, and back
					PreConfig: func() {
						shell(t, pve, "mv /usr/sbin/rsyslogd.gone /usr/sbin/rsyslogd; systemctl start rsyslog.service")
					},
					Config:           audit(`security_log { collector = "rsyslog" }`),
					ConfigPlanChecks: harness.Planned(auditAddress, plancheck.ResourceActionUpdate),
					Check: func(*terraform.State) error {
						if got := shell(t, pve, "systemctl is-active pvesec-security-ops.service || true; ls /etc/systemd/system | grep pvesec-security || true"); got != "inactive" {
							return fmt.Errorf("the collector is still there: %s", got)
						}
						written(t, pve, "by-rsyslog", "'by-rsyslog'")
						return nil
					},
				},
				resource.TestStep{Config: audit(""), Check: func(*terraform.State) error {
					written(t, pve, "by-journald", `'"MESSAGE":"by-journald"'`)
					return nil
				}},
			)
		})
	}
}

const securityLog = "/var/log/ops-security.log"

// await repeats a condition of a shell until it holds, for half a minute.
func await(condition string) string {
	return "for i in $(seq 150); do " + condition + " && break; sleep 0.2; done\n"
}

// written sends a message and waits until the log has what is searched for.
func written(t *testing.T, node *lab.Node, message, wanted string) {
	t.Helper()
	found := fmt.Sprintf("grep -qF -- %s %s", wanted, securityLog)
	if got := shell(t, node, "logger -p auth.info "+message+"\n"+await(found)+found+" && echo yes || tail -n 5 "+securityLog); got != "yes" {
		t.Errorf("%s does not arrive; the log ends with\n%s", message, got)
	}
}

// sendersAreTold has a user send what looks like sudo's own record, and PVE's daemon report a login. What sends lives
// for two seconds: journald reads the program of a message from /proc, and has none of a process that is gone (so say
// the docs).
func sendersAreTold(t *testing.T, node *lab.Node) {
	t.Helper()
	shell(t, node, `runuser -u agent -- sudo -n /usr/bin/sleep 2
		runuser -u agent -- logger -t sudo -p authpriv.notice '   carol : PWD=/ ; USER=root ; COMMAND=/usr/bin/forged","_EXE":"/usr/bin/sudo","_UID":"0'
		runuser -u agent -- logger -t sudo -p authpriv.notice -- "$(printf 'a byte that is no UTF-8: \377 /usr/bin/bytes')"
		systemd-run --quiet --wait --unit=pvedaemon.service sh -c '(echo successful auth for user root@pam; sleep 2) | logger -p daemon.info'
		logger -p daemon.info 'of no concern'; logger -p auth.info last`+"\n"+await(`grep -qF '"MESSAGE":"last"' `+securityLog))
	for what, wanted := range map[string]struct {
		search string
		lines  string
	}{
		"sudo's own record":            {`grep -F '"_EXE":"/usr/bin/sudo"' LOG | grep -c 'COMMAND=/usr/bin/sleep 2"'`, "1"},
		"the forged record":            {`grep -F 'COMMAND=/usr/bin/forged' LOG | grep -cvF '"_UID":"0"'`, "1"},
		"fields that a message writes": {`grep -F 'COMMAND=/usr/bin/forged' LOG | grep -cF '"_EXE":"/usr/bin/sudo"' || true`, "0"},
		"a login at Proxmox VE":        {`grep -F '"_SYSTEMD_UNIT":"pvedaemon.service"' LOG | grep -cF 'successful auth'`, "1"},
		"other messages":               {`grep -c 'of no concern' LOG || true`, "0"},
		"bytes that are no text":       {`grep -c '"MESSAGE":\[97,32,98,121,116,101' LOG`, "1"},
		"lines that are no object":     {`grep -vc '^{.*}$' LOG || true`, "0"},
	} {
		if got := shell(t, node, strings.ReplaceAll(wanted.search, "LOG", securityLog)); got != wanted.lines {
			t.Errorf("%s: %s lines, want %s", what, got, wanted.lines)
		}
	}
}

// eachOnce sends numbered messages while the collector is killed, the file rotated, and the disk full.
func eachOnce(t *testing.T, node *lab.Node) {
	t.Helper()
	got := shell(t, node, `set +e
		send() { for n in $(seq "$1" "$2"); do logger -p auth.info "number $n"; done; }
		unit=pvesec-security-ops.service log=`+securityLog+`
		whole() { grep -qF "number $1\"" "$log"; }
		send 100 139; `+await("whole 139")+`
		systemctl kill --signal=KILL "$unit"; send 140 149; `+await("whole 149")+`
		systemctl kill --signal=KILL "$unit"; printf '{"cut off' >>"$log"; send 150 159; `+await("whole 159")+`
		send 160 199 & logrotate -f /etc/logrotate.d/pvesec-audit-ops; wait; `+await("whole 199")+`
		logrotate -f /etc/logrotate.d/pvesec-audit-ops; systemctl restart "$unit"; send 200 209; `+await("whole 209")+`
		dd if=/dev/zero of=/var/tmp/full bs=64k 2>/dev/null; cat /dev/zero >>/var/tmp/full 2>/dev/null
		[ "$(df --output=avail /var/log | tail -n 1 | tr -d ' ')" = 0 ] || echo 'the disk is not full'
		send 210 214; sleep 1; logrotate -f /etc/logrotate.d/pvesec-audit-ops; systemctl restart "$unit"; send 215 219; sleep 1; rm /var/tmp/full; `+await("whole 219")+`
		for f in "$log"*; do case $f in *.gz) zcat "$f" ;; *) cat "$f" ;; esac; done | grep '^{.*}$' | grep -o 'number [0-9]*' | sort | uniq -c | awk '{ print $1 }' | sort | uniq -c | awk '{ print $1 " messages " $2 " times" }'`)
	if got != "120 messages 1 times" {
		t.Errorf("got %s, want 120 messages 1 times\n%s", got, shell(t, node, "ls -l "+securityLog+"*; df /var/log; tail -n 3 "+securityLog+"; journalctl --no-pager -n 20 -u pvesec-security-ops.service"))
	}
}

// droppedAreTold has the journal drop messages of one who sends too many.
func droppedAreTold(t *testing.T, node *lab.Node) {
	t.Helper()
	got := shell(t, node, `set +e
		mkdir -p /etc/systemd/journald.conf.d; printf '[Journal]\nRateLimitIntervalSec=2s\nRateLimitBurst=20\n' >/etc/systemd/journald.conf.d/test.conf; systemctl restart systemd-journald
		systemd-run --quiet --wait --unit=loud.service sh -c 'for i in $(seq 60); do seq 300 | logger -p user.notice; sleep 0.1; done'
		`+await("grep -qF 'Suppressed ' "+securityLog)+`
		grep -q '"MESSAGE":"Suppressed [0-9]* messages from loud.service"' `+securityLog+` && echo told
		rm -r /etc/systemd/journald.conf.d; systemctl restart systemd-journald`)
	if got != "told" {
		t.Errorf("nothing tells of messages that the journal dropped: %q", got)
	}
}
