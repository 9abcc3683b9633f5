package pvesim

import (
	"sync/atomic"
	"time"
)

// Locks that PVE takes for writes.
const (
	// LockUserCfg guards users, groups, roles, ACL, tokens and pools.
	LockUserCfg = "file-user_cfg"
	// LockTokenCfg guards the secrets of tokens.
	LockTokenCfg = "file-priv_token_cfg"
	// LockDomainsCfg guards the realms.
	LockDomainsCfg = "file-domains_cfg"
)

// Fault is what happens to a request instead of its handling, or in addition to it. The
// zero value is no fault.
type Fault struct {
	// Delay is waited before anything else.
	Delay time.Duration
	// Status answers without handling the request, with Reason and an empty body;
	// 595 is what pveproxy says when it cannot reach pvedaemon.
	Status int
	// Reason is the reason phrase that goes with Status.
	Reason string
	// DropBefore closes the connection without handling the request.
	DropBefore bool
	// DropAfter handles the request and closes the connection without an answer:
	// the write took effect, the client cannot know.
	DropAfter bool
}

// Hook decides about the fault of a request. It runs before the request is
// authenticated, must not block for long, and may call methods of the server.
type Hook func(Request) Fault

// OnCall returns a hook that applies a fault once: to the n-th request, counted
// from 1, among those that match; nil matches all.
func OnCall(n int, match func(Request) bool, f Fault) Hook {
	var count atomic.Int64
	return func(r Request) Fault {
		if (match == nil || match(r)) && count.Add(1) == int64(n) {
			return f
		}
		return Fault{}
	}
}

// SetHook installs a hook, nil for none.
func (s *Server) SetHook(h Hook) {
	s.net.Lock()
	defer s.net.Unlock()
	s.net.hook = h
}

// fault asks the hook.
func (s *Server) fault(r Request) Fault {
	s.net.Lock()
	h := s.net.hook
	s.net.Unlock()
	if h == nil {
		return Fault{}
	}
	return h(r)
}

// HoldLock takes one of PVE's locks as another admin would: writes that need it
// wait and then fail with "got lock request timeout" until release is called.
func (s *Server) HoldLock(name string) (release func()) {
	s.setLock(name, true)
	return func() { s.setLock(name, false) }
}

func (s *Server) setLock(name string, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.locked[name] = held
	close(s.lockChanged)
	s.lockChanged = make(chan struct{})
}

// StopDaemon takes pvedaemon away: all writes and GET /access/users answer 595,
// what pveproxy serves by itself goes on.
func (s *Server) StopDaemon() { s.setDaemon(false) }

// StartDaemon brings pvedaemon back.
func (s *Server) StartDaemon() { s.setDaemon(true) }

func (s *Server) setDaemon(up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.daemon = up
}
