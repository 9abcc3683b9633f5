package proxmox

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

// TestMissingPlaces: a pool or storage that the server does not have is told, with one request for each list, and what
// the token may not see is not.
func TestMissingPlaces(t *testing.T) {
	t.Parallel()
	grants := func(paths ...string) (all []Grant) {
		for _, path := range paths {
			all = append(all, Grant{Path: path, Role: "PVEVMUser"})
		}
		return all
	}
	everywhere := grants("/", "/pool", "/pool/build", "/pool/biuld", "/storage/local", "/storage/lcoal", "/vms/100", "/pool/biuld", "/nodes/none")
	for name, test := range map[string]struct {
		role, path string
		acl        map[string]any
		asked      []Grant
		missing    []string
		requests   int
	}{
		"root":                          {asked: everywhere, missing: []string{"/pool/biuld", "/storage/lcoal"}, requests: 2},
		"an auditor":                    {role: "PVEAuditor", path: "/", asked: everywhere, missing: []string{"/pool/biuld", "/storage/lcoal"}, requests: 2},
		"who sees pools alone":          {role: "PVEPoolUser", path: "/pool", asked: everywhere, missing: []string{"/pool/biuld"}, requests: 2},
		"who sees nothing":              {role: "PVEAuditor", path: "/vms", asked: everywhere, requests: 2},
		"who sees one pool":             {role: "PVEPoolUser", path: "/pool/build", asked: everywhere, requests: 2},
		"who sees the missing one":      {role: "PVEPoolUser", path: "/pool/biuld", asked: everywhere, missing: []string{"/pool/biuld"}, requests: 2},
		"who is kept from one":          {role: "PVEPoolUser", path: "/pool", acl: map[string]any{"path": "/pool/biuld", "roles": "NoAccess", "users": "viewer@pve"}, asked: everywhere, requests: 2},
		"nothing of pools and storages": {role: "PVEAuditor", path: "/", asked: grants("/", "/pool", "/storage", "/vms/100")},
		"pools alone":                   {role: "PVEAuditor", path: "/", asked: grants("/pool/build", "/pool/build/nested"), missing: []string{"/pool/build/nested"}, requests: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSim(t, pvesim.Version91)
			s.admin("POST", "/pools", map[string]any{"poolid": "build"})
			c := s.Client
			if test.role != "" {
				token := s.tokenFor("viewer@pve", test.role, test.path)
				s.admin("PUT", "/access/acl", map[string]any{"path": "/access", "roles": "PVEAuditor", "users": "viewer@pve"})
				if test.acl != nil {
					s.admin("PUT", "/access/acl", test.acl)
				}
				c = simClient(t, s.Server, token)
			}
			for range 2 {
				missing, err := c.MissingPlaces(t.Context(), test.asked)
				if diff := cmp.Diff(test.missing, missing); err != nil || diff != "" {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
			}
			lists := 0
			for _, request := range s.RequestLog() {
				if request.Method == "GET" && (request.Path == "/pools" || request.Path == "/storage") {
					lists++
				}
			}
			if lists != test.requests {
				t.Errorf("%d requests for lists, want %d", lists, test.requests)
			}
		})
	}
}
