package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/ssh"
)

// takeSpare returns the session that was opened ahead on this connection, nil when there is none that is still good.
func (s *shared) takeSpare(client *ssh.Client) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	spare := s.spare
	if spare == nil || spare.client != client {
		return nil
	}
	s.spare = nil
	select {
	case <-spare.ended: // the server closed it meanwhile
		return nil
	default:
		return spare
	}
}

// prepareSpare opens the next session ahead, which saves its round trip. A server that refuses another one is not asked
// again.
func (s *shared) prepareSpare(client *ssh.Client) {
	s.mu.Lock()
	wanted := s.client == client && s.full != client && s.spare == nil && !s.preparing
	s.preparing = s.preparing || wanted
	s.mu.Unlock()
	if !wanted {
		return
	}
	channel, requests, err := client.OpenChannel("session", nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.preparing = false
	if err != nil {
		return
	}
	s.spare = newSession(client, channel, requests)
}

// count notes that a command began or ended on a connection.
func (s *shared) count(client *ssh.Client, change int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*ssh.Client]int{}
	}
	if s.open[client] += change; s.open[client] == 0 {
		delete(s.open, client)
	}
}

// refused notes that the server refused a session, so that none is opened ahead on this connection any more. It tells
// whether commands run on it, whose end makes room.
func (s *shared) refused(client *ssh.Client) (busy bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == client {
		s.full = client
	}
	return s.open[client] > 0
}

// openChannel opens a session. Where the server has a lower limit than we have, it waits for our own sessions to end,
// as long as the caller does, or for the one that was opened ahead. A server that refuses while no session is open is
// asked for a few seconds.
func (s *shared) openChannel(ctx context.Context, client *ssh.Client) (*session, error) {
	type opened struct {
		channel  ssh.Channel
		requests <-chan *ssh.Request
	}
	open := func() (opened, error) {
		ch, reqs, err := client.OpenChannel("session", nil)
		return opened{ch, reqs}, err
	}
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		o, err := within(ctx, client, open, func(unwanted opened) { unwanted.channel.Close() })
		var full *ssh.OpenChannelError
		switch {
		case err == nil:
			return newSession(client, o.channel, o.requests), nil
		case errors.As(err, &full) && (full.Reason == ssh.Prohibited || full.Reason == ssh.ResourceShortage || full.Reason == ssh.ConnectionFailed):
			if s.refused(client) {
				wait = min(wait, 200*time.Millisecond)
			}
			if spare := s.takeSpare(client); spare != nil {
				return spare, nil
			}
			if wait > 5*time.Second {
				return nil, fmt.Errorf("the server refuses another session (MaxSessions in sshd_config): %w", err)
			}
			if !pause(ctx, wait) {
				return nil, context.Cause(ctx)
			}
		default:
			return nil, err
		}
	}
}
