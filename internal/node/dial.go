package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// handshakeTries bounds how often a connection that sshd drops before the login is tried again: MaxStartups drops at random.
const handshakeTries = 3

// clientVersion is how the server's log names us.
const clientVersion = "SSH-2.0-pvesec"

// dial opens and authenticates one connection. ctx bounds it.
//
// A fingerprint does not tell which algorithm its key has. When the server shows another key than a pinned one, it is asked again
// for its keys of the other algorithms before it is refused.
func (p *Pool) dial(ctx context.Context, t Target) (*ssh.Client, error) {
	tr := p.hostKeys.trustFor(t)
	shown := map[string]bool{} // families of keys that the server showed and that did not match
	var mismatch *HostKeyError
	for try := 1; ; {
		client, offered, err := p.handshake(ctx, t, tr, shown)
		var wrong *HostKeyError
		switch {
		case err == nil:
			return client, nil
		case errors.As(err, &wrong):
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
			pause := time.Duration(50+rand.IntN(200)) * time.Millisecond << try
			try++
			select {
			case <-ctx.Done():
				return nil, err
			case <-time.After(pause):
			}
		default:
			return nil, err
		}
	}
}

// droppedEarly says whether the server closed the connection before it said who it is.
func droppedEarly(err error) bool {
	var u *UnreachableError
	return errors.As(err, &u) && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE))
}

// handshake makes one attempt. On a mismatch it also returns the key that the server offered.
func (p *Pool) handshake(ctx context.Context, t Target, tr *trust, shown map[string]bool) (*ssh.Client, ssh.PublicKey, error) {
	dialer := net.Dialer{KeepAlive: keepaliveInterval}
	conn, err := dialer.DialContext(ctx, "tcp", t.hostPort())
	if err != nil {
		return nil, nil, p.unreachable(t, ctx, err)
	}
	// The SSH package knows no contexts: closing the connection is what ends a handshake that is no longer wanted.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()

	var offered ssh.PublicKey
	var refused *HostKeyError
	var proven bool
	cfg := &ssh.ClientConfig{
		User:              p.user,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(p.credentials.signers...)},
		ClientVersion:     clientVersion,
		HostKeyAlgorithms: tr.algorithms(shown),
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			ok, reason := tr.check(key)
			if ok {
				proven = true
				return nil
			}
			offered = key
			refused = &HostKeyError{Node: t.Name, Address: t.Address, Port: t.Port, Expected: tr.expected(), Offered: describeKey(key), Reason: reason}
			return refused
		},
	}
	sshConn, chans, reqs, err := ssh.NewClientConn(conn, t.hostPort(), cfg)
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
			Node: t.Name, Address: t.Address, Port: t.Port, Expected: tr.expected(),
			Offered: "keys of other algorithms only: " + strings.Join(none.RequestedAlgorithms, ", "),
		}
	case proven && strings.Contains(err.Error(), "unable to authenticate"):
		return nil, nil, &AuthError{Node: t.Name, Address: t.Address, Port: t.Port, User: p.user, Methods: p.credentials.offers, Err: err}
	case proven && ctx.Err() == nil && errors.Is(err, io.EOF):
		err = fmt.Errorf("the connection was closed during the login of user %q: %w", p.user, err)
	}
	return nil, nil, p.unreachable(t, ctx, err)
}

func (p *Pool) unreachable(t Target, ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("no answer in time: %w", cause)
	}
	return &UnreachableError{Node: t.Name, Address: t.Address, Port: t.Port, User: p.user, Err: err}
}
