package acctest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestDestroyIsNotRefused: whatever became of PVE, what exists can be destroyed. Terraform plans the configuration once
// before it does.
func TestDestroyIsNotRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*pvesim.Server) error{
		"realm gone":          func(s *pvesim.Server) error { return do(s, "DELETE", "/access/domains/corp", nil) },
		"group gone":          func(s *pvesim.Server) error { return s.DeleteGroup("operators") },
		"group leads to root": func(s *pvesim.Server) error { return s.GrantACL("/", "@operators", "Administrator", true) },
		"left a group that leads to root": func(s *pvesim.Server) error {
			if err := s.ChangeUser("agent@corp", url.Values{"groups": {""}}); err != nil {
				return err
			}
			return s.GrantACL("/", "@operators", "Administrator", true)
		},
		"role gone": func(s *pvesim.Server) error { return s.DeleteRole("Shared") },
		"role leads to root": func(s *pvesim.Server) error {
			return s.ChangeRole("Shared", "Sys.Modify", "Permissions.Modify", "User.Modify")
		},
		"root for itself": func(s *pvesim.Server) error { return s.GrantACL("/", "agent@corp", "Administrator", true) },
		"nothing":         func(*pvesim.Server) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := userAPI(t, pvesim.Version92)
			harness.Tamper(t, do(server, "POST", "/access/domains", url.Values{"realm": {"corp"}, "type": {"ad"}, "domain": {"corp.example.com"}, "server1": {"dc.corp.example.com"}}),
				server.AddRole("Shared", "VM.Audit"))
			config := apiConfig(server, server.RootToken()) + `
resource "pvesec_restricted_user" "agent" {
  user_id = "agent@corp"
  groups  = ["operators"]
  role { privileges = ["VM.Audit"] }
  grant { path = "/vms/100" }
  grant {
    path = "/vms/101"
    role = "Shared"
  }
}
resource "pvesec_api_token" "ci" {
  user_id    = pvesec_restricted_user.agent.user_id
  token_id   = "elsewhere"
  expires_at = "2040-01-01T00:00:00Z"
  grant {
    path = "/vms/101"
    role = "Shared"
  }
}
`
			config = strings.Replace(config, "  role {", "  external_tokens = [\"elsewhere\"]\n  role {", 1)
			harness.Run(t,
				resource.TestStep{Config: config},
				resource.TestStep{PreConfig: func() { harness.Tamper(t, change(server)) }, Config: config, Destroy: true},
			)
			if cfg := server.UserCfg(); strings.Contains(cfg, "agent@corp") {
				t.Errorf("still there:\n%s", cfg)
			}
		})
	}
}

func do(s *pvesim.Server, method, path string, params url.Values) error {
	_, err := s.Do(method, path, params)
	return err
}

// TestDriftCannotGrantRoot: a group that became powerful while the user had left it is warned of while planning, since
// a destroy plans that too, and refused before anything is written.
func TestDriftCannotGrantRoot(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	config := userWith(server, server.RootToken(), "groups = [\"operators\"]")
	harness.Run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				harness.Tamper(t, server.ChangeUser("agent@pve", url.Values{"groups": {""}}), server.GrantACL("/", "@operators", "Administrator", true))
			},
			Config:      config,
			ExpectError: harness.Matches("could become root"),
		},
		resource.TestStep{
			PreConfig: func() {
				if cfg := server.UserCfg(); strings.Contains(cfg, "group:operators:agent@pve") {
					t.Errorf("the user is in the group:\n%s", cfg)
				}
				harness.Tamper(t, server.RevokeACL("/", "@operators", "Administrator"))
			},
			Config: config,
			Check:  holds(server, "group:operators:agent@pve:"),
		},
	)
}

// TestSharedRoleStays: a managed role that others hold stays when its user is destroyed, and their access with it.
func TestSharedRoleStays(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	config := userWith(server, server.RootToken(), "role { privileges = [\"VM.Audit\"] }\ngrant { path = \"/vms\" }")
	harness.Run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() { harness.Tamper(t, server.GrantACL("/vms", "@operators", "restricted-agent-pve", true)) },
			Config:    config,
			Destroy:   true,
		},
	)
	if cfg := server.UserCfg(); strings.Contains(cfg, "agent@pve") || !strings.Contains(cfg, "acl:1:/vms:@operators:restricted-agent-pve:") {
		t.Errorf("left:\n%s", cfg)
	}
}

// TestImportTakesNoOthersRole: the role of a+b@pve is none of a-b@pve's.
func TestImportTakesNoOthersRole(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	harness.Tamper(t, server.AddRole("restricted-a-b-pve", "VM.Audit"), server.AddUser("a-b@pve", nil), server.AddUser("a+b@pve", nil),
		server.GrantACL("/vms", "a-b@pve", "restricted-a-b-pve", true), server.GrantACL("/vms", "a+b@pve", "restricted-a-b-pve", true))
	config := apiConfig(server, server.RootToken()) + "resource \"pvesec_restricted_user\" \"agent\" {\n  user_id = \"a+b@pve\"\n  grant {\n    path = \"/vms\"\n    role = \"restricted-a-b-pve\"\n  }\n}\n"
	harness.Run(t,
		resource.TestStep{Config: config + "import {\n  to = pvesec_restricted_user.agent\n  id = \"a+b@pve\"\n}\n",
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(userAddress, plancheck.ResourceActionNoop)}}},
		resource.TestStep{Config: config, Destroy: true},
	)
	if cfg := server.UserCfg(); strings.Contains(cfg, "a+b@pve") || !strings.Contains(cfg, "acl:1:/vms:a-b@pve:restricted-a-b-pve:") {
		t.Errorf("left:\n%s", cfg)
	}
}

// TestRealmIgnoresCase: two spellings of one user are one user for Terraform too.
func TestRealmIgnoresCase(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version92)
	harness.Tamper(t, do(server, "POST", "/access/domains", url.Values{"realm": {"corp"}, "type": {"ad"}, "domain": {"corp.example.com"}, "server1": {"dc.corp.example.com"}, "case-sensitive": {"0"}}),
		server.AddUser("agent@corp", nil))
	config := func(id, comment string) string {
		return apiConfig(server, server.RootToken()) + "resource \"pvesec_restricted_user\" \"agent\" {\n  user_id = \"" + id + "\"\n  comment = \"" + comment + "\"\n}\n"
	}
	harness.Run(t,
		resource.TestStep{Config: config("Agent@corp", ""), ExpectError: harness.Matches(`user "agent@corp" exists already`)},
		resource.TestStep{
			Config:           config("Agent@corp", "one") + "import {\n  to = pvesec_restricted_user.agent\n  id = \"AGENT@corp\"\n}\n",
			ConfigPlanChecks: harness.Planned(userAddress, plancheck.ResourceActionUpdate),
			Check:            holds(server, "user:agent@corp:1:0::::one:"),
		},
		resource.TestStep{Config: config("aGENT@corp", "one"), PlanOnly: true},
	)
}
