package auditlab_test

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab/kerneltest"
)

const (
	stopped = "pvesec-security-ops.service is inactive: nothing is written to /var/log/ops/security.log"
	masked  = "pvesec-security-ops.service is masked: nothing is written to /var/log/ops/security.log"
	behind  = "records of the journal are not in /var/log/ops/security.log after more than a minute"
	lost    = "the journal begins later than /var/log/ops/security.log ends: what came between is lost"
)

// TestHealthNotices: each fault of a node is noticed, breaks no read, and is forgotten when it is mended.
func TestHealthNotices(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			a := install(t, lab.NodeSpec{Name: "pve1", Suite: suite, DiskMiB: 128}, logging("agent"))
			a.notices("a new trail")
			a.run("runuser -u agent -- sudo -n /usr/bin/id; for i in $(seq 50); do logger -p auth.info \"number $i\"; done & logrotate -f /etc/logrotate.d/pvesec-audit-ops; wait")
			a.notices("a rotation while records are written")

			a.run("systemctl stop pvesec-security-ops.service")
			a.notices("a service is stopped", stopped)
			a.run("ln -sf /dev/null /etc/systemd/system/pvesec-security-ops.service; systemctl daemon-reload")
			a.notices("a service is masked", masked)
			a.apply()
			a.notices("an apply mends it")

			if err := a.FillDisk(t.Context()); err != nil {
				t.Fatal(err)
			}
			full := "less than 5 % of the space of the file system of "
			a.notices("the disk is full", full+"/var/log is free", full+"/var/log/ops is free", full+"/var/log/ops/sudo-io is free")
			if err := a.FreeDisk(t.Context()); err != nil {
				t.Fatal(err)
			}
			a.notices("there is room again")

			a.run("mv /var/log/ops /var/log/ops.old; mkdir /var/log/elsewhere; ln -s /var/log/elsewhere /var/log/ops")
			a.notices("a directory is replaced by a link", "/var/log/ops is a symbolic link and not a directory", "/var/log/ops/sudo-io is not there")
			a.run("rm /var/log/ops; mv /var/log/ops.old /var/log/ops; chown agent /var/log/ops")
			a.notices("a directory is a user's", "/var/log/ops belongs to user "+a.run("id -u agent")+", who can put something else in the place of the logs")
			a.run("chown root /var/log/ops; chmod 0777 /var/log/ops")
			a.notices("everyone may write to a directory", "everyone may write to /var/log/ops and put something else in the place of the logs")
			a.run("chmod 0755 /var/log/ops")

			a.run("touch -d '2 minutes ago' /var/log/ops/sudo-agent.log")
			a.notices("sudo records and does not log", "sudo has made recordings since it last wrote to /var/log/ops/sudo-agent.log")
			a.run("runuser -u agent -- sudo -n /usr/bin/id")
			a.notices("sudo logs again")
		})
	}
}

// TestHealthOfAStuckCollector: a collector that runs and does nothing is noticed, and that the journal was deleted
// meanwhile.
func TestHealthOfAStuckCollector(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			a := install(t, lab.NodeSpec{Name: "pve1", Suite: suite}, logging("agent"))
			a.run("logger -p auth.info first; for i in $(seq 100); do grep -q first /var/log/ops/security.log && break; sleep 0.1; done; systemctl kill --signal=STOP pvesec-security-ops.service; logger -p auth.info second")
			a.notices("it stands still", behind)
			a.run("journalctl --rotate; journalctl --vacuum-time=1s; logger -p auth.info third")
			a.notices("the journal was deleted", behind, lost)
			a.run("systemctl kill --signal=KILL pvesec-security-ops.service; for i in $(seq 100); do grep -q third /var/log/ops/security.log && break; sleep 0.2; done")
			a.notices("it goes on")
			if got := a.run("grep -c '\"MESSAGE\":\"third\"' /var/log/ops/security.log; grep -F 'does not have what came after' /var/log/ops/security.log | grep -cF '\"_UID\":\"0\"'"); got != "1\n1" {
				t.Errorf("the log has %q of what came after the gap, and of what tells of the gap", got)
			}
		})
	}
}

// TestHealthOverReboots: after a power cut and a start the trail goes on by itself, with every record once.
func TestHealthOverReboots(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			a := install(t, lab.NodeSpec{Name: "pve1", Suite: suite}, logging("agent"))
			a.run("logger -p auth.info 'number 1'; for i in $(seq 100); do grep -q 'number 1' /var/log/ops/security.log && break; sleep 0.1; done; logger -p auth.info 'number 2'; journalctl --sync")
			a.Kill()
			if err := a.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			a.run("logger -p auth.info 'number 3'")
			a.notices("a reboot")
			const count = `grep -o '"MESSAGE":"number [0-9]"' /var/log/ops/security.log | sort | uniq -c | awk '{ print $1 $3 }'`
			if got := a.run("for i in $(seq 100); do grep -q 'number 3' /var/log/ops/security.log && break; sleep 0.1; done\n" + count); got != "11\"\n12\"\n13\"" {
				t.Errorf("the log has %s", got)
			}
		})
	}
}

// TestHealthOverClockJumps: a clock that went forward and back again is noticed. Only a node with its own kernel has a
// clock of its own.
func TestHealthOverClockJumps(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			kerneltest.Run(t, func(t *testing.T) {
				t.Helper()
				healthOverClockJumps(t, suite)
			})
		})
	}
}

func healthOverClockJumps(t *testing.T, suite lab.Suite) {
	t.Helper()
	a := install(t, lab.NodeSpec{Name: "pve1", Suite: suite, Kernel: true}, logging("agent"))
	a.run("date -s '+30 days'; runuser -u agent -- sudo -n /usr/bin/id; for i in $(seq 100); do grep -q 'COMMAND=/usr/bin/id' /var/log/ops/security.log && break; sleep 0.1; done; date -s '-30 days'")
	const back = "the clock of the node has gone back"
	got := strings.Join(a.health().Problems, "; ")
	for _, want := range []string{"one of the last records of /var/log/ops/security.log has a time that is yet to come: " + back, "/var/log/ops/sudo-agent.log was written at a time that is yet to come: " + back} {
		if !strings.Contains(got, want) {
			t.Errorf("health tells %q, want %q", got, want)
		}
	}
}
