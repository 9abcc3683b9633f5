package auditlab_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// probe sends a probe and says what became of it.
func (a *audited) probe(patience time.Duration) *hardening.ProbeResult {
	a.t.Helper()
	result, err := a.audit.Probe(a.t.Context(), a.pool, a.target(), patience)
	if err != nil {
		a.t.Fatal(err)
	}
	return result
}

// breaks sees to it that a probe names what is broken, and nothing else.
func (a *audited) breaks(what string, wanted ...string) {
	a.t.Helper()
	got := a.probe(3 * time.Second).Broken
	if len(got) != len(wanted) {
		a.t.Errorf("%s: the probe tells %q, want %q", what, got, wanted)
		return
	}
	for i := range wanted {
		if !strings.Contains(got[i], wanted[i]) {
			a.t.Errorf("%s: the probe tells\n%q, want\n%q", what, got[i], wanted[i])
		}
	}
}

// traces lists what a probe could leave but records.
const traces = `find /etc /root /home /mnt /media /run/pvesec /run/sudo /var/lib/sudo /var/spool /tmp /var/tmp -path /etc/pvesec -prune -o -printf '%y %m %u %p %s\n' 2>/dev/null | sort
cat /proc/self/mountinfo | wc -l; cat /etc/sudoers /etc/sudoers.d/* | sha256sum; runuser -u agent -- sudo -n -l | tail -n +2`

// forger sends as agent what sudo would send, with the mark of each probe that sudo logs.
const forger = `while :; do
	for mark in $(grep -o "pvesec-probe-[0-9a-f]*-[0-9]*" /var/log/ops/sudo-agent.log | sort -u); do
		runuser -u agent -- logger -t sudo -p authpriv.notice "forged: agent : PWD=/ ; USER=root ; COMMAND=/usr/bin/true $mark"
	done
	sleep 0.1
done`

// TestProbe: each record of a healthy trail is found, nothing but the records is left, and whatever breaks the chain is
// named.
func TestProbe(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			a := install(t, lab.NodeSpec{Name: "pve1", Suite: suite}, logging("%empty", "%helpers", "agent", "ghost"))
			a.run("groupadd empty; groupadd helpers; useradd -m -G helpers helper; runuser -u agent -- sudo -n /usr/bin/id; usermod -a -G helpers agent")
			before := a.run(traces)
			result := a.probe(hardening.ProbePatience)
			if len(result.Broken) > 0 {
				t.Errorf("the probe of a healthy trail tells %q", result.Broken)
			}
			if want := []string{"ghost: the node has no such account"}; !slices.Equal(result.Unproven, want) || !slices.Equal(result.Empty, []string{"%empty"}) {
				t.Errorf("not tried: %q, want %q; empty %q", result.Unproven, want, result.Empty)
			}
			if want := []string{
				"the authentication event in /var/log/ops/security.log",
				"the sudo command of %helpers (tried as helper) in /var/log/ops/sudo-helpers.log", "the recording of %helpers (tried as helper) in /var/log/ops/sudo-io/helper",
				"the sudo command of %helpers (tried as helper) in /var/log/ops/security.log",
				"the sudo command of agent in /var/log/ops/sudo-agent.log", "the recording of agent in /var/log/ops/sudo-io/agent", "the sudo command of agent in /var/log/ops/security.log",
			}; !slices.Equal(result.Found, want) {
				t.Errorf("found %q, want %q", result.Found, want)
			}
			if after := a.run(traces); after != before {
				t.Errorf("the probe left something:\nbefore\n%s\nafter\n%s", before, after)
			}

			a.audit.Subjects = []string{"agent"}
			a.run("systemctl stop pvesec-security-ops.service")
			a.breaks("the collector is stopped", "an authentication event was sent and is in the journal, but pvesec-security-ops.service did not write it to /var/log/ops/security.log",
				"sudo ran the probe of agent and the journal has it, but pvesec-security-ops.service did not write it to /var/log/ops/security.log")
			a.run("systemctl start pvesec-security-ops.service; printf 'Defaults:agent !logfile\\n' >/etc/sudoers.d/zz; chmod 0440 /etc/sudoers.d/zz")
			a.breaks("another file switches the log off", "sudo ran the probe of agent, but sudo did not write it to /var/log/ops/sudo-agent.log")
			a.run("printf 'Defaults:agent !log_output\\n' >/etc/sudoers.d/zz")
			a.breaks("another file switches the recordings off", "sudo ran the probe of agent, but sudoreplay does not list a recording of it in /var/log/ops/sudo-io/agent")
			a.run("printf 'Defaults !syslog\\n' >/etc/sudoers.d/zz")
			a.breaks("another file switches syslog off", "sudo ran the probe of agent, but did not send it to the journal")
			a.run("systemd-run --quiet --unit=forger sh -c '" + forger + "'")
			a.breaks("another file switches syslog off, and somebody who sees the mark of the probe sends records that look the same", "sudo ran the probe of agent, but did not send it to the journal")
			a.run("systemctl stop forger.service; grep -c forged /var/log/ops/security.log; printf 'Defaults requiretty\\n' >/etc/sudoers.d/zz")
			if r := a.probe(3 * time.Second); len(r.Unproven) != 1 || !strings.Contains(r.Unproven[0], "you must have a tty") || len(r.Broken) > 0 {
				t.Errorf("where sudo refuses, the probe tells %q and %q", r.Broken, r.Unproven)
			}
			a.run("rm /etc/sudoers.d/zz")
			a.breaks("all is well again")
		})
	}
}

// TestProbeOfEveryone: settings for all users are tried as nobody, and rsyslog is a collector too.
func TestProbeOfEveryone(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			everyone := logging()
			everyone.SecurityLog.Collector = hardening.Rsyslog
			a := install(t, lab.NodeSpec{Name: "pve1", Suite: suite}, everyone)
			result := a.probe(hardening.ProbePatience)
			if len(result.Broken)+len(result.Unproven) > 0 || len(result.Found) != 4 {
				t.Errorf("broken %q, not tried %q, found %q", result.Broken, result.Unproven, result.Found)
			}
			a.run("systemctl stop rsyslog.service syslog.socket")
			a.breaks("rsyslog is stopped", "is in the journal, but rsyslog.service did not write it", "the journal has it, but rsyslog.service did not write it")
		})
	}
}

// TestProbeOfSlowSubjects: however many subjects there are and however long sudo takes for each, the records of all are
// looked for.
func TestProbeOfSlowSubjects(t *testing.T) {
	t.Parallel()
	a := install(t, lab.NodeSpec{Name: "pve1"}, logging("agent", "bob", "carol", "dave", "eve"))
	a.run("for name in bob carol dave eve; do useradd -m $name; done; sed -i '1a session required pam_exec.so /usr/bin/sleep 13' /etc/pam.d/sudo")
	if result := a.probe(hardening.ProbePatience); len(result.Broken)+len(result.Unproven) > 0 || len(result.Tried) != 5 {
		t.Errorf("the probe tells %+v", result)
	}
}

// TestProbeOfAJournalThatStoresNothing: the probe says so, at once.
func TestProbeOfAJournalThatStoresNothing(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			a := install(t, lab.NodeSpec{Name: "pve1", Suite: suite}, logging("agent"))
			a.run("mkdir -p /etc/systemd/journald.conf.d; printf '[Journal]\\nStorage=none\\n' >/etc/systemd/journald.conf.d/zz.conf; systemctl restart systemd-journald.service")
			result := a.probe(time.Hour)
			if len(result.Broken) != 1 || !strings.Contains(result.Broken[0], "journald stores nothing (Storage=none, journald.conf(5))") || len(result.Found) != 2 {
				t.Errorf("the probe tells %+v", result)
			}
		})
	}
}
