package proxmox

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestFilteredListsAreNotAbsence sees that a token which may not look is told so,
// instead of being told that everything was deleted.
func TestFilteredListsAreNotAbsence(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		role, path string
		missing    []string
	}{
		"no privileges":        {"", "", []string{"Sys.Audit on /access (", "Sys.Audit or User.Modify on /access/groups ("}},
		"on another tree":      {"PVEAuditor", "/vms", []string{"Sys.Audit on /access (", "on /access/groups"}},
		"users only":           {"PVEUserAdmin", "/access", []string{"Sys.Audit on /access ("}},
		"auditor":              {"PVEAuditor", "/", nil},
		"auditor of access":    {"PVEAuditor", "/access", nil},
		"auditor of one group": {"PVEAuditor", "/access/groups/ops", []string{"Sys.Audit on /access (", "on /access/groups"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSim(t, pvesim.Version91).withGroups()
			s.create(agent())
			c := simClient(t, s.Server, s.tokenFor("viewer@pve", test.role, test.path))
			got, err := c.ReadPrincipal(t.Context(), "agent@pve", "agent-ops")
			absent, absentErr := c.ReadPrincipal(t.Context(), "ghost@pve", "")
			if test.missing == nil {
				want := agent().normal()
				if diff := cmp.Diff(&want, got); diff != "" || err != nil {
					t.Errorf("error %v (-want +got):\n%s", err, diff)
				}
				if absent != nil || absentErr != nil {
					t.Errorf("an absent user is %v, %v", absent, absentErr)
				}
				return
			}
			for _, err := range []error{err, absentErr} {
				var hidden *VisibilityError
				if !errors.As(err, &hidden) {
					t.Fatalf("error is %v", err)
				}
				if len(hidden.Missing) != len(test.missing) {
					t.Errorf("missing is %v, want %v", hidden.Missing, test.missing)
				}
				for _, part := range test.missing {
					if !strings.Contains(err.Error(), part) {
						t.Errorf("the error lacks %q: %v", part, err)
					}
				}
			}
			if got != nil || absent != nil {
				t.Errorf("read %v and %v", got, absent)
			}
			before := s.UserCfg()
			if _, err := c.CreatePrincipal(t.Context(), Principal{UserID: "new@pve"}); err == nil {
				t.Error("created a principal that could not be read back")
			}
			if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
				t.Errorf("user.cfg (-before +after):\n%s", diff)
			}
		})
	}
}

// TestGroupsNeedPropagation sees that groups, which PVE filters one by one, are
// not called absent when the privilege ends above them.
func TestGroupsNeedPropagation(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	token := s.tokenFor("viewer@pve", "", "")
	for _, path := range []string{"/access", "/access/groups"} {
		s.admin("PUT", "/access/acl", map[string]any{"path": path, "roles": "PVEAuditor", "users": "viewer@pve", "propagate": 0})
	}
	c := simClient(t, s.Server, token)
	if err := c.RequireVisibility(t.Context()); err != nil {
		t.Errorf("users and ACL are visible: %v", err)
	}
	groups, err := c.Groups(t.Context())
	if err != nil || len(groups) != 0 {
		t.Fatalf("groups are %v, %v", groups, err)
	}
	problems := c.CheckPrincipal(t.Context(), Principal{UserID: "a@pve", Groups: []string{"ops"}})
	var hidden *VisibilityError
	if len(problems) != 1 || !errors.As(problems[0].Err, &hidden) || !strings.Contains(hidden.Error(), "on /access/groups with propagation (to see all groups)") {
		t.Errorf("problems are %v", problems)
	}
}

// TestDeleteWithoutSight removes a user with a token that may write but not look. The role stays, which others may
// hold.
func TestDeleteWithoutSight(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	s.create(agent())
	s.admin("POST", "/access/roles", map[string]any{"roleid": "blind", "privs": "User.Modify,Realm.AllocateUser,Permissions.Modify,Sys.Modify"})
	c := simClient(t, s.Server, s.tokenFor("blind@pve", "blind", "/"))
	if err := c.RequireVisibility(t.Context()); err == nil {
		t.Fatal("the token sees everything")
	}
	var kept []KeptRole
	if err := c.DeletePrincipal(t.Context(), agent(), WhenRoleKept(func(k KeptRole) { kept = append(kept, k) })); err != nil {
		t.Fatal(err)
	}
	if left := s.settled(); strings.Contains(left, "agent@pve") {
		t.Errorf("left behind:\n%s", left)
	}
	// Who else holds the role is out of sight.
	if s.read("agent@pve", "") != nil || len(kept) != 1 || !errors.As(kept[0].Err, new(*VisibilityError)) || !strings.Contains(s.UserCfg(), "role:agent-ops:") {
		t.Errorf("kept %v, in\n%s", kept, s.UserCfg())
	}
}

// TestPermissionTextIsKept sees that the missing privilege reaches the user.
func TestPermissionTextIsKept(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	c := simClient(t, s.Server, s.tokenFor("viewer@pve", "PVEAuditor", "/"))
	_, err := c.CreatePrincipal(t.Context(), Principal{UserID: "new@pve"})
	if !IsPermission(err) || !strings.Contains(err.Error(), "(/access/realm/pve, Realm.AllocateUser)") {
		t.Errorf("error is %v", err)
	}
}

// TestWrongToken sees that a bad token is told apart from a missing privilege.
func TestWrongToken(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91)
	c := simClient(t, s.Server, "root@pam!ci="+testSecret)
	_, err := c.ReadPrincipal(t.Context(), "agent@pve", "")
	if !IsAuth(err) || IsPermission(err) || !strings.Contains(err.Error(), "invalid token value!") || strings.Contains(err.Error(), testSecret) {
		t.Errorf("error is %v", err)
	}
}
