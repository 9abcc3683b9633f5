package proxmox

import (
	"errors"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestCheckPrincipal tries one mistake at a time.
func TestCheckPrincipal(t *testing.T) {
	t.Parallel()

	type expected struct{ field, msg, fix string }
	tests := map[string]struct {
		release string
		change  func(*Principal)
		want    []expected
	}{
		"all is well": {pvesim.Version91, func(*Principal) {}, nil},
		"all is well on 8.4": {pvesim.Version84, func(p *Principal) {
			p.Role.Privileges = []string{"VM.Monitor"}
		}, nil},
		"root": {pvesim.Version91, func(p *Principal) { p.UserID = "Root@pam" },
			[]expected{{"user_id", "superuser", ""}}},
		"realm": {pvesim.Version91, func(p *Principal) { p.UserID = "agent@pev" },
			[]expected{{"user_id", `realm "pev" does not exist`, `Did you mean "pve"?`}}},
		"realm unlike any": {pvesim.Version91, func(p *Principal) { p.UserID = "agent@directory" },
			[]expected{{"user_id", `realm "directory"`, "There are: pam, pve."}}},
		"group": {pvesim.Version91, func(p *Principal) { p.Groups = []string{"ops", "oops"} },
			[]expected{{"groups", `group "oops" does not exist`, `Did you mean "ops"?`}}},
		"group zero": {pvesim.Version91, func(p *Principal) { p.Groups = []string{"0"} },
			[]expected{{"groups", "counts as empty", ""}}},
		"privilege in the wrong case": {pvesim.Version91, func(p *Principal) { p.Role.Privileges = []string{"VM.audit", "VM.PowerMgmt"} },
			[]expected{{"role.privileges", `"VM.audit" does not exist on this server (PVE 9.1.2)`, `Did you mean "VM.Audit"?`}}},
		"removed privilege": {pvesim.Version91, func(p *Principal) { p.Role.Privileges = []string{"VM.Monitor"} },
			[]expected{{"role.privileges", "VM.Monitor", "VM.GuestAgent.Audit"}}},
		"removed privilege on 9.2": {pvesim.Version92, func(p *Principal) { p.Role.Privileges = []string{"VM.Monitor"} },
			[]expected{{"role.privileges", "PVE 9.2.11", "PVE 9 removed VM.Monitor"}}},
		"privileges of the future": {pvesim.Version84, func(p *Principal) { p.Role.Privileges = []string{"VM.GuestAgent.Audit", "VM.Replicate"} },
			[]expected{{"role.privileges", "VM.GuestAgent.Audit", "came with PVE 9"}, {"role.privileges", "VM.Replicate", "came with PVE 9"}}},
		"two privileges in one": {pvesim.Version91, func(p *Principal) { p.Role.Privileges = []string{"VM.Audit,Sys.Modify"} },
			[]expected{{"role.privileges", "is not the name of a privilege", ""}}},
		"role name": {pvesim.Version91, func(p *Principal) { p.Role.ID = "pvesec-agent"; p.Grants = nil; p.Tokens = nil },
			[]expected{{"role.id", `begin with "PVE"`, ""}}},
		"unknown role": {pvesim.Version91, func(p *Principal) { p.Grants[1].Role = "PVEAudit" },
			[]expected{{"grants[1].role", `role "PVEAudit" does not exist`, `Did you mean "PVEAuditor"?`}}},
		"unknown role of a token": {pvesim.Version91, func(p *Principal) { p.Tokens["ci"].Grants[0].Role = "agent-op" },
			[]expected{{`tokens["ci"].grants[0].role`, `"agent-op"`, `Did you mean "agent-ops"?`}}},
		"path": {pvesim.Version91, func(p *Principal) { p.Grants[2].Path = "/vms/99"; p.Grants[0].Path = "vms/101" },
			[]expected{{"grants[0].path", `"/vms/101"`, ""}, {"grants[2].path", "from 100", ""}}},
		"path of the future": {pvesim.Version84, func(p *Principal) { p.Grants[0].Path = "/sdn/fabrics/f1" },
			[]expected{{"grants[0].path", "from PVE 9.0 on; this server runs 8.4.1", ""}}},
		"path of 9.2": {pvesim.Version91, func(p *Principal) { p.Grants[0].Path = "/sdn/route-maps" },
			[]expected{{"grants[0].path", "from PVE 9.2 on", ""}}},
		"contradicting grants": {pvesim.Version91, func(p *Principal) {
			p.Grants = []Grant{{Path: "/", Role: "PVEAuditor"}, {Path: "/", Role: "PVEAuditor", Propagate: true}}
		}, []expected{{"grants[1].propagate", "listed twice", "Remove one"}}},
		"token id": {pvesim.Version91, func(p *Principal) { p.Tokens["1x"] = Token{} },
			[]expected{{`tokens["1x"]`, "start with a letter", ""}}},
		"texts": {pvesim.Version91, func(p *Principal) {
			p.Comment, p.FirstName, p.LastName, p.Email = "0", " x", strings.Repeat("ü", 1025), "nobody"
			p.Expire = -1
			p.Tokens["ci"] = Token{Comment: "x ", Expire: -5}
		}, []expected{{"comment", `"0"`, ""}, {"first_name", "space", "trimspace"}, {"last_name", "1025 characters", ""}, {"email", "e-mail", ""},
			{"expire", "before 1970", "0 for never"}, {`tokens["ci"].comment`, "space", ""}, {`tokens["ci"].expire`, "before 1970", ""}}},
		"longest texts": {pvesim.Version91, func(p *Principal) {
			p.Comment, p.LastName = strings.Repeat("ü", 2048), strings.Repeat("ü", 1024)
		}, nil},
		"text from a here document": {pvesim.Version91, func(p *Principal) { p.Comment = "line\n" },
			[]expected{{"comment", "line end", "replace(trimspace("}}},
		"no UTF-8": {pvesim.Version91, func(p *Principal) { p.Comment = "\xff" },
			[]expected{{"comment", "UTF-8", ""}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSim(t, test.release).withGroups()
			p := agent()
			test.change(&p)
			got := s.CheckPrincipal(t.Context(), p)
			if len(got) != len(test.want) {
				t.Fatalf("problems are %v", got)
			}
			for i, want := range test.want {
				if got[i].Field != want.field || !strings.Contains(got[i].Msg, want.msg) || !strings.Contains(got[i].Fix, want.fix) {
					t.Errorf("problem is %+v, want %+v", got[i], want)
				}
			}
			if len(test.want) == 0 { // the check must not promise what PVE refuses
				s.create(p)
				want := p.normal()
				if got := s.read(p.UserID, p.Role.ID); got == nil || got.Comment != want.Comment || got.LastName != want.LastName {
					t.Errorf("read back %+v", got)
				}
			}
		})
	}
}

// TestCheckHiddenGroup sees that a group which the token may not see is not
// called absent.
func TestCheckHiddenGroup(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91).withGroups()
	c := simClient(t, s.Server, s.tokenFor("viewer@pve", "", ""))
	got := c.CheckPrincipal(t.Context(), Principal{UserID: "a@pve", Groups: []string{"ops"}})
	var hidden *VisibilityError
	if len(got) != 1 || got[0].Field != "" || !errors.As(got[0].Err, &hidden) {
		t.Errorf("problems are %v", got)
	}
}

// TestCheckUnreachable sees that a server which does not answer is one problem
// with its cause.
func TestCheckUnreachable(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91)
	if err := s.Server.Close(); err != nil {
		t.Fatal(err)
	}
	got := s.CheckPrincipal(t.Context(), agent())
	var unreachable *UnreachableError
	if len(got) != 1 || got[0].Field != "" || !errors.As(got[0].Err, &unreachable) {
		t.Errorf("problems are %v", got)
	}
}

// TestWritesRefuseWhatChecksFind sees that nobody needs to ask CheckPrincipal to
// be safe from values that PVE would bend.
func TestWritesRefuseWhatChecksFind(t *testing.T) {
	t.Parallel()

	s := newSim(t, pvesim.Version91)
	p := Principal{UserID: "a@pve", Comment: "0"}
	_, createErr := s.CreatePrincipal(t.Context(), p)
	_, updateErr := s.UpdatePrincipal(t.Context(), Principal{UserID: "a@pve"}, p)
	for _, err := range []error{createErr, updateErr} {
		var invalid *InvalidError
		if !errors.As(err, &invalid) || !strings.HasPrefix(err.Error(), "comment: ") {
			t.Errorf("error is %v", err)
		}
	}
	if writes := s.writes(); len(writes) != 0 {
		t.Errorf("sent %v", writes)
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()

	many := strings.Split("one two three four five six seven eight nine", " ")
	for _, test := range []struct {
		wrong string
		known []string
		want  string
	}{
		{"thre", many, `Did you mean "three"?`},
		{"completely different", many[:2], "There are: one, two."},
		{"zzzzzzzzzzz", many, ""},
		{"x", nil, "There is none."},
	} {
		if got := suggest(test.wrong, test.known); got != test.want {
			t.Errorf("%q: %q, want %q", test.wrong, got, test.want)
		}
	}
}
