package proxmox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// faultAt makes the n-th write, counted from 0, meet f, and all later ones too
// when forever is set. It returns whether it struck.
func (s *sim) faultAt(n int, f pvesim.Fault, forever bool) *atomic.Bool {
	var count atomic.Int64
	var struck atomic.Bool
	s.SetHook(func(r pvesim.Request) pvesim.Fault {
		if r.Method == http.MethodGet {
			return pvesim.Fault{}
		}
		at := int(count.Add(1)) - 1
		if at == n || forever && at > n {
			struck.Store(true)
			return f
		}
		return pvesim.Fault{}
	})
	return &struck
}

// TestCreateWithFaults strikes each write of a creation with each fault once:
// either the whole principal exists with working secrets, or nothing does.
func TestCreateWithFaults(t *testing.T) {
	t.Parallel()

	faults := map[string]struct {
		fault pvesim.Fault
		heals bool // the creation succeeds nevertheless
	}{
		"pvedaemon down": {pvesim.Fault{Status: 595, Reason: "Connection refused"}, true},
		"answer lost":    {pvesim.Fault{DropAfter: true}, true},
		"never arrived":  {pvesim.Fault{DropBefore: true}, false},
		"refused":        {pvesim.Fault{Status: 403, Reason: "Permission check failed"}, false},
		"no quorum":      {pvesim.Fault{Status: 500, Reason: "cfs-lock 'file-user_cfg' error: no quorum!"}, false},
	}
	for name, test := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for n := 0; ; n++ {
				s := newSim(t, pvesim.Version91).withGroups()
				before := s.UserCfg()
				struck := s.faultAt(n, test.fault, false)
				secrets, err := s.CreatePrincipal(t.Context(), agent())
				s.SetHook(nil)
				if !struck.Load() {
					if n < 7 {
						t.Errorf("only %d writes were seen", n)
					}
					return
				}
				if test.heals && err != nil {
					t.Fatalf("write %d: %v", n, err)
				}
				if err != nil {
					if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
						t.Errorf("write %d: %v; user.cfg (-before +after):\n%s", n, err, diff)
					}
					continue
				}
				want := agent().normal()
				if diff := cmp.Diff(&want, s.read("agent@pve", "agent-ops")); diff != "" {
					t.Errorf("write %d: (-want +got):\n%s", n, diff)
				}
				for id, secret := range secrets {
					if !s.works("agent@pve!" + id + "=" + secret) {
						t.Errorf("write %d: the secret of %s does not work", n, id)
					}
				}
			}
		})
	}
}

// TestCreateCannotUndo lets the server die for good at each write: what is left
// must be reported with the secrets that work.
func TestCreateCannotUndo(t *testing.T) {
	t.Parallel()

	for n := range 7 {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()

			s := newSim(t, pvesim.Version91).withGroups()
			struck := s.faultAt(n, pvesim.Fault{Status: 500, Reason: "no quorum!"}, true)
			_, err := s.CreatePrincipal(t.Context(), agent())
			s.SetHook(nil)
			if !struck.Load() {
				t.Fatalf("a creation has less than %d writes", n+1)
			}
			var partial *PartialError
			if n == 0 {
				if err == nil || errors.As(err, &partial) {
					t.Fatalf("nothing was done, but the error is %v", err)
				}
				return
			}
			if !errors.As(err, &partial) || partial.UndoErr == nil {
				t.Fatalf("error is %v", err)
			}
			exists := s.read("agent@pve", "agent-ops")
			if diff := cmp.Diff(exists, partial.Exists); diff != "" {
				t.Errorf("reported state (-real +reported):\n%s", diff)
			}
			var tokens map[string]Token
			if exists != nil {
				tokens = exists.Tokens
			}
			if len(partial.Secrets) != len(tokens) {
				t.Errorf("%s for %d tokens", partial.Secrets, len(tokens))
			}
			for id, secret := range partial.Secrets {
				if !s.works("agent@pve!" + id + "=" + secret) {
					t.Errorf("the reported secret of %s does not work", id)
				}
			}
			if len(partial.Done) != n {
				t.Errorf("done: %q, want %d steps", partial.Done, n)
			}
			if err := s.fresh().DeletePrincipal(t.Context(), agent()); err != nil {
				t.Errorf("cleaning up by hand: %v", err)
			}
		})
	}
}

// TestCreateCancelled sees that cleaning up goes on after the caller gave up.
func TestCreateCancelled(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	before := s.UserCfg()
	ctx, cancel := context.WithCancel(t.Context())
	s.SetHook(func(r pvesim.Request) pvesim.Fault {
		if strings.HasSuffix(r.Path, "/token/full") && r.Method == http.MethodPost {
			cancel()
			return pvesim.Fault{DropAfter: true}
		}
		return pvesim.Fault{}
	})
	_, err := s.CreatePrincipal(ctx, agent())
	s.SetHook(nil)
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
		t.Errorf("%v; user.cfg (-before +after):\n%s", err, diff)
	}
}

// TestUpdateWithFaults strikes each write of an update: after it either all is
// as wanted, or a second update from the state that is read finishes the work.
func TestUpdateWithFaults(t *testing.T) {
	t.Parallel()

	q := agent()
	q.Comment, q.Groups = "", []string{"other"}
	q.Role = &Role{ID: "agent-ops", Privileges: []string{"VM.Audit", "VM.Console"}}
	q.Grants = []Grant{{Path: "/vms/102", Role: "agent-ops"}}
	q.Tokens = map[string]Token{
		"ci":   {PrivilegeSeparation: true, Comment: "changed", Grants: []Grant{{Path: "/vms/102", Role: "agent-ops"}}},
		"next": {PrivilegeSeparation: true},
	}
	for name, fault := range map[string]pvesim.Fault{
		"answer lost": {DropAfter: true}, "never arrived": {DropBefore: true}, "refused": {Status: 500, Reason: "no quorum!"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for n := 0; ; n++ {
				s := newSim(t, pvesim.Version91).withGroups()
				first := s.create(agent())
				struck := s.faultAt(n, fault, false)
				secrets, err := s.UpdatePrincipal(t.Context(), agent(), q)
				s.SetHook(nil)
				if !struck.Load() {
					if n < 9 {
						t.Errorf("only %d writes were seen", n)
					}
					return
				}
				saved := map[string]string{"ci": first["ci"]}
				if err != nil {
					now := s.read("agent@pve", "agent-ops")
					var partial *PartialError
					if errors.As(err, &partial) {
						if diff := cmp.Diff(now, partial.Exists); diff != "" {
							t.Errorf("write %d: reported state (-real +reported):\n%s", n, diff)
						}
						for id, secret := range partial.Secrets {
							saved[id] = secret
						}
					}
					secrets, err = s.fresh().UpdatePrincipal(t.Context(), *now, q)
					if err != nil {
						t.Fatalf("write %d: the second update: %v", n, err)
					}
				}
				for id, secret := range secrets {
					saved[id] = secret
				}
				want := q.normal()
				if diff := cmp.Diff(&want, s.read("agent@pve", "agent-ops")); diff != "" {
					t.Errorf("write %d: (-want +got):\n%s", n, diff)
				}
				if len(saved) != 2 {
					t.Errorf("write %d: %s", n, Secrets(saved))
				}
				for id, secret := range saved {
					if !s.works("agent@pve!" + id + "=" + secret) {
						t.Errorf("write %d: the secret of %s was lost", n, id)
					}
				}
			}
		})
	}
}

// TestDeleteWithFaults strikes each write of a deletion; a second one finishes.
func TestDeleteWithFaults(t *testing.T) {
	t.Parallel()

	for name, fault := range map[string]pvesim.Fault{
		"answer lost": {DropAfter: true}, "never arrived": {DropBefore: true}, "refused": {Status: 500, Reason: "no quorum!"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for n := 0; ; n++ {
				s := newSim(t, pvesim.Version91).withGroups()
				before := s.UserCfg()
				s.create(agent())
				struck := s.faultAt(n, fault, false)
				err := s.DeletePrincipal(t.Context(), agent())
				s.SetHook(nil)
				if !struck.Load() {
					if n < 2 {
						t.Errorf("only %d writes were seen", n)
					}
					return
				}
				if (err != nil) != (name == "refused") {
					t.Errorf("write %d: error is %v", n, err)
				}
				if err := s.fresh().DeletePrincipal(t.Context(), agent()); err != nil {
					t.Errorf("write %d: the second deletion: %v", n, err)
				}
				if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
					t.Errorf("write %d: user.cfg (-before +after):\n%s", n, diff)
				}
			}
		})
	}
}

// TestDaemonDown holds the measured case: without pvedaemon writes are answered
// 595, which go-proxmox takes for success.
func TestDaemonDown(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	s.create(agent())
	before := s.UserCfg()
	s.StopDaemon()
	q := agent()
	q.Comment = "x"
	_, err := s.UpdatePrincipal(t.Context(), agent(), q)
	if !hasStatus(err, 595) || !strings.Contains(err.Error(), "Connection refused") {
		t.Errorf("update: error is %v", err)
	}
	if _, err := s.fresh().ReadPrincipal(t.Context(), "agent@pve", "agent-ops"); !hasStatus(err, 595) {
		t.Errorf("read: error is %v", err)
	}
	if err := s.fresh().DeletePrincipal(t.Context(), agent()); !hasStatus(err, 595) {
		t.Errorf("delete: error is %v", err)
	}
	s.StartDaemon()
	if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
		t.Errorf("user.cfg (-before +after):\n%s", diff)
	}
}

// TestLockHeld sees PVE's own words when another admin holds the lock.
func TestLockHeld(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	release := s.HoldLock(pvesim.LockUserCfg)
	_, err := s.CreatePrincipal(t.Context(), agent())
	if err == nil || !strings.Contains(err.Error(), "got lock request timeout") {
		t.Errorf("error is %v", err)
	}
	if n := len(s.writes()); n != maxAttempts+3 { // three groups were made before
		t.Errorf("%d writes, want %d attempts: %q", n, maxAttempts, s.writes())
	}
	release()
	s.create(agent())
}

// TestRoleGoneDuringRevocation sees that one missing role does not keep the
// entries of the others on the same path.
func TestRoleGoneDuringRevocation(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91)
	p := Principal{UserID: "a@pve", Role: &Role{ID: "mine"}, Grants: []Grant{{Path: "/vms", Role: "mine"}, {Path: "/vms", Role: "PVEAuditor"}}}
	s.create(p)
	s.admin("DELETE", "/access/roles/mine", nil)
	q := Principal{UserID: "a@pve"}
	if _, err := s.UpdatePrincipal(t.Context(), p, q); err != nil {
		t.Fatal(err)
	}
	want := q.normal()
	if diff := cmp.Diff(&want, s.read("a@pve", "mine")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCreateUnsure loses an answer and then the sight: what may exist is removed
// all the same.
func TestCreateUnsure(t *testing.T) {
	t.Parallel()

	for _, path := range []string{"/access/roles", "/access/users"} {
		t.Run(path[len("/access/"):], func(t *testing.T) {
			t.Parallel()

			s := newSim(t, pvesim.Version91).withGroups()
			before := s.UserCfg()
			var lost atomic.Bool
			s.SetHook(func(r pvesim.Request) pvesim.Fault {
				switch {
				case r.Method == http.MethodPost && r.Path == path:
					lost.Store(true)
					return pvesim.Fault{DropAfter: true}
				case r.Method == http.MethodGet && lost.Load():
					return pvesim.Fault{Status: 500, Reason: "out of sight"}
				}
				return pvesim.Fault{}
			})
			_, err := s.CreatePrincipal(t.Context(), agent())
			s.SetHook(nil)
			if err == nil || !strings.Contains(err.Error(), "could not be found out") || !strings.Contains(err.Error(), "removed again") {
				t.Errorf("error is %v", err)
			}
			if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
				t.Errorf("user.cfg (-before +after):\n%s", diff)
			}
		})
	}
}

// TestCreateSomebodyWasFaster sees that what another admin made in the same
// moment is not taken for ours, nor removed.
func TestCreateSomebodyWasFaster(t *testing.T) {
	t.Parallel()

	for path, body := range map[string]map[string]any{
		"/access/roles": {"roleid": "agent-ops", "privs": "Sys.Audit"},
		"/access/users": {"userid": "agent@pve", "comment": "somebody else"},
	} {
		t.Run(path[len("/access/"):], func(t *testing.T) {
			t.Parallel()

			s := newSim(t, pvesim.Version91).withGroups()
			var theirs string
			s.SetHook(func(r pvesim.Request) pvesim.Fault {
				if r.Method != http.MethodPost || r.Path != path {
					return pvesim.Fault{}
				}
				s.SetHook(nil)
				s.admin("POST", path, body)
				theirs = s.UserCfg()
				return pvesim.Fault{DropBefore: true}
			})
			_, err := s.CreatePrincipal(t.Context(), agent())
			if !errors.Is(err, ErrExists) {
				t.Errorf("error is %v", err)
			}
			// What others made stays. Only the user, which came before the role, is gone again.
			after := s.UserCfg()
			if path == "/access/users" && (!strings.Contains(theirs, "somebody else") || after != theirs) ||
				path == "/access/roles" && (!strings.Contains(after, "role:agent-ops:Sys.Audit:") || !strings.Contains(theirs, "agent@pve") || strings.Contains(after, "agent@pve")) {
				t.Errorf("user.cfg (-theirs +after):\n%s", cmp.Diff(theirs, after))
			}
		})
	}
}

// TestDeleteAsksAgain: a removal that cannot read for once what hangs on a user or token, or cannot revoke it, leaves
// nothing behind all the same.
func TestDeleteAsksAgain(t *testing.T) {
	t.Parallel()

	ci := Token{PrivilegeSeparation: true, Grants: []Grant{{Path: "/vms", Role: "PVEAuditor"}}}
	withoutRole := Principal{UserID: "agent@pve", Tokens: map[string]Token{"ci": ci}}
	for name, c := range map[string]struct {
		first, user Principal // before, and what is removed
		remove      func(context.Context, *Client) error
	}{
		"user with role": {user: agent(), remove: func(ctx context.Context, c *Client) error { return c.DeletePrincipal(ctx, agent()) }},
		"user":           {user: withoutRole, remove: func(ctx context.Context, c *Client) error { return c.DeletePrincipal(ctx, withoutRole) }},
		"token":          {first: Principal{UserID: "agent@pve"}, remove: func(ctx context.Context, c *Client) error { return c.DeleteToken(ctx, "agent@pve", "ci", ci) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for n := int64(1); ; n++ {
				s := newSim(t, pvesim.Version92).withGroups()
				if c.first.UserID != "" {
					s.create(c.first)
				}
				before := s.UserCfg()
				if c.user.UserID != "" {
					s.create(c.user)
				} else if _, err := s.CreateToken(t.Context(), "agent@pve", "ci", ci); err != nil {
					t.Fatal(err)
				}
				var count atomic.Int64
				s.SetHook(func(pvesim.Request) pvesim.Fault {
					if count.Add(1) == n {
						return pvesim.Fault{Status: 401, Reason: "Authentication failed!"}
					}
					return pvesim.Fault{}
				})
				err := c.remove(t.Context(), s.fresh())
				s.SetHook(nil)
				if count.Load() < n {
					return
				}
				if err != nil {
					if err := c.remove(t.Context(), s.fresh()); err != nil {
						t.Errorf("request %d: the second deletion: %v", n, err)
					}
				}
				if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
					t.Errorf("request %d, %v: user.cfg (-before +after):\n%s", n, err, diff)
				}
			}
		})
	}
}
