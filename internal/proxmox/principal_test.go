package proxmox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

var releases = []string{pvesim.Version84, pvesim.Version91, pvesim.Version92}

// TestLifeCycle creates, reads, changes and deletes on every release, and sees
// that PVE's configuration is byte for byte what it was before.
func TestLifeCycle(t *testing.T) {
	t.Parallel()

	for _, release := range releases {
		t.Run(release, func(t *testing.T) {
			t.Parallel()

			s := newSim(t, release).withGroups()
			before := s.UserCfg()
			p := agent()
			secrets := s.create(p)
			if len(secrets) != 2 || !s.works("agent@pve!ci="+secrets["ci"]) || !s.works("agent@pve!full="+secrets["full"]) {
				t.Errorf("secrets %v do not all work", Secrets(secrets))
			}
			want := p.normal()
			if diff := cmp.Diff(&want, s.read("agent@pve", "agent-ops")); diff != "" {
				t.Errorf("read back (-want +got):\n%s", diff)
			}

			s.ResetRequests()
			none, err := s.UpdatePrincipal(t.Context(), want, p)
			if err != nil || len(none) != 0 || len(s.writes()) != 0 {
				t.Errorf("nothing changed, but: %v, %v, %v", none, err, s.writes())
			}

			q := agent()
			q.Comment, q.Email, q.FirstName, q.LastName = "", "", "", ""
			q.Expire, q.Groups = 0, []string{"other"}
			q.Role.Privileges = []string{"VM.Audit", "VM.Console"}
			q.Grants = []Grant{{Path: "/vms/101", Role: "agent-ops"}, {Path: "/pool/build", Role: "agent-ops", Propagate: true}}
			q.Tokens = map[string]Token{
				"ci":  {Comment: "other", PrivilegeSeparation: true, Grants: []Grant{{Path: "/pool/build", Role: "PVEAuditor"}}},
				"new": {PrivilegeSeparation: true},
			}
			minted, err := s.UpdatePrincipal(t.Context(), want, q)
			if err != nil {
				t.Fatal(err)
			}
			if len(minted) != 1 || !s.works("agent@pve!new="+minted["new"]) || !s.works("agent@pve!ci="+secrets["ci"]) || s.works("agent@pve!full="+secrets["full"]) {
				t.Errorf("after the update: minted %v", Secrets(minted))
			}
			changed := q.normal()
			if diff := cmp.Diff(&changed, s.read("agent@pve", "agent-ops")); diff != "" {
				t.Errorf("after the update (-want +got):\n%s", diff)
			}

			if err := s.DeletePrincipal(t.Context(), changed); err != nil {
				t.Fatal(err)
			}
			if gone := s.read("agent@pve", "agent-ops"); gone != nil {
				t.Errorf("still there: %+v", gone)
			}
			if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
				t.Errorf("user.cfg (-before +after):\n%s", diff)
			}
			if err := s.DeletePrincipal(t.Context(), changed); err != nil {
				t.Errorf("deleting what is gone: %v", err)
			}
		})
	}
}

// TestMinimal is a user with nothing at all.
func TestMinimal(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91)
	secrets := s.create(Principal{UserID: "bare@pve"})
	want := (&Principal{UserID: "bare@pve"}).normal()
	if diff := cmp.Diff(&want, s.read("bare@pve", "")); diff != "" || len(secrets) != 0 {
		t.Errorf("secrets %v, state (-want +got):\n%s", Secrets(secrets), diff)
	}
}

// TestEmptyManagedRole sees that a role without privileges can be had.
func TestEmptyManagedRole(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91)
	p := Principal{UserID: "bare@pve", Role: &Role{ID: "ops", Privileges: []string{"VM.Audit"}}}
	s.create(p)
	q := Principal{UserID: "bare@pve", Role: &Role{ID: "ops"}}
	if _, err := s.UpdatePrincipal(t.Context(), p, q); err != nil {
		t.Fatal(err)
	}
	if got := s.read("bare@pve", "ops"); got.Role == nil || len(got.Role.Privileges) != 0 {
		t.Errorf("role is %+v", got.Role)
	}
}

// TestTokenKeepsSeparation is go-proxmox's worst defect: changing a comment must
// not give the token all of its user's power, nor cost it its secret.
func TestTokenKeepsSeparation(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91)
	p := Principal{UserID: "a@pve", Enabled: true, Tokens: map[string]Token{"ci": {PrivilegeSeparation: true}}}
	secret := s.create(p)["ci"]
	for _, change := range []Token{
		{PrivilegeSeparation: true, Comment: "x"},
		{PrivilegeSeparation: true, Comment: "x", Expire: 4102444800},
		{PrivilegeSeparation: true, Comment: "y"},
		{PrivilegeSeparation: false, Comment: "y"},
		{PrivilegeSeparation: true},
	} {
		q := p
		q.Tokens = map[string]Token{"ci": change}
		if _, err := s.UpdatePrincipal(t.Context(), p, q); err != nil {
			t.Fatal(err)
		}
		want := q.normal()
		if diff := cmp.Diff(&want, s.read("a@pve", "")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if !s.works("a@pve!ci=" + secret) {
			t.Fatal("the secret was lost")
		}
		p = q
	}
}

// TestTokenCommentOnPVE8 sees that what PVE 8 silently ignores is refused.
func TestTokenCommentOnPVE8(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version84)
	p := Principal{UserID: "a@pve", Tokens: map[string]Token{"ci": {Comment: "x"}}}
	q := Principal{UserID: "a@pve", Tokens: map[string]Token{"ci": {}}}
	s.create(p)
	s.ResetRequests()
	_, err := s.UpdatePrincipal(t.Context(), p, q)
	var invalid *InvalidError
	if !errors.As(err, &invalid) || invalid.Problems[0].Field != `tokens["ci"].comment` || !strings.Contains(err.Error(), "8.4.1") {
		t.Errorf("error is %v", err)
	}
	if writes := s.writes(); len(writes) != 0 {
		t.Errorf("sent %v", writes)
	}
	q.Tokens["ci"] = Token{Comment: "y"}
	if _, err := s.UpdatePrincipal(t.Context(), p, q); err != nil {
		t.Errorf("replacing a comment: %v", err)
	}
}

// TestDrift sees that everything another admin did shows in the read state, and
// that an update undoes it.
func TestDrift(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		tamper func(*sim)
		want   func(*Principal)
	}{
		"comment":        {func(s *sim) { s.admin("PUT", "/access/users/agent@pve", map[string]any{"comment": "x"}) }, func(p *Principal) { p.Comment = "x" }},
		"disabled":       {func(s *sim) { s.admin("PUT", "/access/users/agent@pve", map[string]any{"enable": 0}) }, func(p *Principal) { p.Enabled = false }},
		"expiry removed": {func(s *sim) { s.admin("PUT", "/access/users/agent@pve", map[string]any{"expire": 0}) }, func(p *Principal) { p.Expire = 0 }},
		"group": {func(s *sim) {
			s.admin("PUT", "/access/users/agent@pve", map[string]any{"groups": "other", "append": 1})
		}, func(p *Principal) { p.Groups = []string{"audit", "ops", "other"} }},
		"group deleted": {func(s *sim) {
			s.admin("DELETE", "/access/groups/audit", nil)
			s.admin("POST", "/access/groups", map[string]any{"groupid": "audit"})
		},
			func(p *Principal) { p.Groups = []string{"ops"} }},
		"role widened": {func(s *sim) {
			s.admin("PUT", "/access/roles/agent-ops", map[string]any{"privs": "User.Modify", "append": 1})
		}, func(p *Principal) { p.Role.Privileges = []string{"User.Modify", "VM.Audit", "VM.PowerMgmt"} }},
		"role deleted": {func(s *sim) { s.admin("DELETE", "/access/roles/agent-ops", nil) }, func(p *Principal) {
			p.Role = nil
			p.Grants = slices.DeleteFunc(p.Grants, func(g Grant) bool { return g.Role == "agent-ops" })
			ci := p.Tokens["ci"]
			ci.Grants = []Grant{}
			p.Tokens["ci"] = ci
		}},
		"foreign grant": {func(s *sim) {
			s.admin("PUT", "/access/acl", map[string]any{"path": "/", "roles": "Administrator", "users": "agent@pve"})
		}, func(p *Principal) {
			p.Grants = append([]Grant{{Path: "/", Role: "Administrator", Propagate: true}}, p.Grants...)
		}},
		"loosened grant": {func(s *sim) {
			s.admin("PUT", "/access/acl", map[string]any{"path": "/storage/local", "roles": "PVEDatastoreUser", "users": "agent@pve", "propagate": 1})
		}, func(p *Principal) { p.Grants[0].Propagate = true }},
		"foreign token": {func(s *sim) {
			s.admin("POST", "/access/users/agent@pve/token/backdoor", map[string]any{"privsep": 0})
			s.admin("PUT", "/access/acl", map[string]any{"path": "/", "roles": "Administrator", "tokens": "agent@pve!backdoor"})
		}, func(p *Principal) {
			p.Tokens["backdoor"] = Token{Grants: []Grant{{Path: "/", Role: "Administrator", Propagate: true}}}
		}},
		"separation dropped": {func(s *sim) {
			s.admin("PUT", "/access/users/agent@pve/token/ci", map[string]any{"privsep": 0})
		}, func(p *Principal) {
			ci := p.Tokens["ci"]
			ci.PrivilegeSeparation = false
			p.Tokens["ci"] = ci
		}},
		"token deleted": {func(s *sim) { s.admin("DELETE", "/access/users/agent@pve/token/ci", nil) }, func(p *Principal) { delete(p.Tokens, "ci") }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSim(t, pvesim.Version91).withGroups()
			s.create(agent())
			test.tamper(s)
			want := agent().normal()
			test.want(&want)
			got := s.read("agent@pve", "agent-ops")
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Fatalf("drift is read as (-want +got):\n%s", diff)
			}
			if _, err := s.fresh().UpdatePrincipal(t.Context(), *got, agent()); err != nil {
				t.Fatal(err)
			}
			mended := agent().normal()
			if diff := cmp.Diff(&mended, s.read("agent@pve", "agent-ops")); diff != "" {
				t.Errorf("after mending (-want +got):\n%s", diff)
			}
		})
	}
}

// TestExisting sees that nothing of others is taken over or harmed.
func TestExisting(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		before func(*sim)
		id     string
		field  string
	}{
		"user": {func(s *sim) { s.admin("POST", "/access/users", map[string]any{"userid": "agent@pve"}) }, "agent@pve", "user_id"},
		"role": {func(s *sim) { s.admin("POST", "/access/roles", map[string]any{"roleid": "agent-ops"}) }, "agent-ops", "role.id"},
	}
	for kind, test := range tests {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()

			s := newSim(t, pvesim.Version91).withGroups()
			client := s.fresh()
			if _, err := client.Users(t.Context()); err != nil { // an old list hides what follows
				t.Fatal(err)
			}
			if _, err := client.Roles(t.Context()); err != nil {
				t.Fatal(err)
			}
			test.before(s)
			before := s.UserCfg()
			for _, c := range []*Client{client, s.fresh()} {
				_, err := c.CreatePrincipal(t.Context(), agent())
				var exists *ExistsError
				if !errors.Is(err, ErrExists) || !errors.As(err, &exists) || exists.Kind != kind || exists.ID != test.id || !strings.Contains(err.Error(), "import") {
					t.Errorf("error is %v", err)
				}
				if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
					t.Errorf("user.cfg (-before +after):\n%s", diff)
				}
			}
			problems := s.fresh().CheckCreate(t.Context(), agent())
			if len(problems) != 1 || problems[0].Field != test.field || !errors.Is(problems[0].Err, ErrExists) {
				t.Errorf("problems are %v", problems)
			}
		})
	}
}

// TestOrderOfUpdate sees that adding comes before removing and disabling before
// everything.
func TestOrderOfUpdate(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	s.create(agent())
	q := agent()
	q.Enabled = false
	q.Groups = []string{"other"}
	q.Role = &Role{ID: "agent-new", Privileges: []string{"VM.Audit"}}
	q.Grants = []Grant{{Path: "/vms/102", Role: "agent-new"}}
	q.Tokens = map[string]Token{"next": {PrivilegeSeparation: true, Grants: []Grant{{Path: "/vms/102", Role: "agent-new"}}}}
	s.ResetRequests()
	if _, err := s.UpdatePrincipal(t.Context(), agent(), q); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"POST /access/roles",
		"PUT /access/users/agent@pve", // disabled, joins other
		"PUT /access/acl",             // user on /vms/102
		"POST /access/users/agent@pve/token/next",
		"PUT /access/acl", // token on /vms/102
		"PUT /access/acl", // user off /storage/local
		"PUT /access/acl", // user off /vms/101
		"PUT /access/acl", // token ci off /vms/101
		"DELETE /access/users/agent@pve/token/ci",
		"DELETE /access/users/agent@pve/token/full",
		"PUT /access/users/agent@pve", // leaves ops and audit
		"DELETE /access/roles/agent-ops",
	}
	if diff := cmp.Diff(want, s.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	changed := q.normal()
	if diff := cmp.Diff(&changed, s.read("agent@pve", "agent-new")); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
}

func TestUpdateRefusals(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	s.create(agent())
	s.ResetRequests()
	renamed := agent()
	renamed.UserID = "other@pve"
	dropped := agent()
	dropped.Role = nil
	for name, test := range map[string]struct {
		want  Principal
		field string
	}{"another user": {renamed, "user_id"}, "managed role given up but granted": {dropped, "grants[0].role"}} {
		_, err := s.UpdatePrincipal(t.Context(), agent(), test.want)
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Problems[0].Field != test.field {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if writes := s.writes(); len(writes) != 0 {
		t.Errorf("sent %v", writes)
	}
}

// TestDeleteTakesForeignParts sees that nothing stays behind that others hung on
// the user, even when the state does not know of it.
func TestDeleteTakesForeignParts(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	before := s.UserCfg()
	s.create(agent())
	if _, err := s.ACL(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.admin("POST", "/access/users/agent@pve/token/backdoor", map[string]any{"privsep": 1})
	s.admin("PUT", "/access/acl", map[string]any{"path": "/", "roles": "Administrator", "tokens": "agent@pve!backdoor"})
	s.admin("PUT", "/access/acl", map[string]any{"path": "/nodes", "roles": "PVEAuditor", "users": "agent@pve"})
	s.ResetRequests()
	if err := s.DeletePrincipal(t.Context(), agent()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"DELETE /access/users/agent@pve", "DELETE /access/roles/agent-ops"}, s.writes()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
		t.Errorf("user.cfg (-before +after):\n%s", diff)
	}
}

// TestDeletePartsGone removes each part beforehand.
func TestDeletePartsGone(t *testing.T) {
	t.Parallel()

	for _, path := range []string{"/access/users/agent@pve", "/access/users/agent@pve/token/ci", "/access/roles/agent-ops"} {
		t.Run(strings.ReplaceAll(path, "/", "_"), func(t *testing.T) {
			t.Parallel()

			s := newSim(t, pvesim.Version91).withGroups()
			before := s.UserCfg()
			s.create(agent())
			s.admin("DELETE", path, nil)
			if err := s.DeletePrincipal(t.Context(), agent()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
				t.Errorf("user.cfg (-before +after):\n%s", diff)
			}
		})
	}
	t.Run("between reading and deleting", func(t *testing.T) {
		t.Parallel()

		s := newSim(t, pvesim.Version91).withGroups()
		before := s.UserCfg()
		s.create(agent())
		gone := false
		s.SetHook(func(r pvesim.Request) pvesim.Fault {
			if !gone && r.Method == http.MethodDelete && r.Path == "/access/users/agent@pve" {
				gone = true
				s.SetHook(nil)
				s.admin("DELETE", "/access/users/agent@pve", nil)
			}
			return pvesim.Fault{}
		})
		if err := s.DeletePrincipal(t.Context(), agent()); err != nil {
			t.Fatal(err)
		}
		if !gone {
			t.Fatal("the user was not taken away")
		}
		if diff := cmp.Diff(before, s.UserCfg()); diff != "" {
			t.Errorf("user.cfg (-before +after):\n%s", diff)
		}
	})
}

// TestSecretsPrintWithoutValues tries every way to print an error that carries
// secrets.
func TestSecretsPrintWithoutValues(t *testing.T) {
	t.Parallel()

	err := &PartialError{Op: "create", Secrets: Secrets{"ci": testSecret}, Done: []string{"created token a@pve!ci"}, Err: errors.New("x"), UndoErr: errors.New("y")}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{err, err.Secrets, fmt.Errorf("outer: %w", err)} {
			if text := fmt.Sprintf(format, value); strings.Contains(text, testSecret) {
				t.Errorf("%s prints %s", format, text)
			}
		}
	}
	if want := "create stopped half-way: x; already done: created token a@pve!ci; undoing it failed too: y"; err.Error() != want {
		t.Errorf("text is %s", err)
	}
}

// TestFreeRoleIsTakenOver sees that what an interrupted run left is mended, and
// that a role which somebody holds is not touched.
func TestFreeRoleIsTakenOver(t *testing.T) {
	t.Parallel()
	own := ManagedRoleID("a@pve")
	if own != "restricted-a-pve" {
		t.Errorf("the role of a@pve is called %q", own)
	}
	for name, test := range map[string]struct {
		role    string
		privs   string
		granted bool
		free    bool
	}{
		"same privileges":       {"ops", "VM.Audit", false, true},
		"own name":              {own, "VM.PowerMgmt", false, true},
		"other privileges":      {"ops", "VM.PowerMgmt", false, false},
		"granted":               {"ops", "VM.Audit", true, false},
		"own name, and granted": {own, "VM.Audit", true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, pvesim.Version91)
			s.admin("POST", "/access/roles", map[string]any{"roleid": test.role, "privs": test.privs})
			if test.granted {
				s.admin("POST", "/access/users", map[string]any{"userid": "b@pve"})
				s.admin("PUT", "/access/acl", map[string]any{"path": "/vms", "roles": test.role, "users": "b@pve"})
			}
			p := Principal{UserID: "a@pve", Role: &Role{ID: test.role, Privileges: []string{"VM.Audit"}}}
			problems := s.fresh().CheckCreate(t.Context(), p)
			_, err := s.CreatePrincipal(t.Context(), p)
			if !test.free {
				if !errors.Is(err, ErrExists) || len(problems) != 1 {
					t.Errorf("%v, %v", err, problems)
				}
				return
			}
			if err != nil || len(problems) != 0 {
				t.Fatalf("%v, %v", err, problems)
			}
			if diff := cmp.Diff([]string{"VM.Audit"}, s.read("a@pve", test.role).Role.Privileges); diff != "" {
				t.Error(diff)
			}
		})
	}
}
