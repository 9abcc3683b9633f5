package nodetest

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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
	// Password lets the user in as an alternative to the key; KeyboardInteractive asks for it that way. NoKeys accepts no keys.
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

// NewKey makes an ed25519 key.
func NewKey(tb testing.TB) (ssh.Signer, []byte) {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "test")
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return signer, pem.EncodeToMemory(block)
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

// leaveOut makes Root/test/rest, a directory of links to every tool of this machine except for the tools that the node must not have.
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

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		drop := s.dropped < s.options.DropConnections
		if drop {
			s.dropped++
		} else {
			s.conns[c] = true
		}
		s.mu.Unlock()
		if drop {
			_, _ = io.WriteString(c, s.options.Preface)
			c.Close()
			continue
		}
		s.wg.Go(func() {
			s.serve(c)
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

func (s *Server) config() *ssh.ServerConfig {
	plain := func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if meta.User() != s.options.User || string(key.Marshal()) != string(s.Signer.PublicKey().Marshal()) {
			return nil, errors.New("no such user or key")
		}
		return nil, nil
	}
	checker := &ssh.CertChecker{
		UserKeyFallback: plain,
		IsUserAuthority: func(auth ssh.PublicKey) bool {
			for _, a := range s.options.Authorities {
				if string(a.Marshal()) == string(auth.Marshal()) {
					return true
				}
			}
			return false
		},
	}
	if len(s.options.Authorities) > 0 {
		// With an authority the bare key is not accepted, so that a test sees which of the two was used.
		checker.UserKeyFallback = nil
	}
	cfg := &ssh.ServerConfig{PublicKeyCallback: checker.Authenticate}
	if s.options.NoKeys {
		cfg.PublicKeyCallback = nil
	}
	if s.options.Banner != "" {
		cfg.BannerCallback = func(ssh.ConnMetadata) string { return s.options.Banner }
	}
	if s.options.Password != "" {
		right := func(meta ssh.ConnMetadata, password string) (*ssh.Permissions, error) {
			s.mu.Lock()
			s.passwords++
			s.mu.Unlock()
			if meta.User() != s.options.User || password != s.options.Password {
				return nil, errors.New("wrong password")
			}
			return nil, nil
		}
		if s.options.KeyboardInteractive {
			cfg.KeyboardInteractiveCallback = func(meta ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
				answers, err := ask("", "", []string{"Password: "}, []bool{false})
				if err != nil || len(answers) != 1 {
					return nil, errors.New("no answer")
				}
				return right(meta, answers[0])
			}
		} else {
			cfg.PasswordCallback = func(meta ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
				return right(meta, string(password))
			}
		}
	}
	for _, k := range s.options.HostKeys {
		cfg.AddHostKey(k)
	}
	return cfg
}

func (s *Server) serve(c net.Conn) {
	defer c.Close()
	conn, chans, reqs, err := ssh.NewServerConn(c, s.config())
	if err != nil {
		return
	}
	s.mu.Lock()
	s.handshakes++
	s.mu.Unlock()
	go ssh.DiscardRequests(reqs)
	var open sync.WaitGroup
	var mu sync.Mutex
	here := 0
	for n := range chans {
		if n.ChannelType() == "direct-tcpip" && s.options.Forward {
			open.Go(func() { s.forward(n) })
			continue
		}
		mu.Lock()
		full := s.options.MaxSessions != 0 && here >= s.options.MaxSessions
		if !full {
			here++
		}
		mu.Unlock()
		if n.ChannelType() != "session" || full {
			_ = n.Reject(ssh.Prohibited, "open failed")
			continue
		}
		ch, chReqs, err := n.Accept()
		if err != nil {
			continue
		}
		open.Go(func() {
			s.session(ch, chReqs)
			mu.Lock()
			here--
			mu.Unlock()
		})
	}
	open.Wait()
	conn.Close()
}

// forward connects to where a client asks for, RFC 4254 section 7.2.
func (s *Server) forward(n ssh.NewChannel) {
	var to struct {
		Host string
		Port uint32
		From string
		At   uint32
	}
	if ssh.Unmarshal(n.ExtraData(), &to) != nil {
		_ = n.Reject(ssh.UnknownChannelType, "malformed")
		return
	}
	address := net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port)))
	s.mu.Lock()
	s.forwarded = append(s.forwarded, address)
	s.mu.Unlock()
	far, err := net.Dial("tcp", address)
	if err != nil {
		_ = n.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	ch, reqs, err := n.Accept()
	if err != nil {
		far.Close()
		return
	}
	go ssh.DiscardRequests(reqs)
	go func() {
		_, _ = io.Copy(far, ch)
		far.Close()
	}()
	_, _ = io.Copy(ch, far)
	ch.Close()
	far.Close()
}

// Forwarded lists where the server connected to as a jump host, in order.
func (s *Server) Forwarded() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.forwarded...)
}

// Passwords tells how often a password was tried.
func (s *Server) Passwords() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passwords
}

func (s *Server) session(ch ssh.Channel, reqs <-chan *ssh.Request) {
	defer ch.Close()
	for r := range reqs {
		if r.Type != "exec" {
			_ = r.Reply(false, nil)
			continue
		}
		var payload struct{ Command string }
		if ssh.Unmarshal(r.Payload, &payload) != nil {
			_ = r.Reply(false, nil)
			continue
		}
		_ = r.Reply(true, nil)
		go ssh.DiscardRequests(reqs)
		s.mu.Lock()
		s.sessions++
		s.open++
		s.peak = max(s.peak, s.open)
		s.mu.Unlock()
		s.run(ch, payload.Command)
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
		return
	}
}

// run executes one command and reports its end, as sshd does.
func (s *Server) run(ch ssh.Channel, command string) {
	s.mu.Lock()
	s.commands = append(s.commands, command)
	s.mu.Unlock()
	if s.options.Command != "" {
		command = s.options.Command
	}
	if s.options.Shell != "" {
		command = strings.ReplaceAll(command, "/bin/sh", s.options.Shell)
	}
	_, _ = io.WriteString(ch, s.options.Noise)
	cmd := exec.Command("/bin/sh", "-c", "exec "+command)
	cmd.Env = append([]string{
		"PATH=" + filepath.Join(s.Root, "test/bin") + ":/usr/sbin:/usr/bin:/sbin:/bin",
		"PVESEC_TEST_ROOT=" + s.Root, "HOME=" + s.Root,
	}, s.options.Environment...)
	cmd.Stdout, cmd.Stderr = ch, ch.Stderr()
	stdin, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{126}))
		return
	}
	s.mu.Lock()
	s.processes[cmd.Process] = true
	s.mu.Unlock()
	go func() {
		s.feed(stdin, ch)
		stdin.Close()
	}()
	err = cmd.Wait()
	s.mu.Lock()
	delete(s.processes, cmd.Process)
	s.mu.Unlock()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() < 0 {
		_, _ = ch.SendRequest("exit-signal", false, ssh.Marshal(struct {
			Signal     string
			CoreDumped bool
			Message    string
			Language   string
		}{"KILL", false, "", ""}))
		return
	}
	_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(cmd.ProcessState.ExitCode())}))
}

// feed copies what a client sends, and gives the programs in it Root to work in: the line of program/common.sh that says where on a
// node they do.
func (s *Server) feed(stdin io.Writer, from io.Reader) {
	const onNode, path = "root=\n", "PATH=${root:+$root/test/bin:}"
	lines := bufio.NewReader(from)
	s.mu.Lock()
	deaf := s.deaf
	s.mu.Unlock()
	for {
		line, err := lines.ReadString('\n')
		select {
		case <-deaf:
			line = ""
		default:
		}
		switch {
		case line == onNode:
			line = "root='" + s.Root + "'\n"
		case len(s.options.Without) > 0 && strings.HasPrefix(line, path):
			line = path + s.Root + "/test/rest\n"
		}
		if _, failed := io.WriteString(stdin, line); failed != nil || err != nil {
			return
		}
	}
}

// Write puts a file under Root, with its parents.
func (s *Server) Write(tb testing.TB, path, content string, mode os.FileMode) {
	tb.Helper()
	full := filepath.Join(s.Root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chmod(full, mode); err != nil {
		tb.Fatal(err)
	}
}

// Tool puts a shell script on the path, in place of a tool of the node.
func (s *Server) Tool(tb testing.TB, name, script string) {
	tb.Helper()
	s.Write(tb, filepath.Join("test/bin", name), "#!/bin/sh\n"+script+"\n", 0o755)
}

// Remove removes a file under Root.
func (s *Server) Remove(tb testing.TB, path string) {
	tb.Helper()
	if err := os.Remove(filepath.Join(s.Root, path)); err != nil {
		tb.Fatal(err)
	}
}

// Read returns a file under Root, or "(absent)".
func (s *Server) Read(tb testing.TB, path string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(s.Root, path))
	if errors.Is(err, os.ErrNotExist) {
		return "(absent)"
	}
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// List describes everything under Root/path: type, mode and content, for comparing before and after.
func (s *Server) List(tb testing.TB, path string) string {
	tb.Helper()
	var b strings.Builder
	err := filepath.Walk(filepath.Join(s.Root, path), func(p string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s", info.Mode(), strings.TrimPrefix(p, s.Root))
		switch {
		case info.Mode().IsRegular():
			data, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " %q", data)
		case info.Mode()&os.ModeSymlink != 0:
			to, err := os.Readlink(p)
			if err != nil {
				return err
			}
			fmt.Fprintf(&b, " -> %s", to)
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return b.String()
}
