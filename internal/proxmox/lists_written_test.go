package proxmox

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// everything is what the lists of a client say.
type everything struct {
	Users  []User
	Groups []Group
	Roles  []Role
	ACL    []ACLEntry
	May    map[string]bool // what the API token may do on each path that matters: PVE also lists paths on which only others have entries
}

func (s *sim) everything(c *Client) everything {
	s.t.Helper()
	var all everything
	var errs [5]error
	ctx := s.t.Context()
	all.Users, errs[0] = c.Users(ctx)
	all.Groups, errs[1] = c.Groups(ctx)
	all.Roles, errs[2] = c.Roles(ctx)
	all.ACL, errs[3] = c.ACL(ctx)
	permissions, err := c.Permissions(ctx)
	errs[4] = err
	for _, err := range errs {
		if err != nil {
			s.t.Fatal(err)
		}
	}
	privileges, err := c.Privileges(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	all.May = map[string]bool{}
	for _, path := range []string{"/", "/access", "/access/groups", "/vms", "/vms/100", "/storage"} {
		for _, privilege := range privileges {
			all.May[privilege+" on "+path] = permissions.inherits(Missing{Path: path, Privileges: []string{privilege}})
		}
	}
	return all
}

// TestListsAfterWritesAreThoseOfPVE makes changes of every kind in any order, and sees after each that the lists are
// those that a new client reads.
func TestListsAfterWritesAreThoseOfPVE(t *testing.T) {
	t.Parallel()
	for _, version := range []string{pvesim.Version84, pvesim.Version91} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, version).withGroups()
			c := s.fresh()
			seed := rand.Uint64()
			t.Log("seed", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			pick := func(of ...string) string { return of[random.IntN(len(of))] }
			user := func() UserID { return UserID(pick("a", "b", "c") + "@pve") }
			grants := func() []Grant {
				return []Grant{{Path: pick("/vms", "/vms/100", "/"), Role: pick("PVEVMUser", "PVEAuditor"), Propagate: random.IntN(2) == 0}}
			}
			ctx := t.Context()
			outcomes := map[string]bool{}
			for range 150 {
				var err error
				var what string
				switch id := user(); random.IntN(10) {
				case 0, 1:
					what = "create user"
					err = c.createUser(ctx, Principal{UserID: id, Comment: pick("", "x"), Enabled: random.IntN(2) == 0, Groups: []string{pick("ops", "staff")}[:random.IntN(2)]}, "")
				case 2:
					what = "change user"
					groups := pick("ops", "staff", "")
					err = c.changeUser(ctx, id, userRequest{Comment: &what, Groups: &groups})
				case 3, 4:
					what = "create token"
					_, err = c.createToken(ctx, id, pick("ci", "cd"), Token{Expire: int64(random.IntN(2)) * 4102444800, PrivilegeSeparation: true})
				case 5:
					what = "delete token"
					err = c.deleteToken(ctx, id, pick("ci", "cd"))
				case 6, 7:
					what = "grant"
					err = c.putACL(ctx, holder{id, pick("", "ci")}, batchGrants(grants())[0], random.IntN(3) == 0)
				case 8:
					what = "role"
					role := Role{ID: pick("r1", "r2"), Privileges: []string{pick("VM.Audit", "VM.Console"), "VM.Audit"}}
					err = []func() error{func() error { return c.createRole(ctx, role) }, func() error { return c.setPrivileges(ctx, role) },
						func() error { return c.addPrivileges(ctx, role.ID, role.Privileges) }, func() error { return c.deleteRole(ctx, role.ID) }}[random.IntN(4)]()
				case 9:
					what = "delete user"
					if random.IntN(3) == 0 {
						err = c.deleteUser(ctx, id)
					}
				}
				outcomes[fmt.Sprint(what, err == nil)] = true
				if diff := cmp.Diff(s.everything(s.fresh()), s.everything(c)); diff != "" {
					t.Fatalf("after %s (%v), lists of a new client (-) and ours (+):\n%s", what, err, diff)
				}
			}
			if len(outcomes) < 10 {
				t.Errorf("only %v", slices.Sorted(maps.Keys(outcomes)))
			}
		})
	}
}

// TestWritesAskLittle sees that making and reading back a user with a token and grants costs one small request beside
// the writes, however many there are.
func TestWritesAskLittle(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91)
	c := s.fresh()
	s.ResetRequests()
	const users = 20
	for i := range users {
		p := Principal{UserID: UserID(fmt.Sprintf("u%d@pve", i)), Enabled: true, Grants: []Grant{{Path: "/vms", Role: "PVEVMUser"}},
			Tokens: map[string]Token{"ci": {PrivilegeSeparation: true, Grants: []Grant{{Path: "/vms", Role: "PVEAuditor"}}}}}
		if _, err := c.CreatePrincipal(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		now, err := c.ReadPrincipal(t.Context(), p.UserID, "")
		if err != nil || now == nil || len(now.Grants) != 1 || len(now.Tokens["ci"].Grants) != 1 {
			t.Fatalf("%+v, %v", now, err)
		}
		if _, err := c.RightsOf(t.Context(), p.UserID, nil); err != nil {
			t.Fatal(err)
		}
	}
	lists, single := 0, 0
	for path, n := range s.counts() {
		if len(path) > len("/access/users/") && path[:len("/access/users/")] == "/access/users/" {
			single += n
		} else {
			lists += n
		}
	}
	if single > users || lists > 5 {
		t.Errorf("%d requests about one user, %d for lists, for %d users: %v", single, lists, users, s.counts())
	}
}

// TestOldListsDecideNothing: whom others gave a role, and what they made of a token, counts in what is removed and
// taken over, although the lists of the run are older.
func TestOldListsDecideNothing(t *testing.T) {
	t.Parallel()
	s := newSim(t, pvesim.Version91).withGroups()
	role := Role{ID: "restricted-a-pve", Privileges: []string{"VM.Audit"}}
	have := Principal{UserID: "a@pve", Enabled: true, Role: &role, Grants: []Grant{{Path: "/vms", Role: role.ID}}, Tokens: map[string]Token{"ci": {Expire: 1000, PrivilegeSeparation: true}}}
	s.create(have)
	c := s.fresh()
	before := s.everything(c)
	if len(before.ACL) != 1 {
		t.Fatalf("%v", before.ACL)
	}
	s.admin("PUT", "/access/acl", map[string]any{"path": "/storage", "roles": role.ID, "groups": "ops"})
	s.admin("PUT", "/access/users/a@pve/token/ci", map[string]any{"expire": 4102444800, "privsep": 1})

	c.AskAgain("a@pve")
	if token, err := c.ReadToken(t.Context(), "a@pve", "ci"); err != nil || token == nil || token.Expire != 4102444800 {
		t.Errorf("asked again, the token is %+v, %v", token, err)
	}

	want := have
	want.Role, want.Grants = nil, []Grant{{Path: "/vms", Role: "PVEAuditor"}}
	var kept []string
	if _, err := c.UpdatePrincipal(t.Context(), have, want, WhenRoleKept(func(k KeptRole) { kept = append(kept, k.Holders...) })); err != nil {
		t.Fatal(err)
	}
	if len(kept) != 1 || !slices.ContainsFunc(s.everything(s.fresh()).Roles, func(r Role) bool { return r.ID == role.ID }) {
		t.Errorf("a role that a group was given is gone, or nobody says that it stays: %q", kept)
	}

	other := s.fresh()
	s.admin("PUT", "/access/acl", map[string]any{"path": "/storage", "roles": role.ID, "groups": "ops", "delete": 1})
	s.everything(other)
	s.admin("PUT", "/access/acl", map[string]any{"path": "/storage", "roles": role.ID, "groups": "ops"})
	s.admin("DELETE", "/access/users/a@pve", nil)
	other.AskAgain("a@pve")
	if _, err := other.CreatePrincipal(t.Context(), Principal{UserID: "a@pve", Role: &Role{ID: role.ID, Privileges: []string{"VM.Allocate"}}}); !errors.Is(err, ErrExists) {
		t.Errorf("a role that a group was given is taken over: %v", err)
	}
}
