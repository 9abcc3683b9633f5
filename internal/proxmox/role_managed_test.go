package proxmox

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestManagedRoleID: every name is one that PVE takes, and no two users share one.
func TestManagedRoleID(t *testing.T) {
	t.Parallel()
	for user, want := range map[UserID]string{"agent@pve": "restricted-agent-pve", "build-agent@pve": "restricted-build-agent-pve"} {
		if got := ManagedRoleID(user); got != want {
			t.Errorf("the role of %s is %s, want %s", user, got, want)
		}
	}
	names := []string{"a", "b", "-", "+", ".", "_", "@", "~", "0"}
	users := []string{""}
	for range 4 {
		for _, user := range users {
			for _, name := range names {
				if len(user) < 4 {
					users = append(users, user+name)
				}
			}
		}
		users = unique(users)
	}
	seen := map[string]UserID{}
	tried := 0
	for _, name := range append(users, strings.Repeat("x", 60), strings.Repeat("x", 59)+"y", strings.Repeat("+", 60)) {
		for _, realm := range []string{"pve", "a-b", "b", "pve-0"} {
			user, err := ParseUserID(name + "@" + realm)
			if err != nil {
				continue
			}
			tried++
			role := ManagedRoleID(user)
			if err := ValidateRoleID(role); err != nil {
				t.Errorf("%s: %v", user, err)
			}
			if other, taken := seen[role]; taken && other != user {
				t.Errorf("%s and %s share %s", user, other, role)
			}
			seen[role] = user
		}
	}
	if tried < 1000 {
		t.Errorf("only %d users tried", tried)
	}
}

func unique(items []string) []string { return normalSet(items) }

// TestSharedRoleStays: a managed role that others hold is not removed, neither with its user nor in a change, and who
// holds it is said.
func TestSharedRoleStays(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sim, func(KeptRole)) error{
		"destroy": func(s *sim, kept func(KeptRole)) error {
			return s.DeletePrincipal(s.t.Context(), agent(), WhenRoleKept(kept))
		},
		"change": func(s *sim, kept func(KeptRole)) error {
			q := agent()
			q.Role, q.Grants, q.Tokens = nil, nil, nil
			_, err := s.UpdatePrincipal(s.t.Context(), agent(), q, WhenRoleKept(kept))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, pvesim.Version91).withGroups()
			s.create(agent())
			s.admin("POST", "/access/users", map[string]any{"userid": "b@pve"})
			s.admin("PUT", "/access/acl", map[string]any{"path": "/pool/p", "roles": "agent-ops", "users": "b@pve"})
			s.admin("PUT", "/access/acl", map[string]any{"path": "/vms", "roles": "agent-ops", "groups": "other"})
			var kept []KeptRole
			if err := change(s, func(k KeptRole) { kept = append(kept, k) }); err != nil {
				t.Fatal(err)
			}
			if len(kept) != 1 || !strings.Contains(kept[0].String(), "user b@pve on /pool/p, group other on /vms") {
				t.Errorf("told %v", kept)
			}
			if left := s.settled(); !strings.Contains(left, "acl:1:/pool/p:b@pve:agent-ops:") || !strings.Contains(left, "acl:1:/vms:@other:agent-ops:") || strings.Contains(left, "agent@pve:agent-ops") {
				t.Errorf("left:\n%s", left)
			}
		})
	}
}

// TestDeleteWithoutRole: the entries of tokens go from user.cfg too where no role is removed after the user.
func TestDeleteWithoutRole(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91)
	before := s.UserCfg()
	p := Principal{UserID: "a@pve", Tokens: map[string]Token{"ci": {PrivilegeSeparation: true, Grants: []Grant{{Path: "/vms", Role: "PVEVMUser"}}}}}
	s.create(p)
	s.ResetRequests()
	if err := s.DeletePrincipal(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
		t.Errorf("user.cfg (-before +after):\n%s", diff)
	}
	s.create(p)
	s.faultAt(0, pvesim.Fault{Status: 403, Reason: "Permission check failed (/vms, Permissions.Modify)"}, false)
	if err := s.DeletePrincipal(t.Context(), p); err != nil || s.read("a@pve", "") != nil {
		t.Errorf("a token that may not revoke: %v", err)
	}
}

// TestUndoOfTakingOver: a creation that fails gives a role that it took over its privileges back.
func TestUndoOfTakingOver(t *testing.T) {
	t.Parallel()
	for n := range 5 {
		s := newSim(t, pvesim.Version91)
		s.admin("POST", "/access/roles", map[string]any{"roleid": "restricted-a-pve", "privs": "VM.Console"})
		before := s.UserCfg()
		p := Principal{UserID: "a@pve", Role: &Role{ID: "restricted-a-pve", Privileges: []string{"VM.Audit"}}, Grants: []Grant{{Path: "/vms", Role: "restricted-a-pve"}},
			Tokens: map[string]Token{"ci": {PrivilegeSeparation: true, Grants: []Grant{{Path: "/vms", Role: "restricted-a-pve"}}}}}
		struck := s.faultAt(n, pvesim.Fault{Status: 403, Reason: "Permission check failed"}, false)
		_, err := s.CreatePrincipal(t.Context(), p)
		s.SetHook(nil)
		if err == nil || !struck.Load() {
			t.Fatalf("write %d: %v", n, err)
		}
		if diff := cmp.Diff(before, s.settled()); diff != "" {
			t.Errorf("write %d: user.cfg (-before +after):\n%s", n, diff)
		}
	}
}

// TestUndoWithoutRights: an undo sends nothing but what takes back what was done.
func TestUndoWithoutRights(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91).withGroups()
	s.faultAt(4, pvesim.Fault{Status: 403, Reason: "Permission check failed (/vms/101, Permissions.Modify)"}, false)
	s.ResetRequests()
	_, err := s.CreatePrincipal(t.Context(), agent())
	s.SetHook(nil)
	if !IsPermission(err) || !strings.Contains(err.Error(), "removed again") {
		t.Errorf("error is %v", err)
	}
	want := []string{"POST /access/users", "POST /access/roles", "POST /access/users/agent@pve/token/ci", "POST /access/users/agent@pve/token/full",
		"PUT /access/acl", "DELETE /access/users/agent@pve", "DELETE /access/roles/agent-ops"}
	if diff := cmp.Diff(want, s.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// TestOwnRole: only a role that bears the user's name, and that it holds alone, was made for it.
func TestOwnRole(t *testing.T) {
	t.Parallel()
	grant := func(s *sim, holder string) {
		if err := s.GrantACL("/vms", holder, "restricted-a-b-pve", true); err != nil {
			s.t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		prepare func(*sim)
		user    UserID
		want    string
	}{
		"held by the user":       {func(s *sim) { grant(s, "a-b@pve") }, "a-b@pve", "restricted-a-b-pve"},
		"held by its token":      {func(s *sim) { grant(s, "a-b@pve!ci") }, "a-b@pve", "restricted-a-b-pve"},
		"held by nobody":         {func(*sim) {}, "a-b@pve", ""},
		"held by another too":    {func(s *sim) { grant(s, "a-b@pve"); grant(s, "c@pve") }, "a-b@pve", ""},
		"held by a group too":    {func(s *sim) { grant(s, "a-b@pve"); grant(s, "@ops") }, "a-b@pve", ""},
		"a user of a like name":  {func(s *sim) { grant(s, "a-b@pve") }, "a+b@pve", ""},
		"that user holds it":     {func(s *sim) { grant(s, "a+b@pve") }, "a+b@pve", ""},
		"a token of a like name": {func(s *sim) { grant(s, "a-b@pve"); grant(s, "a-b@pvex!ci") }, "a-b@pve", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, pvesim.Version91).withGroups()
			s.admin("POST", "/access/roles", map[string]any{"roleid": "restricted-a-b-pve", "privs": "VM.Audit"})
			for _, user := range []string{"a-b@pve", "a+b@pve", "c@pve", "a-b@pvex"} {
				s.admin("POST", "/access/users", map[string]any{"userid": user})
				s.admin("POST", "/access/users/"+user+"/token/ci", map[string]any{"privsep": 1})
			}
			test.prepare(s)
			got, err := s.fresh().OwnRole(t.Context(), test.user)
			if err != nil || got != test.want {
				t.Errorf("the own role of %s is %q, %v; want %q", test.user, got, err, test.want)
			}
		})
	}
}

// TestUpdateTakesOwnRole: a user that was imported without its role gets it by the configuration; one that others hold
// is refused while planning and while applying.
func TestUpdateTakesOwnRole(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		privileges, holder string
		free               bool
	}{
		"the same privileges":  {"VM.Audit,VM.PowerMgmt", "agent@pve", true},
		"nobody holds it":      {"VM.Audit,VM.PowerMgmt", "", true},
		"other privileges":     {"VM.Audit", "agent@pve", false},
		"another user's too":   {"VM.Audit,VM.PowerMgmt", "b@pve", false},
		"a group's, not built": {"VM.Audit,VM.PowerMgmt", "@ops", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, pvesim.Version91).withGroups()
			have := Principal{UserID: "agent@pve", Enabled: true}
			s.create(have)
			s.admin("POST", "/access/users", map[string]any{"userid": "b@pve"})
			s.admin("POST", "/access/roles", map[string]any{"roleid": "agent-ops", "privs": test.privileges})
			if test.holder != "" {
				if err := s.GrantACL("/vms", test.holder, "agent-ops", true); err != nil {
					t.Fatal(err)
				}
			}
			want := have
			want.Role, want.Grants = agent().Role, []Grant{{Path: "/vms", Role: "agent-ops", Propagate: true}}
			problems := s.fresh().CheckUpdate(t.Context(), have, want)
			_, err := s.fresh().UpdatePrincipal(t.Context(), have, want)
			if !test.free {
				if !errors.As(err, new(*InvalidError)) || len(problems) != 1 || problems[0].Field != "role.id" {
					t.Errorf("%v, %v", err, problems)
				}
				return
			}
			if err != nil || len(problems) > 0 {
				t.Fatalf("%v, %v", err, problems)
			}
			normal := want.normal()
			if diff := cmp.Diff(&normal, s.read("agent@pve", "agent-ops")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
