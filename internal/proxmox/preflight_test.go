package proxmox

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestMissingPrivileges asks before and then tries: a token from which nothing
// is missing creates the principal, any other is refused with the very path that
// was foretold first.
func TestMissingPrivileges(t *testing.T) {
	t.Parallel()

	const all = "Sys.Audit,User.Modify,Realm.AllocateUser,Sys.Modify"
	as := func(p Principal, g Grant) Principal {
		p.Role, p.Tokens, p.Grants = nil, nil, []Grant{g}
		return p
	}
	withGroups := func(p Principal) Principal { p.Groups = []string{"ops"}; return p }
	plain := Principal{UserID: "a@pve", Enabled: true, Role: &Role{ID: "mine", Privileges: []string{"VM.Audit"}},
		Grants: []Grant{{Path: "/vms/101", Role: "mine"}}, Tokens: map[string]Token{"ci": {Grants: []Grant{{Path: "/vms/101", Role: "mine"}}}}}
	tests := map[string]struct {
		grants map[string]string // path to privileges of the provider's token; a "!" behind the path is no propagation
		p      Principal
		want   []string
	}{
		"all on the root": {map[string]string{"/": all + ",Permissions.Modify"}, plain, nil},
		"nothing but sight": {map[string]string{"/access": "Sys.Audit"}, plain, []string{
			"Realm.AllocateUser on /access/realm/pve (to create users of this realm)",
			"User.Modify on /access/groups (to create and change the user and its tokens)",
			"Sys.Modify on /access (to manage the role mine)",
			"Permissions.Modify or VM.Allocate on /vms/101 (to change the ACL there)"}},
		"least privilege": {map[string]string{"/access": all, "/vms": "Permissions.Modify"}, plain, nil},
		"not the role":    {map[string]string{"/access": "Sys.Audit,User.Modify,Realm.AllocateUser", "/vms": "Permissions.Modify"}, plain, []string{"Sys.Modify on /access (to manage the role mine)"}},
		"not the guest":   {map[string]string{"/access": all, "/vms/102": "Permissions.Modify"}, plain, []string{"Permissions.Modify or VM.Allocate on /vms/101 (to change the ACL there)"}},
		"another realm":   {map[string]string{"/access": "Sys.Audit,User.Modify,Sys.Modify", "/access/realm/pam": "Realm.AllocateUser", "/vms": "Permissions.Modify"}, plain, []string{"Realm.AllocateUser on /access/realm/pve (to create users of this realm)"}},
		"nearer entry replaces": {map[string]string{"/": all + ",Permissions.Modify", "/vms/101": "VM.Audit"}, plain,
			[]string{"Permissions.Modify or VM.Allocate on /vms/101 (to change the ACL there)"}},
		"a role within the own rights": {map[string]string{"/access": all, "/vms": "VM.Allocate,VM.Audit"}, plain, nil},
		"a role beyond the own rights": {map[string]string{"/access": all, "/vms": "VM.Allocate"}, plain,
			[]string{"Permissions.Modify on /vms/101 (to grant the role mine there; without it PVE lets the token hand out only privileges that it has there itself, and it lacks VM.Audit)"}},
		"a role of PVE's beyond the own rights": {map[string]string{"/access": all, "/vms": "VM.Allocate,VM.Audit,VM.Console"}, as(plain, Grant{Path: "/vms/101", Role: "PVETemplateUser"}),
			[]string{"Permissions.Modify on /vms/101 (to grant the role PVETemplateUser there; without it PVE lets the token hand out only privileges that it has there itself, and it lacks VM.Clone)"}},
		"NoAccess": {map[string]string{"/access": all, "/pool": "Pool.Allocate"}, as(plain, Grant{Path: "/pool/p", Role: "NoAccess"}),
			[]string{"Permissions.Modify on /pool/p (to grant the role NoAccess there)"}},
		"propagation beyond the own": {map[string]string{"/access": all, "/storage/local!": "Datastore.Allocate,Datastore.Audit,Datastore.AllocateSpace"},
			as(plain, Grant{Path: "/storage/local", Role: "PVEDatastoreUser", Propagate: true}),
			[]string{"Permissions.Modify on /storage/local (to grant the role PVEDatastoreUser there with propagation; without it PVE lets the token hand out only privileges that it has there itself, and it lacks Datastore.AllocateSpace, Datastore.Audit)"}},
		"no propagation wanted": {map[string]string{"/access": all, "/storage/local!": "Datastore.Allocate,Datastore.Audit,Datastore.AllocateSpace"},
			as(plain, Grant{Path: "/storage/local", Role: "PVEDatastoreUser"}), nil},
		"a token's role": {map[string]string{"/access": all, "/vms": "VM.Allocate,VM.Audit"}, Principal{UserID: "a@pve", Tokens: map[string]Token{
			"ci": {PrivilegeSeparation: true, Grants: []Grant{{Path: "/vms/101", Role: "PVEVMUser"}}}}},
			[]string{"Permissions.Modify on /vms/101 (to grant the role PVEVMUser there; without it PVE lets the token hand out only privileges that it has there itself, and it lacks VM.Backup, VM.Config.CDROM, VM.Config.Cloudinit, VM.Console, VM.GuestAgent.Audit, VM.GuestAgent.FileRead, VM.GuestAgent.FileSystemMgmt, VM.GuestAgent.FileWrite, VM.PowerMgmt)"}},
		"one group only": {map[string]string{"/access": "Sys.Audit,Realm.AllocateUser,Sys.Modify", "/access/groups/ops": "User.Modify", "/vms": "Permissions.Modify"}, withGroups(plain), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newSim(t, pvesim.Version91).withGroups()
			token := s.tokenFor("provider@pve", "", "")
			n := 0
			for path, privileges := range test.grants {
				role := "provider-" + string(rune('a'+n))
				n++
				s.admin("POST", "/access/roles", map[string]any{"roleid": role, "privs": privileges})
				propagate := 1
				if strings.HasSuffix(path, "!") {
					path, propagate = strings.TrimSuffix(path, "!"), 0
				}
				s.admin("PUT", "/access/acl", map[string]any{"path": path, "roles": role, "users": "provider@pve", "propagate": propagate})
			}
			c := simClient(t, s.Server, token)
			missing, err := c.MissingPrivileges(t.Context(), test.p)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range missing {
				got = append(got, m.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			before := s.UserCfg()
			_, err = c.CreatePrincipal(t.Context(), test.p)
			if err != nil {
				if diff := cmp.Diff(before, s.settled()); diff != "" {
					t.Errorf("a refused creation leaves something (-before +after):\n%s", diff)
				}
			}
			if (err != nil) != (len(test.want) > 0) || err != nil && !IsPermission(err) {
				t.Errorf("foretold %q, but creating says %v", got, err)
			}
		})
	}
}

// TestMissingPrivilegesThroughPool sees that a path which the list cannot judge
// is asked for by itself before it is called missing.
func TestMissingPrivilegesThroughPool(t *testing.T) {
	t.Parallel()

	f := newFake(t, func(n int, _ *http.Request) answer {
		if n == 0 {
			return answer{200, "OK", `{"data":{"/access":{"Sys.Modify":1,"Realm.AllocateUser":1,"User.Modify":1},"/access/groups":{"User.Modify":1},"/pool/p":{"Permissions.Modify":1}}}`}
		}
		return answer{200, "OK", `{"data":{"/vms/101":{"Permissions.Modify":0}}}`}
	})
	missing, err := f.client(t).MissingPrivileges(t.Context(), Principal{UserID: "a@pve", Grants: []Grant{{Path: "/vms/101", Role: "PVEVMUser"}}})
	if err != nil || len(missing) != 0 {
		t.Errorf("missing is %v, %v", missing, err)
	}
	requests := f.requests()
	if len(requests) != 2 || requests[1].target != "/api2/json/access/permissions?path=%2Fvms%2F101" {
		t.Errorf("asked %v", requests)
	}
}
