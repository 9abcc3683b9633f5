package pvesim

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
)

// Server is one simulated PVE API. All methods may be called from several
// goroutines.
type Server struct {
	opts    Options
	release release
	privs   *privileges
	ca      *authority

	// mu guards the configuration: PVE serialises writers by a cluster lock and
	// readers see whole files.
	mu          sync.Mutex
	state       state
	issued      map[string]string // every secret of a token ever given out
	locked      map[string]bool   // locks taken by HoldLock
	lockChanged chan struct{}     // closed and replaced when locked changes
	daemon      bool              // pvedaemon runs

	released chan struct{} // closed by Close
	api      []endpoint

	log requestLog

	net struct {
		sync.Mutex
		hook     Hook
		listener net.Listener
		conns    map[net.Conn]struct{}
		closed   bool
		wg       sync.WaitGroup
	}
}

// state is what a cluster keeps in /etc/pve.
type state struct {
	userCfg    string            // user.cfg
	parsed     *userConfig       // what userCfg says; read-only
	domainsCfg string            // domains.cfg
	secrets    map[string]string // priv/token.cfg: full token id to secret
	shadow     map[string]string // priv/shadow.cfg: user name of realm pve to password
	realmKeys  map[string]string // priv/realm/*.pw: bind passwords
	factors    map[string][]any  // priv/tfa.cfg: the second factors of each user
	signingKey []byte            // authkey.key
}

// New returns a server that does not listen yet. It panics on an unknown version,
// which is a mistake of the test.
func New(opts Options) *Server {
	opts.setDefaults()
	rel, ok := releases[opts.Version]
	if !ok {
		panic(fmt.Sprintf("pvesim: unknown PVE version %q", opts.Version))
	}
	ca, err := newAuthority()
	if err != nil {
		panic("pvesim: " + err.Error())
	}
	s := &Server{opts: opts, release: rel, privs: privilegesOf(opts.Version), ca: ca,
		issued: map[string]string{}, locked: map[string]bool{}, lockChanged: make(chan struct{}), daemon: true, released: make(chan struct{})}
	s.api = s.endpoints()
	s.net.conns = map[net.Conn]struct{}{}
	key := make([]byte, 32)
	mustRead(key)
	s.state = state{secrets: map[string]string{}, shadow: map[string]string{},
		realmKeys: map[string]string{}, signingKey: key}
	s.issueLocked(rootTokenID)
	s.setUserCfg(initialUserCfg)
	return s
}

// rootTokenID is the token that every simulated cluster begins with.
const rootTokenID = "root@pam!ci"

// initialUserCfg is the user.cfg of a new cluster with the root token.
const initialUserCfg = "user:root@pam:1:0::::::\ntoken:root@pam!ci:0:0::\n\n\n\n\n"

// setUserCfg replaces the file. The caller holds mu, or owns the server alone.
func (s *Server) setUserCfg(text string) {
	s.state.userCfg = text
	s.state.parsed = parseUserConfig(text, s.privs)
}

// Start listens on 127.0.0.1 at a free port and serves until [Server.Close].
func (s *Server) Start() error {
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{s.ca.certificate},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"http/1.1"},
	})
	if err != nil {
		return fmt.Errorf("simulated PVE API: %w", err)
	}
	s.net.Lock()
	defer s.net.Unlock()
	if s.net.closed || s.net.listener != nil {
		return errors.Join(errors.New("simulated PVE API: started twice or closed"), l.Close())
	}
	s.net.listener = l
	s.net.wg.Add(1)
	go s.accept(l)
	return nil
}

// accept serves each connection in its own goroutine.
func (s *Server) accept(l net.Listener) {
	defer s.net.wg.Done()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.net.Lock()
		if s.net.closed {
			s.net.Unlock()
			_ = c.Close()
			return
		}
		s.net.conns[c] = struct{}{}
		s.net.wg.Add(1)
		s.net.Unlock()
		go func() {
			defer s.net.wg.Done()
			s.serveConn(c)
			s.net.Lock()
			delete(s.net.conns, c)
			s.net.Unlock()
		}()
	}
}

// Close stops listening, cuts every connection and waits for the goroutines.
func (s *Server) Close() error {
	s.net.Lock()
	if s.net.closed {
		s.net.Unlock()
		return nil
	}
	s.net.closed = true
	close(s.released)
	var err error
	if s.net.listener != nil {
		err = s.net.listener.Close()
	}
	for c := range s.net.conns {
		_ = c.Close()
	}
	s.net.Unlock()
	s.net.wg.Wait()
	return err
}

// URL is the endpoint without /api2/json, for example https://127.0.0.1:40123.
// It is empty before [Server.Start].
func (s *Server) URL() string {
	s.net.Lock()
	defer s.net.Unlock()
	if s.net.listener == nil {
		return ""
	}
	return "https://" + s.net.listener.Addr().String()
}

// CAPEM is the certificate authority of the server in PEM.
func (s *Server) CAPEM() string { return s.ca.caPEM }

// Fingerprint is the SHA-256 of the server certificate, upper-case with colons.
func (s *Server) Fingerprint() string { return s.ca.fingerprint }

// RootToken is a token of root@pam with all privileges, as the value of PVE's
// Authorization header without its scheme: root@pam!ci=SECRET.
func (s *Server) RootToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return rootTokenID + "=" + s.state.secrets[rootTokenID]
}

// Version is the PVE release that is simulated, for example 9.1.
func (s *Server) Version() string { return s.opts.Version }

// newUUID returns a random UUID, which is what PVE uses as token secret.
func newUUID() string {
	b := make([]byte, 16)
	mustRead(b)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// mustRead fills b with random bytes; crypto/rand never fails on Linux.
func mustRead(b []byte) { _, _ = rand.Read(b) }
