package pvesim

import (
	"maps"
	"strings"
	"time"
)

// dispatch runs a request that is authenticated, in PVE's order: find the method,
// compare parameters of path and body, closed to tokens, permissions, schema, code.
func (s *Server) dispatch(e *endpoint, inPath, sent rawParams, authid, uri string, token bool) (any, error) {
	bad := paramsError{}
	raw := maps.Clone(sent)
	for name, v := range inPath {
		if other, ok := sent[name]; ok && (other.kind != "" || other.text != v.text) {
			bad[name] = "duplicate parameter (already defined in URI) with conflicting values!"
		}
		raw[name] = v
	}
	if len(bad) > 0 {
		return nil, bad
	}
	if e.noToken && token {
		return nil, &forbiddenError{"URI '" + uri + "' not available with API token, need proper ticket.\n"}
	}
	if e.protected && !s.daemonUp() {
		return nil, errProxy
	}
	s.mu.Lock()
	c := &call{srv: s, cfg: s.state.parsed, authid: authid, raw: raw}
	s.mu.Unlock()
	// The user id root@pam itself, not one of its tokens, passes every check unseen.
	if e.check != nil && authid != rootUser {
		if err := e.check(c); err != nil {
			return nil, err
		}
	}
	args, err := e.params.verify(raw, s.opts.Version)
	if err != nil {
		return nil, err
	}
	c.args = args
	return e.run(c)
}

// daemonUp tells whether pvedaemon runs, see [Server.StopDaemon].
func (s *Server) daemonUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.daemon
}

// update changes user.cfg under its lock: it is parsed, changed and written whole,
// or not at all when change fails. Its errors get the prefix, if there is one.
func (c *call) update(prefix string, change func(*userConfig) error) error {
	s := c.srv
	fail := func(err error) error {
		if prefix == "" {
			return err
		}
		return dief("%s: %s", prefix, strings.TrimSuffix(err.Error(), "\n"))
	}
	if !s.waitForLock(LockUserCfg) {
		return fail(lockTimeout(LockUserCfg))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg := parseUserConfig(s.state.userCfg, s.privs)
	if err := change(cfg); err != nil {
		return fail(err)
	}
	s.setUserCfg(asBytes(cfg.String()))
	return nil
}

// waitForLock waits until nobody holds a lock and tells whether it got free in
// time. PVE tries once a second for ten seconds.
func (s *Server) waitForLock(name string) bool {
	deadline := time.NewTimer(max(0, s.opts.LockTimeout))
	defer deadline.Stop()
	for {
		s.mu.Lock()
		held, changed := s.locked[name], s.lockChanged
		s.mu.Unlock()
		if !held {
			return true
		}
		select {
		case <-changed:
		case <-s.released:
			return false
		case <-deadline.C:
			return false
		}
	}
}

// lockTimeout is what PVE says when a cluster lock was not to be had.
func lockTimeout(name string) error {
	return dief("cfs-lock '%s' error: got lock request timeout", name)
}
