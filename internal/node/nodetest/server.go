package nodetest

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Options of a server; the zero value is a well-behaved one.
type Options struct {
	// HostKeys in the order of the server's preference; one ed25519 key is made when empty.
	HostKeys []ssh.Signer
	// User who may log in; root when empty.
	User string
	// Authorities sign user certificates that are accepted as well.
	Authorities []ssh.PublicKey
	// Shell runs in place of /bin/sh, for example "/bin/busybox sh".
	Shell string
	// Noise is printed to standard output before every command, as a careless .profile does.
	Noise string
	// MaxSessions refuses further sessions on a connection; zero means no limit, a negative one refuses all.
	MaxSessions int
	// Command, when not empty, runs instead of whatever is asked for.
	Command string
	// DropConnections makes the server close that many connections before SSH begins, after saying Preface.
	DropConnections int
	Preface         string
	// Password lets the user in as an alternative to the key; KeyboardInteractive asks for it that way. NoKeys accepts
	// no keys.
	Password            string
	KeyboardInteractive bool
	NoKeys              bool
	// Banner is shown before the login.
	Banner string
	// Forward makes the server a jump host.
	Forward bool
	// Environment is added to the environment of every command.
	Environment []string
	// Without are tools that the node does not have.
	Without []string
}

// A Server is one pretended node.
type Server struct {
	// Root stands for / of the node. Root/test/bin comes first on the path.
	Root string
	// Host and Port are where it listens.
	Host string
	Port int
	// PrivateKey logs in, PEM.
	PrivateKey []byte
	// Signer is the same key.
	Signer ssh.Signer
	// KnownHosts has the line for its first host key.
	KnownHosts string

	options  Options
	listener net.Listener
	wg       sync.WaitGroup

	mu         sync.Mutex
	conns      map[net.Conn]bool
	processes  map[*os.Process]bool
	handshakes int
	sessions   int
	passwords  int
	forwarded  []string
	open, peak int
	dropped    int
	deaf       chan struct{} // closed by Deafen
	commands   []string
}

// Start runs a server until the test ends.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	if len(o.HostKeys) == 0 {
		k, _ := NewKey(tb)
		o.HostKeys = []ssh.Signer{k}
	}
	if o.User == "" {
		o.User = "root"
	}
	s := &Server{Root: tb.TempDir(), options: o, conns: map[net.Conn]bool{}, processes: map[*os.Process]bool{}, deaf: make(chan struct{})}
	for _, dir := range []string{"test/bin", "etc", "run", "var/backups", "tmp"} {
		if err := os.MkdirAll(filepath.Join(s.Root, dir), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	if len(o.Without) > 0 {
		s.leaveOut(tb)
	}
	s.Signer, s.PrivateKey = NewKey(tb)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.listener = l
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		tb.Fatalf("listening at %v", l.Addr())
	}
	s.Host, s.Port = addr.IP.String(), addr.Port
	s.KnownHosts = knownhosts.Line([]string{addr.String()}, o.HostKeys[0].PublicKey()) + "\n"
	s.wg.Go(s.accept)
	tb.Cleanup(s.Close)
	return s
}

// leaveOut makes Root/test/rest, a directory of links to every tool of this machine except for the tools that the node
// must not have.
func (s *Server) leaveOut(tb testing.TB) {
	tb.Helper()
	rest := filepath.Join(s.Root, "test/rest")
	if err := os.Mkdir(rest, 0o755); err != nil {
		tb.Fatal(err)
	}
	for _, dir := range []string{"/usr/sbin", "/usr/bin"} {
		tools, err := os.ReadDir(dir)
		if err != nil {
			tb.Fatal(err)
		}
		for _, tool := range tools {
			if !slices.Contains(s.options.Without, tool.Name()) {
				_ = os.Symlink(filepath.Join(dir, tool.Name()), filepath.Join(rest, tool.Name())) // of two with one name the first counts
			}
		}
	}
}

// Close ends the server, its connections, and the commands that outlive them.
func (s *Server) Close() {
	s.listener.Close()
	s.Cut()
	s.Kill()
	s.wg.Wait()
}

// Cut closes all connections. Commands go on and read end of file, as under sshd.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

// Kill sends SIGKILL to the shells of all commands, not to their children.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.processes {
		_ = p.Kill() // it may have ended by itself
	}
}

// Stop sends SIGSTOP to the shells of all commands.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.processes {
		_ = p.Signal(syscall.SIGSTOP) // it may have ended by itself
	}
}

// Deafen keeps from all commands under way what their clients say from now on. Their connections stay.
func (s *Server) Deafen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.deaf)
	s.deaf = make(chan struct{})
}

// Counts tells how many connections logged in, how many sessions ran a command, and how many did at once.
func (s *Server) Counts() (handshakes, sessions, peak int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handshakes, s.sessions, s.peak
}

// Commands lists the command lines that were asked for.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.commands...)
}
