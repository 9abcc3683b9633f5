//go:build linux

package nodelab_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// addOps makes a user who logs in with the cluster's key, and gives it a line in sudoers.
func addOps(t *testing.T, n *lab.Node, sudoers string) {
	t.Helper()
	shell(t, n, `id ops >/dev/null 2>&1 || useradd -m -s /bin/bash ops; echo 'ops:correct horse' | chpasswd
		install -d -o ops -m 700 /home/ops/.ssh; install -o ops -m 600 /root/.ssh/authorized_keys /home/ops/.ssh/authorized_keys`)
	if err := n.WriteFile(t.Context(), "/etc/sudoers.d/ops", sudoers, 0o440); err != nil {
		t.Fatal(err)
	}
}

// TestRealAccess: every way to a node with the real sshd and sudo of both releases.
func TestRealAccess(t *testing.T) {
	t.Parallel()
	c := start(t)
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		addOps(t, n, "ops ALL=(root) /bin/sh -s\n")
		change := []node.Change{{Target: target(n), Label: "the policy", Files: []node.File{policy("agent ALL=(root) NOPASSWD: /usr/bin/id\n")}}}
		t.Run("sudo password", func(t *testing.T) {
			cfg := node.Config{User: "ops", PrivateKey: c.SSHKeyPEM, KnownHosts: c.KnownHosts(), SudoPassword: []byte("correct horse")}
			if err := poolOf(t, cfg).Apply(t.Context(), change, nil); err != nil {
				t.Error(err)
			}
			valid(t, n, "agent ALL=(root) NOPASSWD: /usr/bin/id\n")
			cfg.SudoPassword = []byte("wrong")
			_, err := poolOf(t, cfg).Observe(t.Context(), target(n), node.Query{})
			var pe *node.PrivilegeError
			if !errors.As(err, &pe) || pe.Kind != node.WrongPassword {
				t.Errorf("a wrong password: %v", err)
			}
			if out, err := n.Shell(t.Context(), `journalctl -q --no-pager | grep -c 'correct horse' || true`); err != nil || strings.TrimSpace(out) != "0" {
				t.Errorf("the password is in the journal: %q %v", out, err)
			}
			addOps(t, n, "ops ALL=(root) NOPASSWD: ALL\n")
			if _, err := poolOf(t, cfg).Observe(t.Context(), target(n), node.Query{}); err != nil {
				t.Errorf("a sudo that needs none: %v", err)
			}
		})
		t.Run("password", func(t *testing.T) {
			shell(t, n, `echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/0-test.conf; systemctl reset-failed ssh; systemctl restart ssh`)
			p := poolOf(t, node.Config{User: "ops", Password: []byte("correct horse"), KnownHosts: c.KnownHosts()})
			if _, err := p.Observe(t.Context(), target(n), node.Query{}); err != nil {
				t.Error(err)
			}
		})
		t.Run("jump host", func(t *testing.T) {
			// A node can only reach itself: it is the jump host and, at its inner address, the node.
			inner := node.Target{Name: n.Name, Address: "127.0.0.1", Port: 22}
			cfg := node.Config{
				PrivateKey: c.SSHKeyPEM, Fingerprints: map[string][]string{n.Name: {n.HostKeyFingerprint("ed25519")}},
				JumpHosts: []node.JumpHost{{Address: n.Address, Port: n.Port, User: "ops", KnownHosts: n.KnownHosts()}},
			}
			if _, err := poolOf(t, cfg).Observe(t.Context(), inner, node.Query{}); err != nil {
				t.Error(err)
			}
			shell(t, n, `echo 'AllowTcpForwarding no' >/etc/ssh/sshd_config.d/0-test.conf; systemctl reset-failed ssh; systemctl restart ssh`)
			_, err := poolOf(t, cfg).Observe(t.Context(), inner, node.Query{})
			shell(t, n, `rm /etc/ssh/sshd_config.d/0-test.conf; systemctl reset-failed ssh; systemctl restart ssh`)
			if err == nil || !strings.Contains(err.Error(), "AllowTcpForwarding") {
				t.Errorf("got %v", err)
			}
		})
	})
}

// narrowed are the ways to narrow a login to what pvesec needs, as the documentation has them, each a script that ends
// in force.
var narrowed = map[string]string{
	"authorized_keys": `key=$(cat /root/.ssh/authorized_keys); echo "command=\"sudo -n /bin/sh -s\",restrict $key" >/home/ops/.ssh/authorized_keys`,
	"sshd_config": `printf 'Match User ops\n  ForceCommand sudo -n /bin/sh -s\n  DisableForwarding yes\n  PermitTTY no\n' >/etc/ssh/sshd_config.d/0-test.conf
		systemctl reset-failed ssh; systemctl restart ssh`,
}

// TestNarrowLogin: a login that is narrowed to the one command that pvesec runs is enough for it, opens no terminal,
// forwards nothing, copies no files and runs no other command. A program on standard input has root's power all the
// same, and the documentation says so.
func TestNarrowLogin(t *testing.T) {
	t.Parallel()
	c := start(t)
	hosts := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(hosts, []byte(c.KnownHosts()), 0o600); err != nil {
		t.Fatal(err)
	}
	known, err := knownhosts.New(hosts)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(c.SSHKeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		for name, script := range narrowed {
			addOps(t, n, "ops ALL=(root) NOPASSWD: /bin/sh -s\n")
			shell(t, n, "rm -f /etc/ssh/sshd_config.d/0-test.conf; systemctl reset-failed ssh; systemctl restart ssh; "+script)
			content := "agent ALL=(root) NOPASSWD: /usr/bin/id # " + name + "\n"
			change := node.Change{Target: target(n), Label: "the policy", Files: []node.File{policy(content)}}
			if err := newPool(t, c, "ops").Apply(t.Context(), []node.Change{change}, nil); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			valid(t, n, content)
			client, err := ssh.Dial("tcp", net.JoinHostPort(n.Address, strconv.Itoa(n.Port)), &ssh.ClientConfig{
				User: "ops", Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: known, HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
			})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			said := func(start func(*ssh.Session) error, stdin string) string {
				session, err := client.NewSession()
				if err != nil {
					t.Fatal(err)
				}
				defer session.Close()
				in, err := session.StdinPipe()
				if err != nil {
					t.Fatal(err)
				}
				out, err := session.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := start(session); err != nil {
					return "refused"
				}
				_, _ = io.WriteString(in, stdin) // whatever became of it, what it said counts
				in.Close()
				text, _ := io.ReadAll(out)
				return strings.TrimSpace(string(text))
			}
			if got := said(func(s *ssh.Session) error { return s.Start("echo another command") }, ""); got != "" {
				t.Errorf("%s: another command says %q", name, got)
			}
			if got := said(func(s *ssh.Session) error { return s.RequestSubsystem("sftp") }, "\x00\x00\x00\x05\x01\x00\x00\x00\x03"); strings.Contains(got, "\x02") {
				t.Errorf("%s: sftp answers %q", name, got)
			}
			if got := said(func(s *ssh.Session) error {
				if err := s.RequestPty("xterm", 24, 80, ssh.TerminalModes{}); err != nil {
					return err
				}
				return s.Shell()
			}, ""); got != "refused" {
				t.Errorf("%s: a terminal was opened", name)
			}
			if got := said(func(s *ssh.Session) error { return s.Start("whatever") }, "id -u\n"); got != "0" {
				t.Errorf("%s: what is fed to it says %q: the documentation has it that this is root", name, got)
			}
			if conn, err := client.Dial("tcp", "127.0.0.1:22"); err == nil {
				conn.Close()
				t.Errorf("%s: forwards to the node", name)
			}
			if listener, err := client.Listen("tcp", "127.0.0.1:0"); err == nil {
				listener.Close()
				t.Errorf("%s: forwards from the node", name)
			}
			client.Close()
		}
	})
}

// TestMaxStartups: sshd drops most of a crowd of connections before the login; all get in by coming again.
func TestMaxStartups(t *testing.T) {
	t.Parallel()
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve9", Suite: lab.Trixie}}})
	n := c.Nodes[0]
	shell(t, n, "printf 'MaxStartups 2:90:3\\nMaxSessions 2\\n' >/etc/ssh/sshd_config.d/0-test.conf; systemctl reset-failed ssh; systemctl restart ssh")
	var wg sync.WaitGroup
	for range 6 {
		p := newPool(t, c, "root")
		wg.Go(func() {
			if _, err := p.Observe(t.Context(), target(n), node.Query{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// lockedOut runs a change that takes the sudo away from the user that pvesec logs in as, with the shell on the node
// killed as soon as the new file is in place: nobody can undo it from outside.
func lockedOut(t *testing.T, n *lab.Node, p *node.Pool) {
	t.Helper()
	reset(t, n)
	addOps(t, n, "ops ALL=(root) NOPASSWD: /bin/sh -s\n")
	slow(t, n)
	change := node.Change{Target: target(n), Label: "the policy", RestartServices: []string{"slow"}, Files: []node.File{
		policy("agent ALL=(root) NOPASSWD: /usr/bin/id\n"), {Path: "/etc/sudoers.d/ops", Kind: node.Absent, Validate: node.Sudoers},
	}}
	done := make(chan error, 1)
	go func() { done <- p.Apply(t.Context(), []node.Change{change}, nil) }()
	shell(t, n, `for i in $(seq 600); do [ -e /run/reached ] && break; sleep 0.1; done; [ ! -e /etc/sudoers.d/ops ]
		pkill -KILL -f '^/bin/sh -s$'; touch /run/go`)
	if err := <-done; err == nil {
		t.Error("applied without its shell")
	}
}

// restoredByItself waits until the node has put everything back, and checks it.
func restoredByItself(t *testing.T, n *lab.Node, p *node.Pool) {
	t.Helper()
	shell(t, n, "for i in $(seq 300); do [ -e /etc/pvesec ] || exit 0; sleep 0.1; done; ls -R /etc/pvesec; exit 1")
	valid(t, n, oldPolicy)
	if _, err := p.Observe(t.Context(), target(n), node.Query{}); err != nil {
		t.Errorf("still locked out: %v", err)
	}
	if got := shell(t, n, "systemctl list-units --no-legend 'pvesec-*'; ls /etc/systemd/system | grep pvesec || true; pgrep -f '[p]vesec-restore' || true"); got != "" {
		t.Errorf("left behind: %s", got)
	}
}

// TestLockout: a change that takes our own access away, whose shell then dies, is reverted by the node itself, with
// systemd's timer, without it, and after a power cut.
func TestLockout(t *testing.T) { //nolint:tparallel // what shares a node runs one after the other
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "ops")
	t.Run("timer", func(t *testing.T) {
		onBoth(t, c, func(t *testing.T, n *lab.Node) {
			t.Helper()
			lockedOut(t, n, p)
			restoredByItself(t, n, p)
			// And the same where systemd-run does not work.
			shell(t, n, "mv /usr/bin/systemd-run /usr/bin/systemd-run.away")
			lockedOut(t, n, p)
			restoredByItself(t, n, p)
			shell(t, n, "mv /usr/bin/systemd-run.away /usr/bin/systemd-run")
		})
	})
	n := c.Nodes[1]
	long, err := node.NewPool(node.Config{User: "ops", PrivateKey: c.SSHKeyPEM, KnownHosts: c.KnownHosts(), Timing: node.Timing{Confirm: time.Hour, Settle: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	defer long.Close()
	lockedOut(t, n, long)
	shell(t, n, "touch /etc/go; sync") // /run is empty after a power cut
	n.Kill()
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	restoredByItself(t, n, p)
}
