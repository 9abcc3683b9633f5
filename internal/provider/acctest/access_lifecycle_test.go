package acctest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// living is a resource whose whole life the tests run through.
type living struct {
	name    string
	kind    string                     // type of the resource
	prepare func(*pvesim.Server) error // what it needs in PVE
	body    string                     // its arguments; ID is its id, COMMENT a text that may change
	ids     [2]string                  // two values of ID
	imports func(id string) string     // id for an import
	there   func(id, cfg string) bool  // PVE has it, by user.cfg
	beside  map[string]string          // fails with create_before_destroy under the same id: what is said; nil for a resource that can do it
	writes  int                        // how many requests at least write when it is created
}

var livings = []living{
	{
		name: "user", kind: "pvesec_restricted_user",
		prepare: func(s *pvesim.Server) error { return s.AddGroup("operators") },
		body: `  user_id = "ID"
  comment = "COMMENT"
  groups  = ["operators"]
  role { privileges = ["VM.Audit"] }
  grant { path = "/vms/100" }
  grant {
    path = "/storage/local"
    role = "PVEDatastoreUser"
  }
  token {
    name       = "ci"
    expires_at = "2040-01-01T00:00:00Z"
  }
  secret_in_state = true
`,
		ids:     [2]string{"agent@pve", "robot@pve"},
		imports: func(id string) string { return id },
		there: func(id, cfg string) bool {
			return strings.Contains(cfg, "user:"+id+":") && strings.Contains(cfg, "token:"+id+"!ci:")
		},
		beside: map[string]string{"said": "create_before_destroy"},
		writes: 5,
	},
	{
		name: "token", kind: "pvesec_api_token",
		prepare: func(s *pvesim.Server) error {
			if err := s.AddUser("deploy@pve", nil); err != nil {
				return err
			}
			return s.GrantACL("/vms", "deploy@pve", "PVEVMUser", true)
		},
		body: `  user_id    = "deploy@pve"
  token_id   = "ID"
  comment    = "COMMENT"
  expires_at = "2040-01-01T00:00:00Z"
  grant {
    path = "/vms/100"
    role = "PVEAuditor"
  }
  grant {
    path = "/vms/101"
    role = "PVEVMUser"
  }
  secret_in_state = true
`,
		ids:     [2]string{"ci", "cd"},
		imports: func(id string) string { return "deploy@pve!" + id },
		there:   func(id, cfg string) bool { return strings.Contains(cfg, "token:deploy@pve!"+id) },
		writes:  3,
	},
}

// life is a workspace in which one resource lives.
type life struct {
	*harness.Workspace
	living
	t      *testing.T
	server *pvesim.Server
	before string // user.cfg before it
	about  string // provider block
}

// config writes the resource under an address, with lines of lifecycle, and what comes beside it.
func (l *life) config(address, id, comment, lifecycle, beside string) {
	l.t.Helper()
	resource := ""
	if address != "" {
		body := strings.NewReplacer("ID", id, "COMMENT", comment).Replace(l.body)
		if lifecycle != "" {
			body += "  lifecycle {\n    " + lifecycle + "\n  }\n"
		}
		resource = fmt.Sprintf("resource %q %q {\n%s}\n", l.kind, address, body)
	}
	l.Write("main.tf", "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\n"+l.about+resource+beside)
}

func (l *life) simple(comment string) { l.t.Helper(); l.config("a", l.ids[0], comment, "", "") }

// settled applies and sees that the next plan is empty.
func (l *life) settled(args ...string) string {
	l.t.Helper()
	output := l.Terraform(append([]string{"apply", "-auto-approve", "-no-color"}, args...)...)
	l.empty()
	return output
}

// empty sees that a plan changes nothing.
func (l *life) empty() {
	l.t.Helper()
	if output, err := l.Try("plan", "-no-color", "-detailed-exitcode"); err != nil {
		l.t.Fatalf("the plan is not empty: %v\n%s", err, output)
	}
}

// gone destroys everything and sees that PVE is as it was before.
func (l *life) gone() {
	l.t.Helper()
	l.Terraform("destroy", "-auto-approve", "-no-color")
	if after := l.server.UserCfg(); after != l.before {
		l.t.Errorf("destroy left something behind:\nbefore\n%s\nafter\n%s", l.before, after)
	}
}

// exists sees that PVE has the resource.
func (l *life) exists(id string) {
	l.t.Helper()
	if !l.there(id, l.server.UserCfg()) {
		l.t.Errorf("PVE has no %s:\n%s", id, l.server.UserCfg())
	}
}

// secrets are all secrets in state, as one text.
func (l *life) secrets() string {
	l.t.Helper()
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Type   string
					Values map[string]any
				}
			} `json:"root_module"`
		}
	}
	if err := json.Unmarshal([]byte(l.Terraform("show", "-json")), &state); err != nil {
		l.t.Fatal(err)
	}
	var all []string
	for _, r := range state.Values.RootModule.Resources {
		if r.Type == l.kind {
			all = append(all, fmt.Sprint(r.Values["secret"], r.Values["token_secrets"]))
		}
	}
	return strings.Join(all, " ")
}

// renewed does something that must bring a new object.
func (l *life) renewed(what func()) {
	l.t.Helper()
	old := l.secrets()
	what()
	if now := l.secrets(); now == old || strings.Contains(now, "map[]") || now == "" {
		l.t.Errorf("the object is not a new one: its secrets are those that it had")
	}
}

func (l *life) address(name string) string { return l.kind + "." + name }

// ways are all that Terraform can do with a resource. Each begins with nothing in PVE and in state, and ends so.
var ways = []struct {
	name string
	run  func(*life)
}{
	{"create, change, destroy", func(l *life) {
		l.simple("one")
		l.settled()
		l.exists(l.ids[0])
		l.simple("two")
		if output := l.settled(); !strings.Contains(output, "1 changed") {
			l.t.Errorf("not changed in place:\n%s", output)
		}
	}},
	{"replace", func(l *life) {
		l.simple("one")
		l.settled()
		l.renewed(func() { l.settled("-replace=" + l.address("a")) })
		l.simple("two") // with a change in the same run
		l.renewed(func() { l.settled("-replace=" + l.address("a")) })
		l.exists(l.ids[0])
	}},
	{"replace from a saved plan", func(l *life) {
		l.simple("one")
		l.settled()
		l.renewed(func() {
			l.Terraform("plan", "-no-color", "-out=plan", "-replace="+l.address("a"))
			l.Terraform("apply", "-no-color", "plan")
		})
		l.empty()
	}},
	{"taint", func(l *life) {
		l.simple("one")
		l.settled()
		l.Terraform("taint", l.address("a"))
		l.renewed(func() { l.settled() })
		l.Terraform("taint", l.address("a"))
		l.renewed(func() { l.settled("-refresh=false") })
	}},
	{"destroy a tainted one", func(l *life) {
		l.simple("one")
		l.settled()
		l.Terraform("taint", l.address("a"))
	}},
	{"untaint", func(l *life) {
		l.simple("one")
		l.settled()
		l.Terraform("taint", l.address("a"))
		l.Terraform("untaint", l.address("a"))
		l.empty()
	}},
	{"create_before_destroy", func(l *life) {
		l.config("a", l.ids[0], "one", "create_before_destroy = true", "")
		l.settled()
		// PVE has no two objects under one id: nothing is lost, and what to do is said.
		if said := l.Refused("apply", "-auto-approve", "-replace="+l.address("a")); !strings.Contains(said, "Take create_before_destroy away") {
			l.t.Errorf("said: %s", said)
		}
		l.exists(l.ids[0])
		l.empty()
		l.config("a", l.ids[1], "one", "create_before_destroy = true", "")
		l.renewed(func() { l.settled() })
		l.exists(l.ids[1])
	}},
	{"another id", func(l *life) {
		l.simple("one")
		l.settled()
		l.config("a", l.ids[1], "one", "", "")
		l.renewed(func() { l.settled() })
		l.exists(l.ids[1])
	}},
	{"replace_triggered_by", func(l *life) {
		trigger := func(input string) string {
			return fmt.Sprintf("resource \"terraform_data\" \"t\" {\n  input = %q\n}\n", input)
		}
		l.config("a", l.ids[0], "one", "replace_triggered_by = [terraform_data.t]", trigger("1"))
		l.settled()
		l.config("a", l.ids[0], "one", "replace_triggered_by = [terraform_data.t]", trigger("2"))
		l.renewed(func() { l.settled() })
		l.config("a", l.ids[0], "two", "replace_triggered_by = [terraform_data.t]", trigger("3"))
		l.renewed(func() { l.settled() })
	}},
	{"moved", func(l *life) {
		l.simple("one")
		l.settled()
		kept := l.secrets()
		l.config("b", l.ids[0], "one", "", fmt.Sprintf("moved {\n  from = %s\n  to   = %s\n}\n", l.address("a"), l.address("b")))
		if output := l.settled(); !strings.Contains(output, "0 added, 0 changed, 0 destroyed") || l.secrets() != kept {
			l.t.Errorf("moving changes something:\n%s", output)
		}
	}},
	{"removed, then imported with generated configuration", func(l *life) {
		l.simple("one")
		l.settled()
		l.config("", "", "", "", fmt.Sprintf("removed {\n  from = %s\n  lifecycle {\n    destroy = false\n  }\n}\n", l.address("a")))
		l.Terraform("apply", "-auto-approve", "-no-color")
		l.exists(l.ids[0])
		l.config("", "", "", "", fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", l.address("a"), l.imports(l.ids[0])))
		if output := l.Terraform("plan", "-no-color", "-generate-config-out=generated.tf"); !strings.Contains(output, "1 to import, 0 to add, 0 to change, 0 to destroy") {
			l.t.Errorf("the generated configuration is not what is there:\n%s", output)
		}
		l.settled()
		if err := os.Remove(filepath.Join(l.Dir, "generated.tf")); err != nil {
			l.t.Fatal(err)
		}
		l.simple("one")
	}},
	{"state lost, then imported", func(l *life) {
		l.simple("one")
		l.settled()
		if err := os.Remove(filepath.Join(l.Dir, "terraform.tfstate")); err != nil {
			l.t.Fatal(err)
		}
		if said := l.Terraform("plan", "-no-color"); !alreadyThere(said) {
			l.t.Errorf("said: %s", said)
		}
		if said := l.Refused("apply", "-auto-approve"); !alreadyThere(said) {
			l.t.Errorf("said: %s", said)
		}
		l.Terraform("import", "-no-color", l.address("a"), l.imports(l.ids[0]))
		cfg := l.server.UserCfg()
		l.config("a", l.ids[0], "one", "", "")
		l.Write("main.tf", strings.ReplaceAll(l.read("main.tf"), "secret_in_state = true", "")) // a secret cannot be imported
		if output := l.settled(); strings.Contains(output, "destroyed") && !strings.Contains(output, "0 destroyed") || l.server.UserCfg() != cfg {
			l.t.Errorf("importing changes PVE:\n%s", output)
		}
	}},
	{"two resources for one object", func(l *life) {
		l.simple("one")
		l.settled()
		l.config("a", l.ids[0], "one", "", fmt.Sprintf("resource %q \"b\" {\n%s  depends_on = [%s]\n}\n", l.kind, strings.NewReplacer("ID", l.ids[0], "COMMENT", "one").Replace(l.body), l.address("a")))
		if said := l.Refused("plan"); !alreadyThere(said) {
			l.t.Errorf("said: %s", said)
		}
		l.simple("one")
		l.empty()
	}},
	{"destroy after each half-way failure", func(l *life) { l.halfway(func() {}) }},
	{"repair after each half-way failure", func(l *life) {
		l.halfway(func() { l.settled(); l.exists(l.ids[0]) })
	}},
	{"destroy fails half-way", func(l *life) {
		for n := range 2 {
			l.simple("one")
			l.settled()
			l.failing(n)
			if output, err := l.Try("destroy", "-auto-approve", "-no-color"); err == nil && n == 0 {
				l.t.Errorf("a destroy that PVE refuses succeeds:\n%s", output)
			}
			l.server.SetHook(nil)
			l.Terraform("destroy", "-auto-approve", "-no-color")
			if l.there(l.ids[0], l.server.UserCfg()) {
				l.t.Errorf("write %d: still there", n)
			}
			l.server.SetUserCfg(l.before) // a role that nobody holds may be left
		}
	}},
}

func (l *life) read(name string) string {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(l.Dir, name))
	if err != nil {
		l.t.Fatal(err)
	}
	return string(text)
}

// failing makes the n-th write from now on, and all after it, fail.
func (l *life) failing(n int) {
	count := 0
	l.server.SetHook(func(r pvesim.Request) pvesim.Fault {
		if r.Method == http.MethodGet {
			return pvesim.Fault{}
		}
		if count++; count > n {
			return pvesim.Fault{Status: 500, Reason: "cfs-lock 'file-user_cfg' error: no quorum!"}
		}
		return pvesim.Fault{}
	})
}

// halfway lets a creation fail for good at each of its writes, does something then, and destroys.
func (l *life) halfway(then func()) {
	l.simple("one")
	for n := range l.writes {
		l.failing(n)
		if output, err := l.Try("apply", "-auto-approve", "-no-color"); err == nil {
			l.t.Errorf("write %d: the apply succeeds:\n%s", n, output)
		}
		l.server.SetHook(nil)
		then()
		l.gone()
	}
}

// TestEveryWayOfLife runs every resource that lives in PVE alone through everything that Terraform can do with it, with
// the real program.
func TestEveryWayOfLife(t *testing.T) {
	t.Parallel()
	for _, resource := range livings {
		t.Run(resource.name, func(t *testing.T) {
			t.Parallel()
			for _, way := range ways {
				t.Run(way.name, func(t *testing.T) {
					server := api(t, pvesim.Version92)
					harness.Tamper(t, resource.prepare(server))
					l := &life{Workspace: harness.NewWorkspace(t).Quietly().Within(), t: t, living: resource, server: server, before: server.UserCfg(), about: apiConfig(server, server.RootToken())}
					way.run(l)
					if !t.Failed() {
						l.gone()
					}
				})
			}
		})
	}
}

// alreadyThere tells whether something was said about an object that is in PVE and not in the state.
func alreadyThere(said string) bool {
	return strings.Contains(said, "exists already") || strings.Contains(said, "already exists")
}
