package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// handshakeTries bounds how often a connection that sshd drops before the login is tried again: MaxStartups drops at
// random.
const handshakeTries = 6

// clientVersion is how the server's log names us.
const clientVersion = "SSH-2.0-pvesec"

// dial opens and authenticates one connection. ctx bounds it.
//
// A fingerprint does not tell which algorithm its key has. When the server shows another key than a pinned one, it is
// asked again for its keys of the other algorithms before it is refused.
func (l *login) dial(ctx context.Context) (*ssh.Client, error) {
	tr := l.hostKeys.trustFor(l.target)
	shown := map[string]bool{} // families of keys that the server showed and that did not match
	var mismatch *HostKeyError
	for try := 1; ; {
		client, offered, err := l.handshake(ctx, tr, shown)
		var wrong *HostKeyError
		switch {
		case err == nil:
			return client, nil
		case errors.As(err, &wrong) && wrong.Node == l.name(): // not a jump host's
			if mismatch == nil {
				mismatch = wrong
			} else if offered != nil {
				mismatch.Offered += "\n            " + wrong.Offered
			}
			if offered == nil || wrong.Reason != "" || shown[familyOf(offered)] {
				return nil, mismatch
			}
			shown[familyOf(offered)] = true
			if len(tr.algorithms(shown)) == 0 {
				return nil, mismatch
			}
		case try < handshakeTries && droppedEarly(err) && ctx.Err() == nil:
			if !pause(ctx, 100*time.Millisecond<<try) {
				return nil, err
			}
			try++
		default:
			return nil, err
		}
	}
}

// pause waits for about d, half of it by chance, so that many who were turned away together do not come back together.
// It says whether ctx still stands.
func pause(ctx context.Context, d time.Duration) bool {
	d = d/2 + time.Duration(rand.Int64N(int64(d))) //nolint:gosec // it only spreads load
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// droppedEarly says whether the server closed the connection before it said who it is.
func droppedEarly(err error) bool {
	var u *UnreachableError
	return errors.As(err, &u) && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE))
}

// open makes the connection that the handshake runs over.
func (l *login) open(ctx context.Context) (net.Conn, error) {
	if l.via == nil {
		dialer := net.Dialer{KeepAlive: l.keepalive}
		conn, err := dialer.DialContext(ctx, "tcp", l.target.hostPort())
		if err != nil {
			return nil, l.unreachable(ctx, err)
		}
		return conn, nil
	}
	for again := true; ; again = false {
		hop, err := l.via.connect(ctx)
		if err != nil {
			return nil, fmt.Errorf("on the way to %s: %w", l.name(), err)
		}
		conn, err := hop.DialContext(ctx, "tcp", l.target.hostPort())
		if err == nil {
			return conn, nil
		}
		var refused *ssh.OpenChannelError
		if !again || errors.As(err, &refused) || ctx.Err() != nil {
			return nil, l.unreachable(ctx, err)
		}
		l.via.drop(hop) // it broke since its last use; one more try
	}
}

// handshake makes one attempt. On a mismatch it also returns the key that the server offered.
func (l *login) handshake(ctx context.Context, tr *trust, shown map[string]bool) (*ssh.Client, ssh.PublicKey, error) {
	raw, err := l.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	conn := &prefaced{Conn: raw}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		conn.Close()
		return nil, nil, l.unreachable(ctx, context.Cause(ctx))
	}
	// The SSH package knows no contexts: closing the connection is what ends a handshake that is no longer wanted.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	tried := &attempts{}
	methods, done, err := l.credentials.methods(ctx, tried)
	if err != nil {
		conn.Close()
		return nil, nil, &AuthError{Node: l.name(), Address: l.target.Address, Port: l.target.Port, User: l.user, Err: err, NotTried: err.Error()}
	}
	defer done()
	var offered ssh.PublicKey
	var refused *HostKeyError
	var proven bool
	cfg := &ssh.ClientConfig{
		User:              l.user,
		Auth:              methods,
		ClientVersion:     clientVersion,
		HostKeyAlgorithms: tr.algorithms(shown),
		BannerCallback: func(message string) error {
			_, err := tried.banner.Write([]byte(message))
			return err
		},
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			ok, reason := tr.check(key)
			if ok {
				proven = true
				return nil
			}
			offered = key
			refused = &HostKeyError{Node: l.name(), Address: l.target.Address, Port: l.target.Port, Expected: tr.expected(), Offered: describeKey(key), Reason: untrusted.Line(reason)}
			return refused
		},
	}
	sshConn, chans, reqs, err := ssh.NewClientConn(conn, l.target.hostPort(), cfg)
	if err == nil && !stop() {
		sshConn.Close()
		err = ctx.Err()
	}
	if err == nil {
		return ssh.NewClient(sshConn, chans, reqs), nil, nil
	}
	conn.Close()
	var none *ssh.AlgorithmNegotiationError
	switch {
	case refused != nil:
		return nil, offered, refused
	case errors.As(err, &none) && none.What == "host key":
		return nil, nil, &HostKeyError{
			Node: l.name(), Address: l.target.Address, Port: l.target.Port, Expected: tr.expected(),
			Offered: "keys of other algorithms only: " + untrusted.Line(strings.Join(none.RequestedAlgorithms, ", ")),
		}
	case proven && (strings.Contains(err.Error(), "unable to authenticate") || strings.Contains(err.Error(), "oo many authentication failures")):
		return nil, nil, l.refused(tried, err)
	case proven && ctx.Err() == nil && errors.Is(err, io.EOF):
		// Not marked as EOF any more: who is dropped during the login is not let in by coming again.
		err = fmt.Errorf("the connection was closed during the login of user %q", l.user)
	case !proven && ctx.Err() == nil:
		if said := conn.said(); said != "" {
			err = fmt.Errorf("%w; instead of starting SSH the server said %q", err, said)
		}
	}
	return nil, nil, l.unreachable(ctx, err)
}

func (l *login) unreachable(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("no answer in time: %w", cause)
	}
	return &UnreachableError{Node: l.name(), Address: l.target.Address, Port: l.target.Port, User: l.user, Via: l.through(), Err: err}
}

// prefaced is a connection that keeps the first bytes it read: sshd says there why it drops a connection before SSH
// begins, in plain text (sshd.c, "Exceeded MaxStartups", "Not allowed at this time").
type prefaced struct {
	net.Conn
	mu    sync.Mutex
	first []byte
}

// maxPreface is how much of it is kept.
const maxPreface = 200

func (c *prefaced) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := maxPreface - len(c.first); room > 0 && n > 0 {
		c.first = append(c.first, b[:min(room, n)]...)
	}
	return n, err
}

// said is the plain text that came instead of an SSH version; empty when SSH began.
func (c *prefaced) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := string(c.first)
	if strings.HasPrefix(text, "SSH-") || strings.Contains(text, "\nSSH-") {
		return ""
	}
	return untrusted.Line(strings.Join(strings.Fields(text), " "))
}
