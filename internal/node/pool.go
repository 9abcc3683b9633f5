package node

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// maxSessions bounds the sessions on one connection, below sshd's MaxSessions of 10, sshd_config(5).
const maxSessions = 6

const (
	// keepaliveInterval is how often an idle connection is asked whether it lives.
	keepaliveInterval = 15 * time.Second
	// keepaliveMisses is after how many unanswered questions it is given up.
	keepaliveMisses = 3
)

// errClosed is what a closed pool answers.
var errClosed = errors.New("the connection pool is closed")

// A Pool holds one SSH connection per [Target], dialled on first use and shared. It is safe for concurrent use.
type Pool struct {
	user        string
	credentials credentials
	hostKeys    *hostKeys
	timeout     time.Duration

	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu    sync.Mutex
	nodes map[Target]*link
}

// A link is the shared connection to one target and what bounds its use.
type link struct {
	target   Target
	sessions chan struct{} // one token per open session
	// transaction holds a token while a transaction of this pool is under way on the node.
	transaction chan struct{}

	mu      sync.Mutex
	client  *ssh.Client
	dialing *dialing
}

// dialing is a handshake under way, waited for by everybody who needs the connection.
type dialing struct {
	done   chan struct{}
	client *ssh.Client
	err    error
}

// NewPool checks the configuration and dials nothing. Its errors are of type [*ConfigError].
func NewPool(cfg Config) (*Pool, error) {
	user := cfg.User
	if user == "" {
		user = "root"
	}
	if strings.ContainsFunc(user, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, &ConfigError{"user", fmt.Errorf("%q holds blanks or control characters", user)}
	}
	creds, err := parseCredentials(cfg, time.Now())
	if err != nil {
		return nil, err
	}
	keys, err := parseHostKeys(cfg.KnownHosts, cfg.Fingerprints)
	if err != nil {
		return nil, err
	}
	p := &Pool{user: user, credentials: creds, hostKeys: keys, timeout: cfg.ConnectTimeout, nodes: map[Target]*link{}}
	if p.timeout <= 0 {
		p.timeout = DefaultConnectTimeout
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, nil
}

// Close ends all connections. Transactions under way are undone by their nodes.
func (p *Pool) Close() error {
	p.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.nodes {
		l.mu.Lock()
		if l.client != nil {
			l.client.Close()
			l.client = nil
		}
		l.mu.Unlock()
	}
	return nil
}

// link returns the shared state for a target.
func (p *Pool) link(t Target) *link {
	t = t.normal()
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.nodes[t]
	if l == nil {
		l = &link{target: t, sessions: make(chan struct{}, maxSessions), transaction: make(chan struct{}, 1)}
		p.nodes[t] = l
	}
	return l
}

// connect returns the connection, dialling it when there is none. All callers share one handshake; who no longer
// wants to wait leaves, and the handshake goes on for the others.
func (p *Pool) connect(ctx context.Context, l *link) (*ssh.Client, error) {
	if p.ctx.Err() != nil {
		return nil, errClosed
	}
	l.mu.Lock()
	if c := l.client; c != nil {
		l.mu.Unlock()
		return c, nil
	}
	d := l.dialing
	if d == nil {
		d = &dialing{done: make(chan struct{})}
		l.dialing = d
		go p.dialShared(l, d)
	}
	l.mu.Unlock()
	select {
	case <-d.done:
		return d.client, d.err
	case <-ctx.Done():
		return nil, &UnreachableError{Node: l.target.Name, Address: l.target.Address, Port: l.target.Port, User: p.user, Err: context.Cause(ctx)}
	}
}

func (p *Pool) dialShared(l *link, d *dialing) {
	ctx, cancel := context.WithTimeoutCause(p.ctx, p.timeout, fmt.Errorf("after %s: %w", p.timeout, context.DeadlineExceeded))
	defer cancel()
	client, err := p.dial(ctx, l.target)
	l.mu.Lock()
	if err == nil && p.ctx.Err() != nil {
		client.Close()
		client, err = nil, errClosed
	}
	d.client, d.err = client, err
	l.client, l.dialing = client, nil
	l.mu.Unlock()
	close(d.done)
	if err != nil {
		return
	}
	go keepalive(client)
	client.Wait() // until the connection ends, whoever ends it
	l.drop(client)
}

// drop forgets a connection that broke, so that the next use dials again.
func (l *link) drop(c *ssh.Client) {
	c.Close()
	l.mu.Lock()
	if l.client == c {
		l.client = nil
	}
	l.mu.Unlock()
}

// keepalive closes the connection when the server stops answering, which unblocks everybody who reads from it.
func keepalive(c *ssh.Client) {
	answers := make(chan error, 1)
	asking, missed := false, 0
	ended := make(chan struct{})
	go func() { c.Wait(); close(ended) }()
	tick := time.NewTicker(keepaliveInterval)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case err := <-answers:
			asking, missed = false, 0
			if err != nil {
				c.Close()
				return
			}
		case <-tick.C:
			if asking {
				if missed++; missed >= keepaliveMisses {
					c.Close()
					return
				}
				continue
			}
			asking = true
			go func() {
				_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
				answers <- err
			}()
		}
	}
}
