package access

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"regexp"
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
role:Stores:Datastore.Allocate:
role:Space:Datastore.AllocateSpace:
role:Guests:VM.Allocate:
role:Disks:VM.Config.Disk:
role:Hardware:VM.Config.HWType:
role:Maps:Mapping.Modify:
role:Uses:Mapping.Use:
role:Monitor:VM.Monitor:
role:Disker:VM.Allocate,VM.Config.Disk:
user:carl@pve:1:0::::::
group:mappers:carl@pve::
group:disks:::
group:carriers:::
group:mine:agent@pve::
user:dave@pve:1:0::::::
group:third:dave@pve::
pool:build::100::
acl:1:/vms/100:@disks:Disks:
acl:1:/mapping/dir/docs:@carriers:Uses:
acl:1:/:boss@pve:Administrator:
acl:1:/access/groups/admins:helper@pve:Users:
acl:1:/:@empty:Administrator:
acl:1:/vms:@plain:PVEVMUser:
acl:1:/vms:@ops:PVEVMUser:
`

// waysCase is the ACL of agent and the way to root that follows, with the release that alone has it, if one has. The
// example is about member.
type waysCase struct{ name, acl, want, member string }

var waysCases = []waysCase{
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

	{"rights on mappings", "acl:0:/mapping:agent@pve:Giver:\nacl:1:/vms/100:agent@pve:Disks:", "PVESEC-P0007", ""},
	{"a node", "acl:0:/nodes/pve1:agent@pve:Roles:", "PVESEC-P0009", ""},
	{"storages", "acl:0:/storage:agent@pve:Stores:", "PVESEC-P0011", ""},
	{"a directory", "acl:0:/mapping/dir:agent@pve:Maps:\nacl:1:/mapping:agent@pve:Uses,Maps:\nacl:1:/vms/100:agent@pve:Disks:", "PVESEC-P0012", ""},
	{"a directory that is mapped", "acl:0:/mapping/dir/docs:agent@pve:Maps,Uses:\nacl:0:/vms/100:agent@pve:Disks:", "PVESEC-P0012", "docs"},
	{"a directory, by rights to give", "acl:0:/mapping/dir/docs:agent@pve:Giver:\nacl:0:/pool/build:agent@pve:Giver:", "PVESEC-P0012", "docs"},
	{"a guest of a pool", "acl:0:/mapping/dir/docs:agent@pve:Maps,Uses:\nacl:0:/pool/build:agent@pve:Disks:", "PVESEC-P0012", "docs"},
	{"a device", "acl:0:/mapping/pci/gpu:agent@pve:Maps,Uses:\nacl:0:/vms/100:agent@pve:Hardware:", "PVESEC-P0013", "gpu"},
	{"a new device", "acl:1:/mapping/pci:agent@pve:Maps,Uses:\nacl:1:/vms:agent@pve:Hardware:", "PVESEC-P0013", ""},
	{"a container on PVE 8", "acl:1:/vms/200:agent@pve:Guests:\nacl:1:/storage/fast:agent@pve:Space:", "8.4 PVESEC-P0014", "fast"},
	{"a container in a pool on PVE 8", "acl:1:/pool/build:agent@pve:Guests:\nacl:1:/storage/fast:agent@pve:Space:", "8.4 PVESEC-P0014", "--pool build"},
	{"a container by a right to give on PVE 8", "acl:1:/pool/build:agent@pve:Giver:\nacl:1:/storage/fast:agent@pve:Space:", "8.4 PVESEC-P0014", "--pool build"},
	{"the monitor on PVE 8", "acl:1:/vms/100:agent@pve:Monitor:\nacl:0:/:agent@pve:Roles:", "8.4 PVESEC-P0015", ""},
	{"a container", "acl:0:/:agent@pve:Roles:\nacl:1:/vms:agent@pve:Guests:\nacl:1:/storage:agent@pve:Space:", "PVESEC-P0017", ""},

	// What several have together.
	{"a member's disks, the own mapping", "acl:1:/access/groups/mappers:agent@pve:Users:\nacl:1:/vms/100:carl@pve:Disker:\nacl:1:/mapping/dir/docs:agent@pve:Maps,Uses:", "PVESEC-P0002", "carl@pve"},
	{"a member's mapping, the own disks", "acl:1:/access/groups/mappers:agent@pve:Users:\nacl:1:/mapping/dir/docs:carl@pve:Maps:\nacl:1:/mapping/dir/docs:agent@pve:Uses:\nacl:1:/vms/100:agent@pve:Disks:", "PVESEC-P0002", "carl@pve"},
	{"a member gives what is missing", "acl:1:/access/groups/mappers:agent@pve:Users:\nacl:0:/vms:carl@pve:Giver:\nacl:1:/mapping/dir/docs:agent@pve:Maps,Uses:", "PVESEC-P0002", "carl@pve"},
	{"a member gives the right to make users", "acl:1:/access/groups/mappers:agent@pve:Users:\nacl:1:/access/groups/empty:agent@pve:Users:\nacl:0:/access/realm/pve:carl@pve:Giver:", "PVESEC-P0019", ""},
	{"a member gives the right to manage another", "acl:1:/access/groups/mappers:agent@pve:Users:\nacl:0:/access/groups/admins:carl@pve:Giver:", "PVESEC-P0002", "carl@pve"},
	{"a member's member gives", "acl:1:/access/groups/mappers:agent@pve:Users:\nacl:1:/access/groups/third:carl@pve:Users:\nacl:0:/nodes/pve1:dave@pve:Giver:", "PVESEC-P0002", "carl@pve"},
	{"the own group and one with what is missing", "acl:1:/access/groups/mine:agent@pve:Users:\nacl:1:/access/groups/disks:agent@pve:Users:\nacl:1:/mapping/dir/docs:agent@pve:Maps,Uses:", "PVESEC-P0019", "disks"},
	{"two groups with halves", "acl:1:/access/groups/disks:agent@pve:Users:\nacl:1:/access/groups/carriers:agent@pve:Users:\nacl:1:/access/realm/pve:agent@pve:Maker:\nacl:1:/mapping/dir/docs:agent@pve:Maps:", "PVESEC-P0018", ""},

	{"a member's disks, another's mapping", "acl:1:/access/groups/mappers:agent@pve:Users:\nacl:1:/vms/100:carl@pve:Disks:\nacl:1:/mapping/dir/docs:agent@pve:Maps:", "", ""},
	{"a member's disks that cannot be handed on", "acl:1:/access/groups/mappers:agent@pve:Users:\nacl:1:/vms/100:carl@pve:Disks:\nacl:1:/mapping/dir/docs:agent@pve:Maps,Uses:", "", ""},
	{"a mapping of another name", "acl:1:/mapping/dir/docs:agent@pve:Maps:\nacl:1:/mapping/dir/other:agent@pve:Uses:\nacl:1:/vms/100:agent@pve:Disks:", "", ""},
	{"nodes alone, not below", "acl:0:/nodes:agent@pve:Roles:", "", ""},
	{"guests alone, not below", "acl:0:/vms:agent@pve:Disks:\nacl:1:/mapping/dir/docs:agent@pve:Maps,Uses:", "", ""},
	{"half of two groups", "acl:1:/access/groups/disks:agent@pve:Users:\nacl:1:/access/realm/pve:agent@pve:Maker:\nacl:1:/mapping/dir/docs:agent@pve:Maps:", "", ""},
	{"a group without power, and a user to make", "acl:1:/access/groups/plain:agent@pve:Users:\nacl:1:/access/realm/pve:agent@pve:Maker:", "", ""},
	{"a group with power, and nobody to put into it", "acl:1:/access/groups/empty:agent@pve:Users:", "", ""},
	{"groups that form a circle", "acl:1:/access/groups/round:agent@pve:Users:\nacl:1:/access/groups/round:bob@pve:Users:", "", ""},
	{"another path alone", "acl:0:/access:agent@pve:Users:", "", ""},
}

// TestWaysToRoot has the ACL of agent and the way to root that follows. Each example is run, step by step, against the
// simulated API as agent, who may do just that.
func TestWaysToRoot(t *testing.T) {
	t.Parallel()
	for _, c := range waysCases {
		release, want, only := strings.Cut(c.want, " ")
		if !only {
			release, want = "", c.want
		}
		for _, version := range []string{"8.4", "9.1", "9.2"} {
			t.Run(c.name+" "+version, func(t *testing.T) {
				t.Parallel()
				want := want
				if only && version != release {
					want = ""
				}
				s := pvesim.New(pvesim.Options{Version: version, AuthDelay: -1, LockTimeout: -1, PAMUsers: map[string]string{"oper": ""},
					Guests: []string{"100"}, Storages: []string{"local", "fast"}, Mappings: []string{"dir/docs", "pci/gpu"}})
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
				if want == "" {
					for _, f := range found {
						t.Errorf("%s is found: %s", f.ID, f.Witness)
					}
					return
				}
				at := slices.IndexFunc(found, func(f escalation.Finding) bool { return f.ID == want })
				if at < 0 {
					t.Fatalf("%s is not found, but %+v", want, found)
				}
				if !strings.Contains(found[at].Witness, c.member) {
					t.Errorf("the example is not about %s: %s", c.member, found[at].Witness)
				}
				runSteps(t, s, token, found[at].Witness)
			})
		}
	}
}

// TestEveryExampleIsRun: TestWaysToRoot runs the example of each rule.
func TestEveryExampleIsRun(t *testing.T) {
	t.Parallel()
	for _, rule := range escalation.Privileges() {
		if !slices.ContainsFunc(waysCases, func(c waysCase) bool { return strings.HasSuffix(c.want, rule.ID) }) {
			t.Errorf("no case has %s", rule.ID)
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

// words are what the words in capitals of an example stand for.
var words = map[string]string{"SELF": "agent@pve", "OWN": "Roles", "NODE": "pve1", "VMID": "100", "ID": "fresh", "STORAGE": "fast", "TEMPLATE": "debian.tar.zst", "BRIDGE": "vmbr1",
	"OPTIONS": "x", "PASSWORD": "Correct-Horse-7", "GROUP": "plain"}

var word = regexp.MustCompile(`\b[A-Z]{2,}\b(-ROLE)?`)

// asWords are the words of a request, with names for the words in capitals. Quotes hold words together.
func asWords(step string) []string {
	names := strings.NewReplacer("NAME@pam", "oper@pam", "NAME@REALM", "newman@pve", "NAME@pve", "newman@pve", "/domains/REALM", "/domains/corp")
	step = word.ReplaceAllStringFunc(names.Replace(step), func(name string) string {
		if stands := words[strings.TrimSuffix(name, "-ROLE")]; stands != "" && (name != "VMID" || !strings.Contains(step, "/lxc")) {
			return stands
		} else if name == "VMID" {
			return "200" // a container is a new guest
		}
		return name
	})
	before, quoted, _ := strings.Cut(step, "'")
	list := strings.Fields(before)
	if quoted != "" {
		list = append(list, strings.TrimSuffix(quoted, "'"))
	}
	return list
}

// runSteps sends the requests of an example. Capitals stand for names.
func runSteps(t *testing.T, s *pvesim.Server, token, example string) {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(s.CAPEM()))
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}}
	for step := range strings.SplitSeq(strings.ReplaceAll(example, "; ", " && "), " && ") {
		words := asWords(step)
		if len(words) < 3 || words[0] != "pvesh" || len(words)%2 != 1 {
			t.Fatalf("%q is no request", step)
		}
		method, form := map[string]string{"create": http.MethodPost, "set": http.MethodPut}[words[1]], url.Values{}
		for i := 3; i < len(words); i += 2 {
			form.Set(strings.TrimPrefix(words[i], "--"), words[i+1])
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
			t.Errorf("%s: %s %s", strings.Join(words, " "), resp.Status, body)
		}
	}
}
