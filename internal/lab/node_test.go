//go:build linux

package lab

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSuites proves on both releases that what the provider works with is the real thing.
func TestSuites(t *testing.T) {
	t.Parallel()
	versions := map[Suite]struct{ debian, sudo string }{
		Bookworm: {"12", "1.9.13p3"},
		Trixie:   {"13", "1.9.16p2"},
	}
	for _, suite := range Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := ForTest(t, ClusterSpec{Nodes: []NodeSpec{{Name: "alpha", Suite: suite}}})
			n := c.Nodes[0]

			// What comes over the network is the same machine as what is entered directly.
			client := login(t, c, n)
			if got := remote(t, client, "hostname"); got != "alpha\n" {
				t.Errorf("the host name over ssh is %q", got)
			}
			if got := remote(t, client, "cat /etc/machine-id"); got != shell(t, n, "cat /etc/machine-id") {
				t.Errorf("ssh reaches another machine: its id is %q", got)
			}
			contains(t, shell(t, n, ". /etc/os-release; echo $VERSION_ID"), versions[suite].debian)
			contains(t, remote(t, client, "sudo -V"), "Sudo version "+versions[suite].sudo)
			if got := shell(t, n, "ps -o comm= -p 1"); got != "systemd\n" {
				t.Errorf("process 1 is %q", got)
			}
			if got := shell(t, n, "systemctl is-system-running"); got != "running\n" {
				t.Errorf("systemd is %q", got)
			}
			shell(t, n, "systemctl is-active ssh rsyslog cron dbus systemd-journald systemd-logind")
			contains(t, shell(t, n, "hostname -f"), "alpha.")
			if got := shell(t, n, "ip -o link | wc -l"); strings.TrimSpace(got) != "1" {
				t.Errorf("the node has a way out: %s", shell(t, n, "ip -o link"))
			}

			checkSudo(t, n)
			checkLogging(t, n)
			if _, err := n.Exec(t.Context(), "", "date", "-s", "2001-01-01"); err == nil {
				t.Error("the node could set the machine's clock")
			}
		})
	}
}

// checkSudo tries a policy from its check by visudo to its effect.
func checkSudo(t *testing.T, n *Node) {
	t.Helper()
	shell(t, n, "useradd --create-home alice")
	const policy = "alice ALL=(root) NOPASSWD: /usr/bin/id\n"
	if err := n.WriteFile(t.Context(), "/etc/sudoers.d/alice", policy, 0o440); err != nil {
		t.Fatal(err)
	}
	contains(t, shell(t, n, "visudo -c"), "/etc/sudoers.d/alice: parsed OK")
	if got := shell(t, n, "runuser -u alice -- sudo -n /usr/bin/id -u"); got != "0\n" {
		t.Errorf("sudo made alice %q", got)
	}
	if out, err := n.Shell(t.Context(), "runuser -u alice -- sudo -n /usr/bin/cat /etc/shadow"); err == nil {
		t.Errorf("sudo allowed what no rule allows: %s", out)
	}
	contains(t, shell(t, n, "sudo -l -U alice"), "NOPASSWD: /usr/bin/id")
	_, err := n.Exec(t.Context(), "alice ALL=(ALL NOPASSWD: ALL\n", "visudo", "-cf", "-")
	var failed *ExecError
	if !errors.As(err, &failed) || failed.Code != 1 {
		t.Errorf("visudo let a syntax error pass: %v", err)
	}
}

// checkLogging follows a message of sudo into rsyslog's file and into the journal.
func checkLogging(t *testing.T, n *Node) {
	t.Helper()
	shell(t, n, `
		runuser -u alice -- sudo -n /usr/bin/id >/dev/null
		for attempt in $(seq 100); do
			grep -q 'COMMAND=/usr/bin/id' /var/log/auth.log && journalctl -t sudo | grep -q 'COMMAND=/usr/bin/id' && exit
			sleep 0.1
		done
		echo 'the message did not arrive' >&2
		exit 1`)
}

func TestWithoutSudo(t *testing.T) {
	t.Parallel()
	c := ForTest(t, ClusterSpec{Nodes: []NodeSpec{{Suite: Bookworm, WithoutSudo: true}, {Suite: Trixie, WithoutSudo: true}}})
	for _, n := range c.Nodes {
		if out, err := n.Shell(t.Context(), "command -v sudo visudo || ls /etc/sudoers /etc/sudoers.d"); err == nil {
			t.Errorf("%s (%s) has sudo: %s", n.Name, n.Suite, out)
		}
		if err := n.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Shell(t.Context(), "command -v sudo"); err == nil {
			t.Errorf("%s (%s) has sudo again after a reset", n.Name, n.Suite)
		}
	}
}

// TestPower cuts a node's power under an open connection and brings it back.
func TestPower(t *testing.T) {
	t.Parallel()
	c := ForTest(t, ClusterSpec{})
	n := c.Nodes[0]
	shell(t, n, "echo kept >/root/file")
	before := dial(t, n)
	if _, err := greeting(before, patience); err != nil {
		t.Fatal(err)
	}

	n.Kill()
	if n.Running() {
		t.Error("the node runs without power")
	}
	if _, err := n.Exec(t.Context(), "", "true"); !errors.Is(err, errOff) {
		t.Errorf("a command on a node without power: %v", err)
	}
	if line, err := greeting(before, 100*time.Millisecond); !isTimeout(err) {
		t.Errorf("a connection to a node that lost its power got %q, %v; it should stand still", line, err)
	}

	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := greeting(before, patience); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection from before the power cut: %v, want a reset", err)
	}
	if got := remote(t, login(t, c, n), "cat /root/file"); got != "kept\n" {
		t.Errorf("the disk lost a file: %q", got)
	}
	if got := shell(t, n, "systemctl is-system-running"); got != "running\n" {
		t.Errorf("after the power's return systemd is %q", got)
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	c := ForTest(t, ClusterSpec{Nodes: make([]NodeSpec, 2)})
	for _, n := range c.Nodes {
		shell(t, n, "useradd mallory; echo mallory >/etc/sudoers.d/x; rm /etc/ssh/ssh_host_*; chattr +i /etc/sudoers.d/x")
		n.Link().Cut()
	}
	if err := c.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		if out, err := n.Shell(t.Context(), "id mallory || ls /etc/sudoers.d/x"); err == nil {
			t.Errorf("%s is not pristine: %s", n.Name, out)
		}
		remote(t, login(t, c, n), "true") // same key, same host key, a link that is whole
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, suite := range Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := ForTest(t, ClusterSpec{Nodes: []NodeSpec{{Suite: suite, DiskMiB: 64}}})
			n := c.Nodes[0]
			ctx := t.Context()
			write := func(path string) error { return n.WriteFile(ctx, path, strings.Repeat("x", 1<<20), 0o644) }
			faults := []struct {
				name       string
				begin, end func() error
				paths      []string
				message    string
			}{
				{"read-only", func() error { return n.ReadOnly(ctx) }, func() error { return n.ReadWrite(ctx) },
					[]string{"/etc/sudoers.d/a", "/var/lib/a", "/root/a"}, "Read-only file system"},
				{"full", func() error { return n.FillDisk(ctx) }, func() error { return n.FreeDisk(ctx) },
					[]string{"/etc/sudoers.d/b", "/var/lib/b"}, "No space left on device"},
				{"immutable", func() error { return n.Immutable(ctx, "/etc/sudoers") }, func() error { return n.Mutable(ctx, "/etc/sudoers") },
					[]string{"/etc/sudoers"}, "Operation not permitted"},
			}
			for _, fault := range faults {
				if err := fault.begin(); err != nil {
					t.Fatalf("%s: %v", fault.name, err)
				}
				for _, path := range fault.paths {
					if err := write(path); err == nil || !strings.Contains(err.Error(), fault.message) {
						t.Errorf("%s: writing %s gave %v", fault.name, path, err)
					}
				}
				if err := fault.end(); err != nil {
					t.Fatalf("ending %s: %v", fault.name, err)
				}
				for _, path := range fault.paths {
					if err := write(path); err != nil {
						t.Errorf("after %s: %v", fault.name, err)
					}
				}
			}
		})
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	n := ForTest(t, ClusterSpec{}).Nodes[0]
	ctx := t.Context()
	const path, content = "/opt/new/dir/it's $a file", "one\ntwo\x00three"
	if err := n.WriteFile(ctx, path, content, 0o640); err != nil {
		t.Fatal(err)
	}
	if got, err := n.ReadFile(ctx, path); err != nil || got != content {
		t.Errorf("read %q, %v", got, err)
	}
	if got := shell(t, n, `stat -c '%a %U' /opt/new/dir/*`); got != "640 root\n" {
		t.Errorf("mode and owner are %q", got)
	}
	if err := n.Remove(ctx, "/opt/new"); err != nil {
		t.Fatal(err)
	}
	var failed *ExecError
	if _, err := n.ReadFile(ctx, path); !errors.As(err, &failed) || !strings.Contains(failed.Stderr, "No such file") {
		t.Errorf("reading what was removed: %v", err)
	}
	if _, err := n.Exec(ctx, "", "no-such-command"); !errors.As(err, &failed) || failed.Code != 127 {
		t.Errorf("a missing command: %v", err)
	}
	if errors.Is(failed, fs.ErrNotExist) {
		t.Error("a command missing on the node is told as a file missing here")
	}
}
