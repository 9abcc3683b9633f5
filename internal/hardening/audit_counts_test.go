package hardening

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// counted reads an answer of which the part before the journal and the part of the journal are given.
func counted(t *testing.T, a AuditLogging, logs, journal []string, users ...string) *AuditCounts {
	t.Helper()
	nodes := newMemoryNodes("pve1")
	nodes.scripts = func(string) string {
		return "since 20270101120000\noldest " + cursorAt(trailClock-100) + "\n" + strings.Join(logs, "\n") + "\njournal\n" + strings.Join(journal, "\n") + "\nend\n"
	}
	counts, err := a.Count(t.Context(), nodes, node.Target{Name: "pve1"}, time.Unix(trailClock, 0), users)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// sent is a record of the journal.
func sent(uid, identifier, unit, message string) string {
	return `{"MESSAGE":"` + message + `","_UID":"` + uid + `","SYSLOG_IDENTIFIER":"` + identifier + `","_SYSTEMD_UNIT":"` + unit + `"}`
}

// TestCountsOfSudo: refusals are counted from each format of sudo's log, from the time on that was asked for, for the
// subject of the log.
func TestCountsOfSudo(t *testing.T) {
	t.Parallel()
	counts := counted(t, auditOf("ops", "%helpers", "agent"), []string{
		"log 0",
		"text Jan  1 12:00:00 2027 : carol : command not allowed",
		"text Jan  1 11:59:59 2027 : carol : command not allowed",
		"json 1800000000 dave user NOT in sudoers",
		"json 1799999999 dave user NOT in sudoers",
		"log 1",
		"text Feb  1 00:00:00 2027 : agent : 3 incorrect password attempts",
		"text Feb  1 00:00:00 2027 : agent : a password is required",
		"text Feb  1 00:00:00 2027 : agent : user NOT authorized on host",
		`compact {"reject":{"reason":"command not allowed","submituser":"agent","server_time":{"seconds":1800000001}}}`,
		`compact {"sudo":{"alert":{"reason":"1 incorrect password attempt","submituser":"agent","server_time":{"seconds":1800000001}}}}`,
		`compact {"sudo":{"reject":{"reason":"command not allowed","submituser":"agent","server_time":{"seconds":1799999999}}}}`,
	}, nil)
	if want := map[string]int64{"%helpers": 2, "agent": 2}; !maps.Equal(counts.Denials, want) {
		t.Errorf("denials %v, want %v", counts.Denials, want)
	}
	if want := map[string]int64{"%helpers": 0, "agent": 3}; !maps.Equal(counts.Failures, want) {
		t.Errorf("failures %v, want %v", counts.Failures, want)
	}
	if len(counts.Gaps) > 0 {
		t.Errorf("not counted: %q", counts.Gaps)
	}
	everyone := counted(t, auditOf("ops"), []string{"log 0", "text Feb  1 00:00:00 2027 : eve : command not allowed"}, nil)
	if want := map[string]int64{"eve": 1}; !maps.Equal(everyone.Denials, want) {
		t.Errorf("denials of everyone %v, want %v", everyone.Denials, want)
	}
}

// TestCountsOfLogins: what counts is who sent a record, and how its message begins. A user who tries to log in chooses
// the name.
func TestCountsOfLogins(t *testing.T) {
	t.Parallel()
	const ssh, pve = "ssh.service", "pvedaemon.service"
	for _, c := range []struct {
		what, record string
		agent        int64
	}{
		{"a password", sent("0", "sshd", ssh, "Failed password for agent from 10.0.0.1 port 4711 ssh2"), 1},
		{"a key", sent("0", "sshd-session", ssh, "Connection closed by authenticating user agent 10.0.0.1 port 4711 [preauth]"), 1},
		{"Proxmox VE", sent("0", "pvedaemon", pve, "authentication failure; rhost=::ffff:10.0.0.1 user=agent@pam msg=Authentication failure"), 1},
		{"another realm", sent("0", "pvedaemon", pve, "authentication failure; rhost=::ffff:10.0.0.1 user=agent@pve msg=Authentication failure"), 0},
		{"sent by a user", sent("1000", "sshd", "session-1.scope", "Failed password for agent from 10.0.0.1 port 4711 ssh2"), 0},
		{"sent by another program of root", sent("0", "backup", "backup.service", "Failed password for agent from 10.0.0.1 port 4711 ssh2"), 0},
		{"Proxmox VE's words of somebody else", sent("0", "sshd", ssh, "authentication failure; rhost=::ffff:10.0.0.1 user=agent@pam msg=no"), 0},
		{"a name that looks like the message", sent("0", "sshd", ssh, "Failed password for invalid user Failed password for agent from 10.0.0.1 port 4711 ssh2 from 10.0.0.1 port 4711 ssh2"), 0},
		{"a message that has it in the middle", sent("0", "sshd", ssh, "Received: Failed password for agent from 10.0.0.1 port 4711 ssh2"), 0},
		{"another user", sent("0", "sshd", ssh, "Failed password for carol from 10.0.0.1 port 4711 ssh2"), 0},
		{"bytes that are no text", `{"MESSAGE":[70,97],"_UID":"0","SYSLOG_IDENTIFIER":"sshd"}`, 0},
	} {
		if got := counted(t, auditOf("ops", "agent"), nil, []string{c.record}).Failures["agent"]; got != c.agent {
			t.Errorf("%s: %d failures, want %d", c.what, got, c.agent)
		}
	}
	root := counted(t, auditOf("ops", "agent"), nil, []string{sent("0", "sshd", ssh, "Failed password for root from 10.0.0.1 port 4711 ssh2")}, "root")
	if root.Failures["root"] != 1 {
		t.Errorf("failures of root: %v", root.Failures)
	}
}

// TestCountsTellGaps: what cannot be counted is said.
func TestCountsTellGaps(t *testing.T) {
	t.Parallel()
	a := auditOf("ops", "agent")
	nodes := newMemoryNodes("pve1")
	nodes.scripts = func(string) string { return "since 20270101120000\noldest " + cursorAt(trailClock+60) + "\njournal\n" }
	a.SudoLog = nil
	counts, err := a.Count(t.Context(), nodes, node.Target{Name: "pve1"}, time.Unix(trailClock, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "the journal begins at 2027-01-15T08:01:00Z: failed logins before that are not counted; not everything was read (status 0): ; sudo writes no log: its denials are not counted"
	if got := strings.Join(counts.Gaps, "; "); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestCountsScript: the program takes refusals from logs as sudo writes them, rotated ones too, and nothing that a user
// wrote into one.
func TestCountsScript(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sudo-agent.log": "Jan  1 12:00:01 2027 : agent : HOST=pve1 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/id : command not allowed ; x\n" +
			"Jan  1 12:00:02 2027 : agent : command not allowed ; HOST=pve1 ; PWD=/a : 3 incorrect password attempts ; USER=root ; COMMAND=/usr/bin/ls\n",
		"sudo-agent.log.1": "{\n    \"accept\": {\n        \"uuid\": \"1\",\n        \"server_time\": {\n            \"seconds\": 5\n        },\n        \"submituser\": \"agent\"\n    },\n" +
			"    \"reject\": {\n        \"uuid\": \"1\",\n        \"reason\": \"user NOT in sudoers\",\n        \"server_time\": {\n            \"seconds\": 1800000007,\n            \"nanoseconds\": 1\n        },\n" +
			"        \"submit_time\": {\n            \"seconds\": 9\n        },\n        \"submituser\": \"agent\",\n        \"runargv\": [\n            \"\\\"reject\\\": {\"\n        ]\n    }\n}\n",
		"other.log": "Jan  1 12:00:02 2027 : agent : command not allowed ; HOST=pve1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "gzip", filepath.Join(dir, "sudo-agent.log.1")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh")
	cmd.Stdin = strings.NewReader(timelyProgram + countsProgram + "refusals 5 0 " + filepath.Join(dir, "sudo-agent.log") + " | sort\n")
	out, err := cmd.CombinedOutput()
	if want := "json 1800000007 agent user NOT in sudoers\nlog 0\ntext Jan  1 12:00:02 2027 : agent : command not allowed\n"; err != nil || string(out) != want {
		t.Errorf("got %q, %v\nwant %q", out, err, want)
	}
}
