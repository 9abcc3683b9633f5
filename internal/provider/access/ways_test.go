package access

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// everyone is what all cases have: an administrator, one who manages the administrators' group, a group with power and
// no member, and two without.
const everyone = `
user:agent@pve:1:0::::::
token:agent@pve!t:0:0::
user:boss@pve:1:0::::::
user:helper@pve:1:0::::::
user:bob@pve:1:0::::::
group:admins:boss@pve::
group:helpers:helper@pve::
group:empty:::
group:plain:::
group:ops:bob@pve::
group:round:agent@pve,bob@pve::
role:Users:User.Modify:
role:Maker:Realm.AllocateUser:
role:Giver:Permissions.Modify:
role:Roles:Sys.Modify:
role:Realms:Realm.Allocate:
acl:1:/:boss@pve:Administrator:
acl:1:/access/groups/admins:helper@pve:Users:
acl:1:/:@empty:Administrator:
acl:1:/vms:@plain:PVEVMUser:
acl:1:/vms:@ops:PVEVMUser:
`

// TestWaysToRoot has the ACL of agent and the way to root that follows. Each example is run, step by step, against the
// simulated API as agent, who may do just that.
func TestWaysToRoot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, acl, want, member string }{
		{"all users", "acl:0:/access/groups:agent@pve:Users:", "PVESEC-P0001", ""},
		{"a member who leads to root", "acl:1:/access/groups/admins:agent@pve:Users:", "PVESEC-P0002", "boss@pve"},
		{"a member of a member", "acl:1:/access/groups/helpers:agent@pve:Users:", "PVESEC-P0002", "helper@pve"},
		{"a member of a member of a member", "acl:1:/access/groups/ops:agent@pve:Users:\nacl:1:/access/groups/helpers:bob@pve:Users:", "PVESEC-P0002", "bob@pve"},
		{"a group with power, and a user to make", "acl:1:/access/groups/empty:agent@pve:Users:\nacl:1:/access/realm/pve:agent@pve:Maker:", "PVESEC-P0018", ""},
		{"a group with power, and a user to move", "acl:0:/access/groups/empty:agent@pve:Users:\nacl:0:/access/groups/ops:agent@pve:Users:", "PVESEC-P0019", "bob@pve"},
		{"a group with power, and a right to give", "acl:0:/access/groups/empty:agent@pve:Giver:\nacl:0:/access/groups/ops:agent@pve:Users:", "PVESEC-P0019", "bob@pve"},
		{"every right", "acl:0:/:agent@pve:Giver:", "PVESEC-P0003", ""},
		{"rights on users", "acl:0:/access/groups:agent@pve:Giver:", "PVESEC-P0004", ""},
		{"rights on a node", "acl:0:/nodes/pve1:agent@pve:Giver:", "PVESEC-P0005", ""},
		{"rights on storages", "acl:0:/storage:agent@pve:Giver:", "PVESEC-P0006", ""},
		{"roles", "acl:0:/access:agent@pve:Roles:", "PVESEC-P0008", ""},
		{"realms", "acl:0:/access/realm:agent@pve:Realms:", "PVESEC-P0010", ""},
		{"an account of the node", "acl:0:/access/realm/pam:agent@pve:Maker:\nacl:0:/access/groups/plain:agent@pve:Users:", "PVESEC-P0016", ""},

		{"a group without power, and a user to make", "acl:1:/access/groups/plain:agent@pve:Users:\nacl:1:/access/realm/pve:agent@pve:Maker:", "", ""},
		{"a group with power, and nobody to put into it", "acl:1:/access/groups/empty:agent@pve:Users:", "", ""},
		{"groups that form a circle", "acl:1:/access/groups/round:agent@pve:Users:\nacl:1:/access/groups/round:bob@pve:Users:", "", ""},
		{"another path alone", "acl:0:/access:agent@pve:Users:", "", ""},
	} {
		for _, version := range []string{"8.4", "9.1"} {
			t.Run(c.name+" "+version, func(t *testing.T) {
				t.Parallel()
				s := pvesim.New(pvesim.Options{Version: version, AuthDelay: -1, LockTimeout: -1, PAMUsers: map[string]string{"oper": ""}})
				if err := s.Start(); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				if _, err := s.Do("POST", "/access/domains", url.Values{"realm": {"corp"}, "type": {"ldap"}, "server1": {"ldap.example.com"}, "base_dn": {"dc=example,dc=com"}, "user_attr": {"uid"}}); err != nil {
					t.Fatal(err)
				}
				s.SetUserCfg(s.UserCfg() + everyone + c.acl + "\n")
				token, err := s.AddToken("agent@pve", "steps0", false)
				if err != nil {
					t.Fatal(err)
				}
				found := findingsOf(t, s)
				if c.want == "" {
					for _, f := range found {
						t.Errorf("%s is found: %s", f.ID, f.Witness)
					}
					return
				}
				at := slices.IndexFunc(found, func(f escalation.Finding) bool { return f.ID == c.want })
				if at < 0 {
					t.Fatalf("%s is not found, but %+v", c.want, found)
				}
				if !strings.Contains(found[at].Witness, c.member) {
					t.Errorf("the example is not about %s: %s", c.member, found[at].Witness)
				}
				runSteps(t, s, token, found[at].Witness)
			})
		}
	}
}

func findingsOf(t *testing.T, s *pvesim.Server) []escalation.Finding {
	t.Helper()
	client, err := proxmox.New(proxmox.Config{Endpoint: s.URL(), APIToken: s.RootToken(), CAPEM: []byte(s.CAPEM())})
	if err != nil {
		t.Fatal(err)
	}
	rights, err := client.RightsOf(t.Context(), "agent@pve", nil)
	if err != nil {
		t.Fatal(err)
	}
	return waysToRoot(rights, "agent@pve")
}

// runSteps sends the requests of an example. Capitals stand for names.
func runSteps(t *testing.T, s *pvesim.Server, token, example string) {
	t.Helper()
	names := strings.NewReplacer("SELF", "agent@pve", "OWN-ROLE", "Roles", "NAME@pam", "oper@pam", "NAME@REALM", "newman@pve", "/domains/REALM", "/domains/corp", "PASSWORD", "Correct-Horse-7",
		"GROUP", "plain", "NODE", "pve1")
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(s.CAPEM()))
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}}
	for step := range strings.SplitSeq(strings.ReplaceAll(example, "; ", " && "), " && ") {
		words := strings.Fields(names.Replace(step))
		if len(words) < 3 || words[0] != "pvesh" || len(words)%2 != 1 {
			t.Fatalf("%q is no request", step)
		}
		method, form := map[string]string{"create": http.MethodPost, "set": http.MethodPut}[words[1]], url.Values{}
		for i := 3; i < len(words); i += 2 {
			form.Set(strings.TrimPrefix(words[i], "--"), words[i+1])
		}
		if !strings.HasPrefix(words[2], "/access/") {
			t.Logf("the simulation does not have %s", words[2])
			return
		}
		req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+"/api2/json"+words[2], strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Authorization", "PVEAPIToken="+token)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s %s", step, resp.Status, body)
		}
	}
}
