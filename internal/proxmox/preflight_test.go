package proxmox

import (
	"net/http"
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
	withGroups := func(p Principal) Principal { p.Groups = []string{"ops"}; return p }
	plain := Principal{UserID: "a@pve", Enabled: true, Role: &Role{ID: "mine", Privileges: []string{"VM.Audit"}},
		Grants: []Grant{{Path: "/vms/101", Role: "mine"}}, Tokens: map[string]Token{"ci": {Grants: []Grant{{Path: "/vms/101", Role: "mine"}}}}}
	tests := map[string]struct {
		grants map[string]string // path to privileges of the provider's token
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
				s.admin("PUT", "/access/acl", map[string]any{"path": path, "roles": role, "users": "provider@pve"})
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
			_, err = c.CreatePrincipal(t.Context(), test.p)
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
