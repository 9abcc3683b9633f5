package node_test

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// startAgent serves an SSH agent with these keys, PEM, and returns its socket.
func startAgent(t *testing.T, keys ...[]byte) string {
	t.Helper()
	ring := agent.NewKeyring()
	for _, pem := range keys {
		key, err := ssh.ParseRawPrivateKey(pem)
		if err != nil {
			t.Fatal(err)
		}
		if err := ring.Add(agent.AddedKey{PrivateKey: key}); err != nil {
			t.Fatal(err)
		}
	}
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
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
			go func() { _ = agent.ServeAgent(ring, c) }()
		}
	}()
	return socket
}

// TestAgent: the keys of an agent log in where its socket is configured, after the configured key.
func TestAgent(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	_, other := nodetest.NewKey(t)
	socket := startAgent(t, other, s.PrivateKey)
	for name, cfg := range map[string]node.Config{
		"alone":     {AgentSocket: socket},
		"after key": {AgentSocket: socket, PrivateKey: other},
	} {
		cfg.KnownHosts = s.KnownHosts
		if _, err := poolOf(t, cfg).Observe(testContext(t), target("pve1", s), node.Query{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := poolOf(t, node.Config{AgentSocket: socket + ".none", KnownHosts: s.KnownHosts}).Observe(testContext(t), target("pve1", s), node.Query{})
	if !is[*node.AuthError](err) || !strings.Contains(err.Error(), "agent does not answer") {
		t.Errorf("without an agent: %v", err)
	}
	_, err = poolOf(t, node.Config{AgentSocket: startAgent(t), KnownHosts: s.KnownHosts}).Observe(testContext(t), target("pve1", s), node.Query{})
	if !is[*node.AuthError](err) || !strings.Contains(err.Error(), "holds no keys") {
		t.Errorf("with an empty agent: %v", err)
	}
}

// TestPassword: a password logs in where nothing else is configured, in both of SSH's ways, and never stands in for a
// key.
func TestPassword(t *testing.T) {
	t.Parallel()
	for _, interactive := range []bool{false, true} {
		s := nodetest.Start(t, nodetest.Options{Password: "correct horse", KeyboardInteractive: interactive, NoKeys: true})
		p := poolOf(t, node.Config{Password: []byte("correct horse"), KnownHosts: s.KnownHosts})
		if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{}); err != nil {
			t.Errorf("interactive %v: %v", interactive, err)
		}
		_, err := poolOf(t, node.Config{Password: []byte("S3CRET"), KnownHosts: s.KnownHosts}).Observe(testContext(t), target("pve1", s), node.Query{})
		if !is[*node.AuthError](err) || !strings.Contains(err.Error(), "See that the password is right") || strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("wrong password: %v", err)
		}
	}
	s := nodetest.Start(t, nodetest.Options{Password: "correct horse"})
	_, other := nodetest.NewKey(t)
	_, err := node.NewPool(node.Config{Password: []byte("correct horse"), PrivateKey: other, KnownHosts: s.KnownHosts})
	var ce *node.ConfigError
	if !errors.As(err, &ce) || ce.Field != "password" {
		t.Errorf("a password in addition to a key: %v", err)
	}
	_, err = poolOf(t, node.Config{PrivateKey: other, KnownHosts: s.KnownHosts}).Observe(testContext(t), target("pve1", s), node.Query{})
	if !is[*node.AuthError](err) || s.Passwords() != 0 {
		t.Errorf("a wrong key: %v, %d passwords tried", err, s.Passwords())
	}
}

// TestRefusalIsExplained: the message tells what was tried, what was not, and what the server said, without its control
// characters.
func TestRefusalIsExplained(t *testing.T) {
	t.Parallel()
	_, key := nodetest.NewKey(t)
	for name, c := range map[string]struct {
		options nodetest.Options
		config  node.Config
		says    []string
	}{
		"other key":   {nodetest.Options{}, node.Config{PrivateKey: key}, []string{`refused the login of user "root": tried publickey ssh-ed25519 SHA256:`, "authorized_keys"}},
		"no keys":     {nodetest.Options{NoKeys: true, Password: "x"}, node.Config{PrivateKey: key}, []string{"does not take publickey", "PubkeyAuthentication"}},
		"no password": {nodetest.Options{}, node.Config{Password: []byte("x")}, []string{"does not take password", "PasswordAuthentication"}},
		"banner":      {nodetest.Options{Banner: "\x1b[2JAuthorised users only\x07"}, node.Config{PrivateKey: key}, []string{"Authorised users only"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, c.options)
			c.config.KnownHosts = s.KnownHosts
			_, err := poolOf(t, c.config).Observe(testContext(t), target("pve1", s), node.Query{})
			if !is[*node.AuthError](err) {
				t.Fatalf("got %v", err)
			}
			for _, text := range c.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q is not said in: %v", text, err)
				}
			}
			if strings.ContainsAny(err.Error(), "\x1b\x07") {
				t.Errorf("control characters in %q", err)
			}
		})
	}
}

// TestTurnedAway: a server that drops connections before SSH begins, as MaxStartups does, is asked again; what it says
// for it is told.
func TestTurnedAway(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{DropConnections: 2, Preface: "Exceeded MaxStartups\r\n"})
	if _, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{}); err != nil {
		t.Error(err)
	}
	s = nodetest.Start(t, nodetest.Options{DropConnections: 1000, Preface: "Not allowed at this time\r\n"})
	_, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{})
	if !is[*node.UnreachableError](err) || !strings.Contains(err.Error(), "Not allowed at this time") || !strings.Contains(err.Error(), "PerSourcePenalties") {
		t.Errorf("got %v", err)
	}
}

// chain starts two jump hosts and a node, and a configuration that goes through both.
func chain(t *testing.T) (hops []*nodetest.Server, s *nodetest.Server, cfg node.Config) {
	t.Helper()
	s = nodetest.Start(t, nodetest.Options{})
	cfg = node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts}
	for range 2 {
		hop := nodetest.Start(t, nodetest.Options{Forward: true, User: "jumper"})
		hops = append(hops, hop)
		cfg.JumpHosts = append(cfg.JumpHosts, node.JumpHost{Address: hop.Host, Port: hop.Port, User: "jumper", PrivateKey: hop.PrivateKey, KnownHosts: hop.KnownHosts})
	}
	return hops, s, cfg
}

// TestJumpHosts: a chain is passed hop by hop, once for all nodes behind it, and a broken one is passed again.
func TestJumpHosts(t *testing.T) {
	t.Parallel()
	hops, s, cfg := chain(t)
	second := nodetest.Start(t, nodetest.Options{})
	second.Signer = s.Signer
	cfg.KnownHosts += second.KnownHosts
	p := poolOf(t, cfg)
	var wg sync.WaitGroup
	for i, n := range []*nodetest.Server{s, second, s, second} {
		wg.Go(func() {
			o, err := p.Observe(testContext(t), target(fmt.Sprintf("pve%d", i%2+1), n), node.Query{})
			if err != nil || o.Facts.Hostname == "" {
				t.Errorf("%+v %v", o, err)
			}
		})
	}
	wg.Wait()
	for i, h := range hops {
		if n, _, _ := h.Counts(); n != 1 {
			t.Errorf("hop %d: %d handshakes", i, n)
		}
	}
	if got := hops[0].Forwarded(); len(got) != 1 || got[0] != net.JoinHostPort(hops[1].Host, fmt.Sprint(hops[1].Port)) {
		t.Errorf("the first hop forwarded to %q", got)
	}
	hops[0].Cut()
	if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{}); err != nil {
		t.Errorf("after the chain broke: %v", err)
	}
}

// TestJumpHostTrouble: the error says at which hop it failed and why.
func TestJumpHostTrouble(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(t *testing.T, hops []*nodetest.Server, s *nodetest.Server, cfg *node.Config)
		check func(err error) bool
		says  []string
	}{
		"host key of a hop": {func(_ *testing.T, _ []*nodetest.Server, s *nodetest.Server, cfg *node.Config) {
			cfg.JumpHosts[1].KnownHosts = ""
			cfg.JumpHosts[1].Fingerprints = []string{ssh.FingerprintSHA256(s.Signer.PublicKey())}
		}, is[*node.HostKeyError], []string{"on the way to pve1", "the host key of jump host 127.0.0.1"}},
		"login at a hop": {func(t *testing.T, _ []*nodetest.Server, _ *nodetest.Server, cfg *node.Config) {
			t.Helper()
			_, cfg.JumpHosts[0].PrivateKey = nodetest.NewKey(t)
		}, is[*node.AuthError], []string{"jump host 127.0.0.1", `refused the login of user "jumper"`}},
		"hop is down": {func(_ *testing.T, hops []*nodetest.Server, _ *nodetest.Server, _ *node.Config) { hops[1].Close() },
			is[*node.UnreachableError], []string{"cannot reach jump host 127.0.0.1", "through jump host 127.0.0.1", "connection refused"}},
		"node is down": {func(_ *testing.T, _ []*nodetest.Server, s *nodetest.Server, _ *node.Config) { s.Close() },
			is[*node.UnreachableError], []string{"cannot reach pve1", "through jump host 127.0.0.1", "connection refused", "The jump host does not get there"}},
		"host key of the node": {func(t *testing.T, _ []*nodetest.Server, _ *nodetest.Server, cfg *node.Config) {
			t.Helper()
			cfg.KnownHosts = nodetest.Start(t, nodetest.Options{}).KnownHosts
		}, is[*node.HostKeyError], []string{"no host key of pve1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hops, s, cfg := chain(t)
			c.spoil(t, hops, s, &cfg)
			_, err := poolOf(t, cfg).Observe(testContext(t), target("pve1", s), node.Query{})
			if !c.check(err) {
				t.Fatalf("got %T %v", err, err)
			}
			for _, text := range c.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q is not said in: %v", text, err)
				}
			}
		})
	}
	s := nodetest.Start(t, nodetest.Options{})
	_, err := node.NewPool(node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, JumpHosts: []node.JumpHost{{Address: "a"}, {Address: "b", PrivateKey: []byte("x")}}})
	var ce *node.ConfigError
	if !errors.As(err, &ce) || ce.Field != "jump_host.1.private_key" {
		t.Errorf("a hop's key: %v", err)
	}
}

// sudoAsking is a stand-in for a sudo that wants a password the way the real one does: prompt on standard error, answer
// from the first line of standard input, read byte by byte.
const sudoAsking = `
prompt= command=
while [ $# -gt 0 ]; do
	case $1 in
	-p) prompt=$2; shift ;;
	-v) command=true ;;
	-n) echo "sudo: a password is required" >&2; exit 1 ;;
	-*) ;;
	*) break ;;
	esac
	shift
done
[ $# -eq 0 ] || command=$*
for try in 1 2 3; do
	printf %s "$prompt" >&2
	IFS= read -r answer || { printf '\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n' >&2; exit 1; }
	echo "$answer" >>"$PVESEC_TEST_ROOT/tmp/answers"
	[ "$answer" != "correct horse" ] || exec $command
	echo "Sorry, try again." >&2
done
exit 1`

// TestSudoPassword: the password goes to sudo and nowhere else, a wrong one is tried once, and a sudo that asks for
// none gets none.
func TestSudoPassword(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, sudo, password string) (*nodetest.Server, *node.Pool) {
		t.Helper()
		s := nodetest.Start(t, nodetest.Options{User: "admin"})
		fakes(t, s)
		s.Tool(t, "sudo", sudo)
		return s, poolOf(t, node.Config{User: "admin", PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, SudoPassword: []byte(password)})
	}
	t.Run("right", func(t *testing.T) {
		t.Parallel()
		s, p := start(t, sudoAsking, "correct horse")
		for range 2 {
			if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Apply(testContext(t), policy(t, "new\n", s), nil); err != nil {
			t.Fatal(err)
		}
		allHave(t, "new\n", s)
		for _, c := range s.Commands() {
			if strings.Contains(c, "correct") {
				t.Errorf("the password is in the command %q", c)
			}
		}
	})
	t.Run("wrong", func(t *testing.T) {
		t.Parallel()
		s, p := start(t, sudoAsking, "S3CRET")
		_, err := p.Observe(testContext(t), target("pve1", s), node.Query{})
		var pe *node.PrivilegeError
		if !errors.As(err, &pe) || pe.Kind != node.WrongPassword || strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("got %v", err)
		}
		if got := s.Read(t, "tmp/answers"); got != "S3CRET\n" {
			t.Errorf("sudo was told %q", got)
		}
	})
	t.Run("not needed", func(t *testing.T) {
		t.Parallel()
		s, p := start(t, `case "$*" in *-v) exit 0 ;; *"-n /bin/sh -s") exec /bin/sh -s ;; esac; exit 9`, "S3CRET")
		if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("needed for other commands only", func(t *testing.T) {
		t.Parallel()
		s, p := start(t, `case "$*" in *"/bin/sh -s") exec /bin/sh -s ;; esac`+sudoAsking, "correct horse")
		if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{}); err != nil {
			t.Error(err)
		}
		if got := s.Read(t, "tmp/answers"); got != "correct horse\n" {
			t.Errorf("sudo was told %q", got)
		}
	})
	t.Run("not in the file", func(t *testing.T) {
		t.Parallel()
		s, p := start(t, `echo "Sorry, user admin may not run sudo on pve1." >&2; exit 1`, "S3CRET")
		_, err := p.Observe(testContext(t), target("pve1", s), node.Query{})
		var pe *node.PrivilegeError
		if !errors.As(err, &pe) || pe.Kind != node.NotPermitted {
			t.Errorf("got %v", err)
		}
	})
}
