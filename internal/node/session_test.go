package node_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestSudo: a user who is not root goes through one fixed command line, and each way in which sudo refuses is told
// apart.
func TestSudo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sudo string // what the stand-in for sudo does; absent when empty
		kind node.PrivilegeKind
		says string
	}{
		"works":           {sudo: `[ "$*" = "-n /bin/sh -s" ] || [ "$*" = -V ] || exit 9; shift; exec "$@"`},
		"missing":         {kind: node.SudoMissing, says: "sudo is not installed on pve1"},
		"password":        {sudo: `echo "sudo: a password is required" >&2; exit 1`, kind: node.PasswordNeeded, says: "admin ALL=(root) NOPASSWD: /bin/sh -s"},
		"terminal":        {sudo: `echo "sudo: a terminal is required to read the password; either use the -S option" >&2; exit 1`, kind: node.PasswordNeeded, says: "a terminal is required"},
		"sudo-rs":         {sudo: `echo "sudo: interactive authentication is required" >&2; exit 1`, kind: node.PasswordNeeded, says: "interactive"},
		"other command":   {sudo: `echo "Sorry, user admin is not allowed to execute '/bin/sh -s' as root on pve1." >&2; exit 1`, kind: node.NotPermitted, says: "does not permit"},
		"not in the file": {sudo: `printf 'We trust you\n\nadmin is not in the sudoers file.\n' >&2; exit 1`, kind: node.NotPermitted, says: "admin is not in the sudoers file."},
		"needs a tty":     {sudo: `echo "sudo: sorry, you must have a tty to run sudo" >&2; exit 1`, kind: node.TerminalRequired, says: "Defaults:admin !requiretty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := nodetest.Options{User: "admin"}
			if name == "missing" {
				o.Command = "env LC_ALL=C no-sudo-on-this-node -n /bin/sh -s"
			}
			s := nodetest.Start(t, o)
			if c.sudo != "" {
				s.Tool(t, "sudo", c.sudo)
			}
			p := poolOf(t, node.Config{User: "admin", PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts})
			_, err := p.Observe(testContext(t), target("pve1", s), node.Query{})
			if got := s.Commands(); len(got) != 1 || got[0] != "env LC_ALL=C sudo -n /bin/sh -s" {
				t.Errorf("ran %q", got)
			}
			if c.kind == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var pe *node.PrivilegeError
			if !errors.As(err, &pe) || pe.Kind != c.kind || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %s with %q", err, c.kind, c.says)
			}
			// Apply meets the same obstacle and says the same.
			err = p.Apply(testContext(t), []node.Change{{Target: target("pve1", s)}}, nil)
			if !errors.As(err, &pe) || pe.Kind != c.kind {
				t.Errorf("Apply says %v", err)
			}
		})
	}
}

// TestOwnAccessIsKept: a sudoers change that would take pvesec's own sudo away is rolled back.
func TestOwnAccessIsKept(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{User: "admin"})
	fakes(t, s)
	s.Write(t, "etc/sudoers.d/agent", "old\n", 0o440)
	s.Tool(t, "sudo", `! grep -q new "$PVESEC_TEST_ROOT/etc/sudoers.d/agent" || { echo "admin is not in the sudoers file." >&2; exit 1; }; shift; exec "$@"`)
	p := poolOf(t, node.Config{User: "admin", PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts})
	err := p.Apply(testContext(t), policy(t, "new\n", s), nil)
	var ae *node.ApplyError
	if !errors.As(err, &ae) || ae.Outcomes[0].State != node.RolledBack || !strings.Contains(err.Error(), "takes away the access that pvesec itself uses") {
		t.Errorf("got %v", err)
	}
	allHave(t, "old\n", s)
}

// TestStrangeShells: what answers instead of the program is an error with what it said, never an empty observation.
func TestStrangeShells(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ command, says string }{
		"nologin":      {`sh -c 'echo This account is currently not available.; exit 1'`, "This account is currently not available."},
		"escape codes": {`sh -c 'printf "\033[31mred\007\n" >&2; exit 3'`, "status 3"},
		"silent":       {"true", "status 0"},
		"endless":      {`sh -c 'exec 2>/dev/null; while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done | tr -d "\n"'`, "token too long"},
		"killed":       {`sh -c 'kill -9 $$'`, "killed by signal KILL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Command: c.command})
			_, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{})
			var re *node.RemoteError
			if !errors.As(err, &re) || re.Node != "pve1" || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\x1b\x07") {
				t.Errorf("control characters of the node in the error: %q", err)
			}
		})
	}
}

// TestCancelObservation: the caller is free as soon as its context ends, and the connection stays good for others.
func TestCancelObservation(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	s.Tool(t, "systemctl", `: >"$PVESEC_TEST_ROOT/tmp/reached"; while [ ! -e "$PVESEC_TEST_ROOT/tmp/go" ]; do sleep 0.05; done`)
	t.Cleanup(func() { s.Write(t, "tmp/go", "", 0o644) })
	p := newPool(t, s)
	ctx, cancel := context.WithCancel(testContext(t))
	go func() {
		for s.Read(t, "tmp/reached") == "(absent)" {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	if _, err := p.Observe(ctx, target("pve1", s), node.Query{Services: []string{"ssh"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{}); err != nil {
		t.Error(err)
	}
	if h, _, _ := s.Counts(); h != 1 {
		t.Errorf("%d handshakes", h)
	}
}

// TestBrokenConnection: an observation over a connection that has meanwhile broken dials once more.
func TestBrokenConnection(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	p := newPool(t, s)
	for range 3 {
		if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{}); err != nil {
			t.Fatal(err)
		}
		s.Cut()
	}
	if h, _, _ := s.Counts(); h != 3 {
		t.Errorf("%d handshakes", h)
	}
}

// TestSilentServer: a server that accepts and never speaks is given up after the connect timeout.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := nodetest.Start(t, nodetest.Options{})
	p := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, ConnectTimeout: 300 * time.Millisecond})
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("listening at %v", l.Addr())
	}
	_, err = p.Observe(testContext(t), node.Target{Name: "pve9", Address: "127.0.0.1", Port: at.Port}, node.Query{})
	var ue *node.UnreachableError
	if !errors.As(err, &ue) || ue.Node != "pve9" || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestClosedPool(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	p := newPool(t, s)
	p.Close()
	if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{}); err == nil {
		t.Error("observed through a closed pool")
	}
}
