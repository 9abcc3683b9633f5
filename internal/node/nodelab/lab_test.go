//go:build linux

package nodelab_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// start boots one Debian 12 and one Debian 13 node.
func start(t *testing.T) *lab.Cluster {
	t.Helper()
	return lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve8", Suite: lab.Bookworm}, {Name: "pve9", Suite: lab.Trixie}}})
}

func newPool(t *testing.T, c *lab.Cluster, user string) *node.Pool {
	t.Helper()
	return poolOf(t, node.Config{User: user, PrivateKey: c.SSHKeyPEM, KnownHosts: c.KnownHosts()})
}

// poolOf makes a pool whose patience suits a lab.
func poolOf(t *testing.T, cfg node.Config) *node.Pool {
	t.Helper()
	cfg.Timing = node.Timing{Keepalive: time.Second, Silence: 4 * time.Second, Confirm: 6 * time.Second, Settle: 8 * time.Second}
	p, err := node.NewPool(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func target(n *lab.Node) node.Target {
	return node.Target{Name: n.Name, Address: n.Address, Port: n.Port}
}

// shell runs a script on the node from outside of SSH.
func shell(t *testing.T, n *lab.Node, script string) string {
	t.Helper()
	out, err := n.Shell(t.Context(), script)
	if err != nil {
		t.Fatalf("%s: %v\n%s", n.Name, err, out)
	}
	return strings.TrimSpace(out)
}

// snapshot lists everything a transaction may touch, with type, mode, owner, content and extended attributes such as
// immutability.
func snapshot(t *testing.T, n *lab.Node) string {
	t.Helper()
	return shell(t, n, `
		find /etc/sudoers /etc/sudoers.d /etc/rsyslog.d /etc/logrotate.d /etc/pvesec /var/backups/pvesec /var/log/pvesec.log -printf '%y %m %u:%g %n %p %l\n' 2>/dev/null | sort -k5
		find /etc/sudoers /etc/sudoers.d /etc/rsyslog.d /etc/logrotate.d -type f -exec sha256sum {} + | sort -k2`)
}

func policy(content string) node.File {
	return node.File{Path: "/etc/sudoers.d/agent", Content: []byte(content), Mode: 0o440, Validate: node.Sudoers}
}

const oldPolicy = "agent ALL=(root) NOPASSWD: /usr/bin/true\n"

// reset gives a node the state that every test starts from.
func reset(t *testing.T, n *lab.Node) {
	t.Helper()
	shell(t, n, `rm -rf /etc/pvesec /var/backups/pvesec /var/log/pvesec.log /etc/rsyslog.d/*pvesec* /etc/logrotate.d/pvesec; id agent >/dev/null 2>&1 || useradd -m agent`)
	if err := n.WriteFile(t.Context(), "/etc/sudoers.d/agent", oldPolicy, 0o440); err != nil {
		t.Fatal(err)
	}
}

// valid checks that sudo on the node works and the policy file is what it must be.
func valid(t *testing.T, n *lab.Node, content string) {
	t.Helper()
	shell(t, n, "visudo -c")
	if got := shell(t, n, "cat /etc/sudoers.d/agent"); got != strings.TrimSpace(content) {
		t.Errorf("%s has the policy %q, want %q", n.Name, got, content)
	}
}

// onBoth runs a test on a fresh state of each node.
func onBoth(t *testing.T, c *lab.Cluster, test func(t *testing.T, n *lab.Node)) {
	t.Helper()
	for _, n := range c.Nodes {
		t.Run(n.Name, func(t *testing.T) {
			t.Parallel()
			reset(t, n)
			test(t, n)
		})
	}
}

// TestRealTools installs everything that the real tools accept, and finds nothing to do the second time.
func TestRealTools(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		change := node.Change{
			Target: target(n), Label: "audit logging",
			Files: []node.File{
				policy("Defaults:agent log_output\nagent ALL=(root) NOPASSWD: /usr/bin/id\n"),
				{Path: "/var/log/pvesec.log", Kind: node.EnsureFile, Mode: 0o640, Owner: "root", Group: "adm"},
				{Path: "/etc/rsyslog.d/50-pvesec.conf", Content: []byte("local6.* /var/log/pvesec.log\n"), Mode: 0o644, Validate: node.Rsyslog},
				{Path: "/etc/logrotate.d/pvesec", Content: []byte("/var/log/pvesec.log /var/log/none.log {\n\tweekly\n\trotate 4\n}\n"), Mode: 0o644, Validate: node.Logrotate},
			},
			Expect:          []node.Expect{{Path: "/etc/sudoers.d/agent", Exists: true}},
			RestartServices: []string{"rsyslog"}, RequireActive: []string{"rsyslog"}, RequireCommands: []string{"visudo", "rsyslogd", "logrotate"},
		}
		pid := func() string { return shell(t, n, "systemctl show -p MainPID --value rsyslog") }
		first := pid()
		if err := p.Apply(t.Context(), []node.Change{change}, nil); err != nil {
			t.Fatal(err)
		}
		second := pid()
		if first == second {
			t.Error("rsyslog was not restarted")
		}
		if got := shell(t, n, "sudo -n -u agent sudo -n /usr/bin/id -un"); got != "root" {
			t.Errorf("the new policy is not in force: %q", got)
		}
		o, err := p.Observe(t.Context(), target(n), node.Query{
			Trees: []string{"/etc/sudoers.d"}, Stats: []string{"/var/log/pvesec.log"}, Accounts: []string{"agent"}, Services: []string{"rsyslog", "none"}, Commands: []string{"visudo", "none"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if f := o.Files["/etc/sudoers.d/agent"]; f.Mode != 0o440 || f.Owner != "root" || f.Group != "root" || !strings.Contains(string(f.Content), "/usr/bin/id") {
			t.Errorf("observed %+v", f)
		}
		if f := o.Files["/var/log/pvesec.log"]; f.Mode != 0o640 || f.Group != "adm" {
			t.Errorf("observed %+v", f)
		}
		want := map[string]string{"pve8": "bookworm 1.9.13p3", "pve9": "trixie 1.9.16p2"}[n.Name]
		if got := o.Facts.OSCodename + " " + o.Facts.SudoVersion; got != want || o.Facts.Hostname != n.Name {
			t.Errorf("facts %+v, want %s", o.Facts, want)
		}
		if s := o.Services["rsyslog"]; s.Active != "active" || s.Load != "loaded" || s.Enabled != "enabled" || o.Services["none"].Load != "not-found" {
			t.Errorf("services %+v", o.Services)
		}
		if a := o.Accounts["agent"]; !a.Exists || a.Home != "/home/agent" || o.Commands["visudo"] != "/usr/sbin/visudo" || o.Commands["none"] != "" {
			t.Errorf("account %+v, commands %v", a, o.Commands)
		}
		change.Expect = nil
		before := snapshot(t, n)
		if err := p.Apply(t.Context(), []node.Change{change}, nil); err != nil {
			t.Fatal(err)
		}
		if after := snapshot(t, n); after != before || pid() != second {
			t.Errorf("the second time changed something:\n%s\nbefore:\n%s", after, before)
		}
		// The documented way back.
		shell(t, n, "cp -p /var/backups/pvesec/etc-sudoers.d-agent/* /etc/sudoers.d/agent && visudo -c")
		valid(t, n, oldPolicy)
	})
}

// TestRealFaults: every fault leaves the node exactly as it was, with an error that says what is wrong.
func TestRealFaults(t *testing.T) { //nolint:tparallel // what shares a node runs one after the other
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	good := policy("agent ALL=(root) NOPASSWD: /usr/bin/id\n")
	for _, f := range []struct {
		name   string
		files  []node.File
		fault  func(ctx context.Context, n *lab.Node) error
		repair func(ctx context.Context, n *lab.Node) error
		says   []string
	}{
		{name: "visudo", files: []node.File{policy("agent ALL=(root) NOPASSWD: /usr/bin/id\nDefaults no_such_thing=\"\n")}, says: []string{"visudo on", "/etc/sudoers.d/agent:2:"}},
		{
			name: "alias of another file", files: []node.File{policy("Cmnd_Alias TWICE = /usr/bin/id\nagent ALL=(root) TWICE\n")},
			fault: func(ctx context.Context, n *lab.Node) error {
				return n.WriteFile(ctx, "/etc/sudoers.d/aa", "Cmnd_Alias TWICE = /usr/bin/true\n", 0o440)
			},
			repair: func(ctx context.Context, n *lab.Node) error { return n.Remove(ctx, "/etc/sudoers.d/aa") },
			says:   []string{"visudo on", "the whole configuration with /etc/sudoers.d/agent", "TWICE"},
		},
		{
			name: "rsyslog", files: []node.File{good, {Path: "/etc/rsyslog.d/50-pvesec.conf", Content: []byte("module(load=\"no-such-module\")\n*.* action(type=\"omfwd\n"), Mode: 0o644, Validate: node.Rsyslog}},
			says: []string{"rsyslogd on", "/etc/rsyslog.d/50-pvesec.conf"},
		},
		{
			name: "logrotate", files: []node.File{good, {Path: "/etc/logrotate.d/pvesec", Content: []byte("/var/log/x {\n\tno_such_option\n}\n"), Mode: 0o644, Validate: node.Logrotate}},
			says: []string{"logrotate on", "/etc/logrotate.d/pvesec:2"},
		},
		{name: "disk full", files: []node.File{good}, fault: fill, repair: unfill, says: []string{"is full"}},
		{name: "read-only", files: []node.File{good}, fault: readOnly, repair: readWrite, says: []string{"Read-only file system"}},
		{name: "immutable", files: []node.File{{Path: "/etc/sudoers.d/zz", Content: []byte("# x\n"), Mode: 0o440, Validate: node.Sudoers}, good}, fault: immutable, repair: mutable, says: []string{"/etc/sudoers.d/agent", "immutable"}},
	} {
		t.Run(f.name, func(t *testing.T) {
			onBoth(t, c, func(t *testing.T, n *lab.Node) {
				t.Helper()
				if f.fault != nil {
					if err := f.fault(t.Context(), n); err != nil {
						t.Fatal(err)
					}
				}
				before := snapshot(t, n)
				err := p.Apply(t.Context(), []node.Change{{Target: target(n), Label: "the policy", Files: f.files}}, nil)
				var ae *node.ApplyError
				if !errors.As(err, &ae) || !ae.Clean() {
					t.Errorf("got %v", err)
				} else {
					for _, s := range f.says {
						if !strings.Contains(err.Error(), s) {
							t.Errorf("%q is not said in: %v", s, err)
						}
					}
					t.Log(err)
				}
				if after := snapshot(t, n); after != before {
					t.Errorf("not as before:\n%s\nbefore:\n%s", after, before)
				}
				if f.repair != nil {
					if err := f.repair(t.Context(), n); err != nil {
						t.Fatal(err)
					}
				}
				valid(t, n, oldPolicy)
				if err := p.Apply(t.Context(), []node.Change{{Target: target(n), Label: "the policy", Files: []node.File{good}}}, nil); err != nil {
					t.Errorf("after the repair: %v", err)
				}
			})
		})
	}
}

func fill(ctx context.Context, n *lab.Node) error      { return n.FillDisk(ctx) }
func unfill(ctx context.Context, n *lab.Node) error    { return n.FreeDisk(ctx) }
func readOnly(ctx context.Context, n *lab.Node) error  { return n.ReadOnly(ctx) }
func readWrite(ctx context.Context, n *lab.Node) error { return n.ReadWrite(ctx) }
func immutable(ctx context.Context, n *lab.Node) error {
	return n.Immutable(ctx, "/etc/sudoers.d/agent")
}
func mutable(ctx context.Context, n *lab.Node) error { return n.Mutable(ctx, "/etc/sudoers.d/agent") }

// slow installs a service whose restart takes until /run/go exists, to hold a transaction at the moment when its files
// are in place.
func slow(t *testing.T, n *lab.Node) {
	t.Helper()
	if err := n.WriteFile(t.Context(), "/etc/systemd/system/slow.service",
		"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'touch /run/reached; while [ ! -e /run/go ] && [ ! -e /etc/go ]; do sleep 0.1; done'\n", 0o644); err != nil {
		t.Fatal(err)
	}
	shell(t, n, "rm -f /run/reached /run/go /etc/go; systemctl daemon-reload")
}

// TestRestartsInARow makes more changes within seconds than systemd lets a unit start by itself.
func TestRestartsInARow(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		for i := range 8 {
			change := node.Change{
				Target: target(n), Label: "logging", RestartServices: []string{"rsyslog"}, RequireActive: []string{"rsyslog"},
				Files: []node.File{{Path: "/etc/rsyslog.d/50-row.conf", Content: fmt.Appendf(nil, "local6.* /var/log/row%d.log\n", i), Mode: 0o644, Validate: node.Rsyslog}},
			}
			if err := p.Apply(t.Context(), []node.Change{change}, nil); err != nil {
				t.Fatalf("change %d: %v", i, err)
			}
		}
	})
}

// TestRetiredUnits: a timer fires while the files of its service go. What ran or failed then is not listed by systemd
// for as long as the node runs.
func TestRetiredUnits(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	const timer, failing, running = "/etc/systemd/system/pvesec-test.timer", "/etc/systemd/system/pvesec-test.service", "/etc/systemd/system/pvesec-run.service"
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		file := func(path, text string) node.File {
			return node.File{Path: path, Content: []byte(text), Mode: 0o644}
		}
		first := node.Change{
			Target: target(n), Label: "units", RestartServices: []string{"pvesec-test.timer"}, RequireActive: []string{"pvesec-test.timer"},
			Files: []node.File{
				file(timer, "[Timer]\nOnCalendar=2199-01-01\n"), file(failing, "[Service]\nExecStart=/bin/false\n"), file(running, "[Service]\nExecStart=/bin/sleep infinity\n"),
			},
		}
		if err := p.Apply(t.Context(), []node.Change{first}, nil); err != nil {
			t.Fatal(err)
		}
		shell(t, n, "systemctl start pvesec-run.service; systemctl start pvesec-test.service; for i in $(seq 600); do ! systemctl is-failed -q pvesec-test.service || exit 0; sleep 0.1; done; exit 1")
		last := node.Change{Target: target(n), Label: "units", RestartServices: []string{"pvesec-test.timer"}}
		for _, path := range []string{timer, failing, running} {
			last.Files = append(last.Files, node.File{Path: path, Kind: node.Absent})
		}
		if err := p.Apply(t.Context(), []node.Change{last}, nil); err != nil {
			t.Fatal(err)
		}
		if got := shell(t, n, "systemctl list-units --all --no-legend 'pvesec-*'; ps -C sleep -o args= | grep infinity || true"); got != "" {
			t.Errorf("left behind: %s", got)
		}
	})
}

// held starts a transaction on both nodes and returns when its new files are in place on the first.
func held(t *testing.T, c *lab.Cluster, p *node.Pool) (result <-chan error) {
	t.Helper()
	var changes []node.Change
	for i, n := range c.Nodes {
		reset(t, n)
		change := node.Change{Target: target(n), Label: "the policy", Files: []node.File{policy("agent ALL=(root) NOPASSWD: /usr/bin/id\n")}}
		if i == 0 {
			slow(t, n)
			change.RestartServices = []string{"slow"}
		}
		changes = append(changes, change)
	}
	done := make(chan error, 1)
	go func() { done <- p.Apply(t.Context(), changes, nil) }()
	shell(t, c.Nodes[0], "for i in $(seq 600); do [ -e /run/reached ] && exit 0; sleep 0.1; done; exit 1")
	return done
}

// TestKilledRemoteShell: SIGKILL of the shell on the node while the new files are in place.
func TestKilledRemoteShell(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	done := held(t, c, p)
	shell(t, c.Nodes[0], "pkill -KILL -f '^/bin/sh -s$'; touch /run/go")
	err := <-done
	var ae *node.ApplyError
	if !errors.As(err, &ae) || !ae.Clean() {
		t.Errorf("got %v", err)
	}
	for _, n := range c.Nodes {
		valid(t, n, oldPolicy)
		if got := shell(t, n, "ls -d /etc/pvesec 2>/dev/null || true"); got != "" {
			t.Errorf("%s: the stage is not gone", n.Name)
		}
	}
}

// TestBrokenLink: the connection is gone without a word while the new files are in place. The node restores by itself.
func TestBrokenLink(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	done := held(t, c, p)
	c.Nodes[0].Link().Cut()
	shell(t, c.Nodes[0], "touch /run/go")
	if err := <-done; err == nil {
		t.Error("applied over a cut link")
	} else {
		t.Log(err)
	}
	valid(t, c.Nodes[1], oldPolicy)
	deadline := time.Now().Add(3 * time.Minute)
	for shell(t, c.Nodes[0], "ls -d /etc/pvesec 2>/dev/null || true") != "" && time.Now().Before(deadline) {
		time.Sleep(time.Second)
	}
	valid(t, c.Nodes[0], oldPolicy)
	c.Nodes[0].Link().Heal()
	if err := p.Apply(t.Context(), []node.Change{{Target: target(c.Nodes[0]), Files: []node.File{policy("# new\n")}}}, nil); err != nil {
		t.Error(err)
	}
}

// TestPowerCut: the node loses power while the new files are in place, and the next transaction restores.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	done := held(t, c, p)
	n := c.Nodes[0]
	n.Kill()
	if err := <-done; err == nil {
		t.Error("applied on a node without power")
	} else {
		t.Log(err)
	}
	valid(t, c.Nodes[1], oldPolicy)
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	shell(t, n, "touch /run/go")
	o, err := p.Observe(t.Context(), target(n), node.Query{})
	if err != nil || !o.Unfinished {
		t.Errorf("observed %+v %v", o, err)
	}
	var steps []string
	err = p.Apply(t.Context(), []node.Change{{
		Target: target(n), Files: []node.File{policy(oldPolicy)}, Expect: []node.Expect{{Path: "/etc/sudoers.d/agent", Exists: true}},
	}}, func(_, step string) { steps = append(steps, step) })
	if err != nil || !strings.Contains(strings.Join(steps, ","), "interrupted") {
		t.Errorf("%v after %q", err, steps)
	}
	valid(t, n, oldPolicy)
}

// TestSudoUser works through the real sudo of both releases, and is told what to add where sudo refuses.
func TestSudoUser(t *testing.T) {
	t.Parallel()
	c := start(t)
	for _, n := range c.Nodes {
		shell(t, n, `useradd -m -s /bin/bash ops; install -d -o ops -m 700 /home/ops/.ssh; install -o ops -m 600 /root/.ssh/authorized_keys /home/ops/.ssh/authorized_keys; echo 'echo Hello from bashrc' >/home/ops/.bashrc`)
	}
	p := newPool(t, c, "ops")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		_, err := p.Observe(t.Context(), target(n), node.Query{})
		var pe *node.PrivilegeError
		if !errors.As(err, &pe) || pe.Kind != node.PasswordNeeded || !strings.Contains(err.Error(), "ops ALL=(root) NOPASSWD: /bin/sh -s") {
			t.Errorf("without a rule: %v", err)
		}
		if err := n.WriteFile(t.Context(), "/etc/sudoers.d/ops", "ops ALL=(root) NOPASSWD: /usr/bin/true\n", 0o440); err != nil {
			t.Fatal(err)
		}
		if _, err = p.Observe(t.Context(), target(n), node.Query{}); !errors.As(err, &pe) {
			t.Errorf("with another rule: %v", err)
		}
		// Exactly the line that the error shows.
		if err := n.WriteFile(t.Context(), "/etc/sudoers.d/ops", "ops ALL=(root) NOPASSWD: /bin/sh -s\n", 0o440); err != nil {
			t.Fatal(err)
		}
		change := node.Change{Target: target(n), Label: "the policy", Files: []node.File{policy("agent ALL=(root) NOPASSWD: /usr/bin/id\n")}}
		if err := p.Apply(t.Context(), []node.Change{change}, nil); err != nil {
			t.Fatal(err)
		}
		valid(t, n, "agent ALL=(root) NOPASSWD: /usr/bin/id\n")
		change.Files = append(change.Files, node.File{Path: "/etc/sudoers.d/ops", Kind: node.Absent, Validate: node.Sudoers})
		err = p.Apply(t.Context(), []node.Change{change}, nil)
		if err == nil || !strings.Contains(err.Error(), "takes away the access that pvesec itself uses") {
			t.Errorf("took its own access away: %v", err)
		}
		if _, err := p.Observe(t.Context(), target(n), node.Query{}); err != nil {
			t.Errorf("after that: %v", err)
		}
		shell(t, n, "apt-get --version >/dev/null; mv /usr/bin/sudo /usr/bin/sudo.away")
		_, err = p.Observe(t.Context(), target(n), node.Query{})
		shell(t, n, "mv /usr/bin/sudo.away /usr/bin/sudo")
		if !errors.As(err, &pe) || pe.Kind != node.SudoMissing {
			t.Errorf("without sudo: %v", err)
		}
	})
}

// TestNotInForce: a policy that sudo does not read is no policy, and is taken back.
func TestNotInForce(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		shell(t, n, "useradd -m listed; cp -p /etc/sudoers /root/sudoers; sed -i /includedir/d /etc/sudoers")
		before := snapshot(t, n)
		change := node.Change{
			Target: target(n), Files: []node.File{policy("listed ALL=(root) NOPASSWD: /usr/bin/id\n")},
			Listed: []node.Listed{{User: "listed", Command: "/usr/bin/id", Path: "/etc/sudoers.d/agent"}, {User: "nobody-here", Command: "/usr/bin/w", Path: "/etc/sudoers.d/agent"}},
		}
		var dead *node.NotInForceError
		if err := p.Apply(t.Context(), []node.Change{change}, nil); !errors.As(err, &dead) || dead.User != "listed" {
			t.Errorf("%s: %v", n.Name, err)
		}
		if after := snapshot(t, n); after != before {
			t.Errorf("%s is not as before:\n%s\nbefore\n%s", n.Name, after, before)
		}
		shell(t, n, "cp -p /root/sudoers /etc/sudoers")
		for i, setting := range []string{"use_pty", "requiretty", "!root_sudo"} { // with the last two sudo does not answer, which says nothing
			shell(t, n, "echo 'Defaults "+setting+"' >/etc/sudoers.d/setting")
			change.Files = []node.File{policy(fmt.Sprintf("listed ALL=(root) NOPASSWD: /usr/bin/id %d\n", i))}
			if err := p.Apply(t.Context(), []node.Change{change}, nil); err != nil {
				t.Errorf("%s, %s: %v", n.Name, setting, err)
			}
		}
	})
}

// TestNoBash: a node needs no bash, neither as a login shell nor at all.
func TestNoBash(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		shell(t, n, "usermod -s /bin/sh root; rm -f /usr/bin/bash /bin/bash; ! command -v bash")
		change := node.Change{Target: target(n), Files: []node.File{policy("# without\n")}}
		if err := p.Apply(t.Context(), []node.Change{change}, nil); err != nil {
			t.Errorf("%s: %v", n.Name, err)
		}
		o, err := p.Observe(t.Context(), target(n), node.Query{Files: []string{"/etc/sudoers.d/agent"}, Trees: []string{"/etc/rsyslog.d"}})
		if err != nil || string(o.Files["/etc/sudoers.d/agent"].Content) != "# without\n" {
			t.Errorf("%s: %v", n.Name, err)
		}
	})
}
