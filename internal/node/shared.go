package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// keepaliveMisses is after how many unanswered questions a connection is given up.
const keepaliveMisses = 3

// errClosed is what a closed pool answers.
var errClosed = errors.New("the connection pool is closed")

// A shared connection is dialled on first use and used by everyone: one per node and one per jump host.
type shared struct {
	login   *login
	pool    context.Context // ends when the pool is closed
	timeout time.Duration
	timing  Timing

	mu      sync.Mutex
	client  *ssh.Client
	dialing *dialing
	// spare is a session of client that was opened ahead; preparing says that one is being opened.
	spare     *session
	preparing bool
	// open counts the sessions of each connection that run a command; full is the connection on which the server
	// refused another one.
	open map[*ssh.Client]int
	full *ssh.Client
}

// dialing is a handshake under way, waited for by everyone who needs the connection.
type dialing struct {
	done   chan struct{}
	client *ssh.Client
	err    error
}

// connect returns the connection, dialling it when there is none. All callers share one handshake; who no longer
// wants to wait leaves, and the handshake goes on for the others.
func (s *shared) connect(ctx context.Context) (*ssh.Client, error) {
	if s.pool.Err() != nil {
		return nil, errClosed
	}
	s.mu.Lock()
	if c := s.client; c != nil {
		s.mu.Unlock()
		return c, nil
	}
	d := s.dialing
	if d == nil {
		d = &dialing{done: make(chan struct{})}
		s.dialing = d
		go s.dial(d)
	}
	s.mu.Unlock()
	select {
	case <-d.done:
		return d.client, d.err
	case <-ctx.Done():
		return nil, s.login.unreachable(ctx, context.Cause(ctx))
	}
}

func (s *shared) dial(d *dialing) {
	ctx, cancel := s.bounded(s.pool)
	defer cancel()
	client, err := s.login.dial(ctx)
	s.mu.Lock()
	if err == nil && s.pool.Err() != nil {
		client.Close()
		client, err = nil, errClosed
	}
	d.client, d.err = client, err
	s.client, s.dialing = client, nil
	s.mu.Unlock()
	close(d.done)
	if err != nil {
		return
	}
	go keepalive(client, s.timing.Keepalive)
	_ = client.Wait() // until either side ends the connection
	s.drop(client)
}

// bounded is a context for one dial with its handshake.
func (s *shared) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("after %s: %w", s.timeout, context.DeadlineExceeded))
}

// standing says whether there is a connection right now.
func (s *shared) standing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.client != nil
}

// drop forgets a connection that broke, so that the next use dials again.
func (s *shared) drop(c *ssh.Client) {
	c.Close()
	s.mu.Lock()
	if s.client == c {
		s.client = nil
	}
	s.mu.Unlock()
}

// close ends the connection.
func (s *shared) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		s.client.Close()
		s.client = nil
	}
}

// keepalive closes the connection when the server stops answering, which unblocks everyone who reads from it.
func keepalive(c *ssh.Client, interval time.Duration) {
	answers := make(chan error, 1)
	asking, missed := false, 0
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	tick := time.NewTicker(interval)
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
