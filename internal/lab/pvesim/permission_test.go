package pvesim

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// permissionCfg has one of everything that PVE's resolution knows.
const permissionCfg = `
user:own@pve:1:0::::::
token:own@pve!full:0:0::
token:own@pve!sep:0:1::
user:grp@pve:1:0::::::
user:both@pve:1:0::::::
user:blocked@pve:1:0::::::
user:pooled@pve:1:0::::::
group:a:grp@pve,both@pve,blocked@pve::
group:b:grp@pve::
pool:prod::100,101:local:
role:Look:VM.Audit:
role:Run:VM.PowerMgmt:
acl:1:/vms:own@pve:Look,Run:
acl:0:/vms/100:own@pve:Look:
acl:1:/:own@pve!sep:Look:
acl:0:/vms:own@pve!sep:Look:
acl:1:/vms:own@pve!full:Administrator:
acl:1:/vms:@a:Look:
acl:0:/vms:@b:Run:
acl:1:/vms:both@pve:Run:
acl:1:/vms/200:@a:NoAccess,Look:
acl:1:/pool/prod:pooled@pve:Look:
acl:1:/vms/101:pooled@pve:NoAccess:
`

func TestPermissions(t *testing.T) {
	t.Parallel()
	cfg := parseUserConfig(permissionCfg, privilegesOf(Version91))
	tests := []struct{ name, who, path, want string }{
		{"roles of one path add up", "own@pve", "/vms", "VM.Audit=1 VM.PowerMgmt=1"},
		{"inherited", "own@pve", "/vms/300", "VM.Audit=1 VM.PowerMgmt=1"},
		{"a deeper entry replaces what was inherited", "own@pve", "/vms/100", "VM.Audit=0"},
		{"nothing above", "own@pve", "/", ""},
		{"a token without separation is its user", "own@pve!full", "/vms/100", "VM.Audit=0"},
		{"intersection, propagate only where both do", "own@pve!sep", "/vms", "VM.Audit=0"},
		{"an entry that does not propagate is not inherited", "own@pve!sep", "/vms/300", "VM.Audit=1"},
		{"the token alone has nothing", "own@pve!sep", "/nodes", ""},
		{"an absent token", "own@pve!nope", "/vms", ""},
		{"groups add up", "grp@pve", "/vms", "VM.Audit=1 VM.PowerMgmt=0"},
		{"of groups too only what propagates is inherited", "grp@pve", "/vms/300", "VM.Audit=1"},
		{"a user's entry hides those of its groups", "both@pve", "/vms", "VM.PowerMgmt=1"},
		{"NoAccess takes everything", "blocked@pve", "/vms/200", ""},
		{"NoAccess does not reach elsewhere", "blocked@pve", "/vms/300", "VM.Audit=1"},
		{"a member of a pool", "pooled@pve", "/vms/100", "VM.Audit=0"},
		{"a storage of a pool", "pooled@pve", "/storage/local", "VM.Audit=0"},
		{"not a member", "pooled@pve", "/vms/300", ""},
		{"NoAccess beats the pool", "pooled@pve", "/vms/101", ""},
		{"an absent user", "ghost@pve", "/vms", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			have := cfg.permissions(tt.who, tt.path).numbers()
			var parts []string
			for _, name := range slices.Sorted(maps.Keys(have)) {
				parts = append(parts, name+"="+flag(have[name] == 1))
			}
			if got := strings.Join(parts, " "); got != tt.want {
				t.Errorf("%s on %s: got %q, want %q", tt.who, tt.path, got, tt.want)
			}
		})
	}
	if got, want := len(cfg.permissions(rootUser, "/anything")), len(privilegesOf(Version91).all); got != want {
		t.Errorf("root@pam has %d privileges, want %d", got, want)
	}
}

func TestBuiltinRoleSizes(t *testing.T) {
	t.Parallel()
	for version, want := range map[string][3]int{Version84: {42, 35, 18}, Version91: {47, 40, 23}, Version92: {47, 40, 23}} {
		p := privilegesOf(version)
		if got := [3]int{len(p.all), len(p.roles["PVEAdmin"]), len(p.roles["PVEVMAdmin"])}; got != want {
			t.Errorf("%s: all, PVEAdmin, PVEVMAdmin have %v privileges, want %v", version, got, want)
		}
	}
}

// TestHandOutOwnPrivileges: a user who may allocate a guest grants its roles, but
// no more than the own ones.
func TestHandOutOwnPrivileges(t *testing.T) {
	t.Parallel()
	s, c := start(t, Options{})
	value := func(id string) string {
		t.Helper()
		if err := s.AddUser(id, nil); err != nil {
			t.Fatal(err)
		}
		v, err := s.AddToken(id, "ci", false)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	deep, flat := value("deep@pve"), value("flat@pve")
	value("third@pve")
	for principal, propagate := range map[string]bool{"deep@pve": true, "flat@pve": false} {
		if err := s.GrantACL("/vms/200", principal, "PVEVMAdmin", propagate); err != nil {
			t.Fatal(err)
		}
	}
	const refused = "500 ACL update failed: 400 Parameter verification failed."
	tests := []struct {
		name, token, role, propagate, remove, want string
	}{
		{"subset", deep, "PVEVMUser", "1", "0", "200 OK"},
		{"more than the own", deep, "PVEAdmin", "1", "0", refused},
		{"NoAccess", deep, "NoAccess", "1", "0", refused},
		{"propagates further than the own", flat, "PVEVMUser", "1", "0", refused},
		{"propagates no further", flat, "PVEVMUser", "0", "0", "200 OK"},
		{"removal does not propagate", flat, "PVEVMUser", "1", "1", "200 OK"},
	}
	for _, tt := range tests {
		status, _ := request(t, c, s, tt.token, "PUT", "/access/acl", url.Values{"path": {"/vms/200"}, "users": {"third@pve"},
			"roles": {tt.role}, "propagate": {tt.propagate}, "delete": {tt.remove}})
		if status != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, status, tt.want)
		}
	}
}
