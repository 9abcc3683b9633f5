package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// listen serves each connection with handle until the test ends.
func listen(t *testing.T, handle func(net.Conn)) node.Target {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				handle(c)
			}()
		}
	}()
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("listening at %v", l.Addr())
	}
	return node.Target{Name: "pve1", Address: at.IP.String(), Port: at.Port}
}

// TestHostileBeforeLogin: whatever answers instead of sshd is given up within the connect timeout, with an error that
// says what it was.
func TestHostileBeforeLogin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handle func(net.Conn)
		says   string
	}{
		"a web server": {func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
		}, "HTTP/1.1 400"},
		"endless text without a version": {func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, strings.Repeat("\x1b]0;you are owned\x07 ", 100)); err != nil {
					return
				}
			}
		}, "instead of starting SSH"},
		"a slow drip": {func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, "x"); err != nil {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}, "no answer in time"},
		"silence after the version": {func(c net.Conn) {
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.9\r\n")
			_, _ = io.Copy(io.Discard, c)
		}, "no answer in time"},
		"rubbish after the version": {func(c net.Conn) {
			_, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.9\r\n"+strings.Repeat("\xff", 4096))
			_, _ = io.Copy(io.Discard, c)
		}, "cannot reach pve1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := listen(t, c.handle)
			s := nodetest.Start(t, nodetest.Options{})
			patience := 20 * time.Second
			if c.says == "no answer in time" { // it takes all of it
				patience = 2 * time.Second
			}
			p := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, ConnectTimeout: patience})
			_, err := p.Observe(testContext(t), at, node.Query{})
			if !is[*node.UnreachableError](err) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if strings.ContainsAny(err.Error(), "\x1b\x07") || len(err.Error()) > 1500 {
				t.Errorf("the error carries what was sent: %q", err)
			}
		})
	}
}

// TestManInTheMiddle: somebody who relays to the real node with a key of his own gets neither the login nor a byte of
// the change.
func TestManInTheMiddle(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	middle := nodetest.Start(t, nodetest.Options{Password: "correct horse"})
	middle.Signer = s.Signer
	for name, cfg := range map[string]node.Config{"key": {PrivateKey: s.PrivateKey}, "password": {Password: []byte("correct horse")}} {
		// The real node's key is known under the name; what answers at the address is somebody else.
		cfg.KnownHosts = "pve1 " + s.KnownHosts[strings.Index(s.KnownHosts, " ")+1:]
		p := poolOf(t, cfg)
		err := p.Apply(testContext(t), []node.Change{{Target: target("pve1", middle), Files: []node.File{{Path: "/etc/x", Content: []byte("S3CRET")}}}}, nil)
		if !is[*node.HostKeyError](err) || !strings.Contains(err.Error(), "somebody is in between") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if logins, sessions, _ := middle.Counts(); logins != 0 || sessions != 0 || middle.Passwords() != 0 {
		t.Errorf("%d logins, %d sessions, %d passwords in the middle", logins, sessions, middle.Passwords())
	}
}

// TestChangedHostKey: a node whose key changes between two connections of one run is refused from then on.
func TestChangedHostKey(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	other := nodetest.Start(t, nodetest.Options{})
	other.Signer = s.Signer
	now := s
	at := listen(t, func(c net.Conn) {
		far, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", net.JoinHostPort(now.Host, fmt.Sprint(now.Port)))
		if err != nil {
			return
		}
		defer far.Close()
		go func() { _, _ = io.Copy(far, c) }()
		_, _ = io.Copy(c, far)
	})
	p := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: "pve1 " + s.KnownHosts[strings.Index(s.KnownHosts, " ")+1:]})
	if _, err := p.Observe(testContext(t), at, node.Query{}); err != nil {
		t.Fatal(err)
	}
	now = other
	s.Cut()
	var err error
	for range 3 { // the first may still meet the connection that was cut
		if _, err = p.Observe(testContext(t), at, node.Query{}); is[*node.HostKeyError](err) {
			return
		}
	}
	t.Errorf("got %v", err)
}

// TestFullSessions: a server that grants no session at all is an error that names the setting, not a hang.
func TestFullSessions(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{MaxSessions: -1})
	ctx, cancel := context.WithTimeout(testContext(t), 30*time.Second)
	defer cancel()
	_, err := newPool(t, s).Observe(ctx, target("pve1", s), node.Query{})
	var re *node.RemoteError
	if !errors.As(err, &re) || !strings.Contains(err.Error(), "MaxSessions") {
		t.Errorf("got %v", err)
	}
}

// TestHostileOutput: a node that answers a transaction or a read with lies, drips or floods gets an error, and never an
// empty success.
func TestHostileOutput(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]string{
		"forged frames without the mark": `sh -c 'cat >/dev/null & for w in hello locked prepared committed finished done; do echo "pvesec-000000000000000000000000 $w 0"; done'`,
		"a drip without an end":          `sh -c 'while :; do printf x; sleep 0.05; done'`,
		"a flood of lines":               `sh -c 'while :; do echo "\033[2J spam"; done'`,
		"closed output":                  `sh -c 'exec >&- 2>&-; cat >/dev/null'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Command: command})
			p := newPool(t, s)
			ctx, cancel := context.WithTimeout(testContext(t), 3*time.Second)
			defer cancel()
			if o, err := p.Observe(ctx, target("pve1", s), node.Query{}); err == nil {
				t.Errorf("observed %+v", o)
			} else if strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("control characters in %q", err)
			}
			ctx, cancel = context.WithTimeout(testContext(t), 3*time.Second)
			defer cancel()
			if err := p.Apply(ctx, []node.Change{{Target: target("pve1", s)}}, nil); err == nil {
				t.Error("applied")
			}
		})
	}
}

// TestNoSecretInArguments: neither content nor passwords are in the command lines of the node's processes while a
// change is under way.
func TestNoSecretInArguments(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 1, nodetest.Options{})
	s := servers[0]
	s.Tool(t, "visudo", `ps -eo args >>"$PVESEC_TEST_ROOT/tmp/processes"; exit 0`)
	if _, err := exec.LookPath("ps"); err != nil {
		t.Fatal("ps is not installed")
	}
	changes := policy(t, "# S3CRET-CONTENT-OF-A-FILE\n", s)
	if err := p.Apply(testContext(t), changes, nil); err != nil {
		t.Fatal(err)
	}
	if seen := s.Read(t, "tmp/processes"); !strings.Contains(seen, "ps -eo args") || strings.Contains(seen, "S3CRET-CONTENT") || strings.Contains(seen, "UzNDUkVULUNPTlRFTlQ") {
		t.Errorf("the process list shows the content: %v", strings.Contains(seen, "S3CRET-CONTENT"))
	}
	for _, c := range s.Commands() {
		if c != "/bin/sh -s" {
			t.Errorf("ran %q", c)
		}
	}
}
