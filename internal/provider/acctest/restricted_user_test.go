package acctest

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

const userAddress = "pvesec_restricted_user.agent"

const userConfig = `
resource "pvesec_restricted_user" "agent" {
  user_id = "agent@pve"
  comment = "VM operator"
  email   = "agent@example.com"
  groups  = ["operators"]
  role { privileges = ["VM.Audit", "VM.PowerMgmt"] }
  grant { path = "/pool/build" }
  grant {
    path      = "/storage/local"
    role      = "PVEDatastoreUser"
    propagate = false
  }
  token {
    name       = "ci"
    comment    = "pipeline"
    expires_at = "2040-01-01T00:00:00+01:00"
  }
  token {
    name = "narrow"
    grant { path = "/vms/100" }
  }
  token {
    name                 = "full"
    privilege_separation = false
  }
  expires_at = "2041-01-01T00:00:00Z"
}
`

// userAPI is an API with the group that userConfig names.
func userAPI(t *testing.T, version string) *pvesim.Server {
	t.Helper()
	server := api(t, version)
	harness.Tamper(t, server.AddGroup("operators"), server.AddPool("build"))
	return server
}

func TestRestrictedUserLifeCycle(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := userAPI(t, version)
			before := server.UserCfg()
			provider := apiConfig(server, server.RootToken())
			changed := strings.NewReplacer(
				`comment = "VM operator"`, "",
				`groups  = ["operators"]`, "",
				`"VM.PowerMgmt"`, `"VM.Snapshot"`,
				`expires_at = "2041-01-01T00:00:00Z"`, "enabled = false",
				`expires_at = "2040-01-01T00:00:00+01:00"`, "never_expires = true",
				`privilege_separation = false`, "privilege_separation = false\n    never_expires = true",
				"    name = \"narrow\"\n    grant { path = \"/vms/100\" }", "    name          = \"fresh\"\n    never_expires = true",
			).Replace(userConfig)
			harness.Run(t,
				resource.TestStep{
					Config:           provider + userConfig,
					ConfigPlanChecks: harness.Planned(userAddress, plancheck.ResourceActionCreate),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(userAddress, tfjsonpath.New("role").AtMapKey("name"), knownvalue.StringExact("restricted-agent-pve")),
						statecheck.ExpectKnownValue(userAddress, tfjsonpath.New("token_secrets"), knownvalue.MapSizeExact(0)),
					},
					Check: holds(server,
						"user:agent@pve:1:2240611200:",
						"token:agent@pve!ci:2208985200:1:pipeline:",
						"token:agent@pve!full:0:0:",
						"role:restricted-agent-pve:VM.Audit,VM.PowerMgmt:",
						"acl:0:/storage/local:agent@pve,agent@pve!ci:PVEDatastoreUser:",
						"acl:1:/pool/build:agent@pve,agent@pve!ci:restricted-agent-pve:",
						"acl:1:/vms/100:agent@pve!narrow:restricted-agent-pve:",
						"group:operators:agent@pve:",
					),
				},
				resource.TestStep{
					Config:           provider + changed,
					ConfigPlanChecks: harness.Planned(userAddress, plancheck.ResourceActionUpdate),
					Check: holds(server,
						"user:agent@pve:0:0:",
						"token:agent@pve!ci:0:1:pipeline:",
						"token:agent@pve!fresh:0:1:",
						"role:restricted-agent-pve:VM.Audit,VM.Snapshot:",
						"group:operators::",
					),
				},
				resource.TestStep{ // drift of everything that gives power
					PreConfig: func() {
						harness.Tamper(t,
							server.GrantACL("/", "agent@pve", "PVEAdmin", true),
							server.ChangeRole("restricted-agent-pve", "VM.Audit", "VM.Snapshot", "Permissions.Modify"),
							server.ChangeUser("agent@pve", url.Values{"groups": {"operators"}, "enable": {"1"}}),
							server.ChangeToken("agent@pve", "ci", url.Values{"privsep": {"0"}}),
							server.DeleteToken("agent@pve", "fresh"),
						)
						_, err := server.AddToken("agent@pve", "backdoor", false)
						harness.Tamper(t, err)
					},
					Config: provider + changed,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(userAddress, plancheck.ResourceActionUpdate),
						harness.ExpectDrift(userAddress, `"PVEAdmin"`, `"Permissions.Modify"`, `"operators"`, `"backdoor"`, `"privilege_separation":false`, `"enabled":true`),
					}},
					Check: holds(server, "user:agent@pve:0:0:", "token:agent@pve!ci:0:1:pipeline:", "token:agent@pve!fresh:0:1:",
						"role:restricted-agent-pve:VM.Audit,VM.Snapshot:", "group:operators::"),
				},
				resource.TestStep{ // the user is gone: created again, the role that is left over notwithstanding
					PreConfig:        func() { harness.Tamper(t, server.DeleteUser("agent@pve"), server.DeleteRole("restricted-agent-pve")) },
					Config:           provider + changed,
					ConfigPlanChecks: harness.Planned(userAddress, plancheck.ResourceActionCreate),
				},
				resource.TestStep{
					ResourceName:                         userAddress,
					ImportState:                          true,
					ImportStateId:                        "agent@pve",
					ImportStateVerify:                    true,
					ImportStateVerifyIdentifierAttribute: "user_id",
					// What PVE does not tell apart from its default is imported as not set.
					ImportStateVerifyIgnore: []string{"tokens.full.privilege_separation"},
				},
			)
			if after := server.UserCfg(); after != before {
				t.Errorf("destroy left something behind:\nbefore\n%s\nafter\n%s", before, after)
			}
		})
	}
}

// holds checks that PVE's user.cfg has a line that begins with each text.
func holds(server *pvesim.Server, wanted ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		config := "\n" + server.UserCfg()
		for _, line := range wanted {
			if !strings.Contains(config, "\n"+line) {
				return fmt.Errorf("PVE has no line %q:%s", line, config)
			}
		}
		return nil
	}
}

func TestRestrictedUserSecretInState(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	with := func(more string) string {
		return apiConfig(server, server.RootToken()) + fmt.Sprintf("resource \"pvesec_restricted_user\" \"agent\" {\n  user_id = \"agent@pve\"\n  %s\n}\n", more)
	}
	secret := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f-]{27}$`)
	harness.Run(t,
		resource.TestStep{
			Config: with("secret_in_state = true\n  token {\n    name          = \"ci\"\n    never_expires = true\n  }"),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(userAddress, tfjsonpath.New("token_secrets").AtMapKey("ci"), knownvalue.StringRegexp(secret)),
				statecheck.ExpectSensitiveValue(userAddress, tfjsonpath.New("token_secrets")),
			},
		},
		resource.TestStep{
			Config: with("secret_in_state = true\n  token {\n    name          = \"ci\"\n    comment       = \"kept\"\n    never_expires = true\n  }\n  token {\n    name          = \"next\"\n    never_expires = true\n  }"),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(userAddress, tfjsonpath.New("token_secrets").AtMapKey("ci"), knownvalue.StringRegexp(secret)),
				statecheck.ExpectKnownValue(userAddress, tfjsonpath.New("token_secrets").AtMapKey("next"), knownvalue.StringRegexp(secret)),
			},
		},
		resource.TestStep{
			Config:            with("token {\n  name          = \"ci\"\n  comment       = \"kept\"\n  never_expires = true\n}\ntoken {\n  name          = \"next\"\n  never_expires = true\n}"),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownValue(userAddress, tfjsonpath.New("token_secrets"), knownvalue.MapSizeExact(0))},
		},
	)
}

func TestRestrictedUserBadInput(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	harness.Tamper(t, server.AddUser("taken@pve", nil))
	provider := apiConfig(server, server.RootToken())
	user := func(attributes string) string {
		return provider + "resource \"pvesec_restricted_user\" \"agent\" {\n" + attributes + "\n}\n"
	}
	wrongToken := apiConfig(server, "root@pam!ci=00000000-0000-0000-0000-000000000000")
	var steps []resource.TestStep
	for _, bad := range []struct{ config, message string }{
		{user(`user_id = "root@pam"`), "root@pam"},
		{user(`user_id = "agent,x@pve"`), "agent,x@pve"},
		{user(`user_id = "agent"`), "agent"},
		{user(`user_id = "agent@nowhere"`), `realm "nowhere" does not exist`},
		{user("user_id = \"agent@pve\"\nrole { privileges = [\"VM.Powermgmt\"] }"), "VM.PowerMgmt"},
		{user("user_id = \"agent@pve\"\nrole { privileges = [\"VM.Monitor\"] }"), "VM.Monitor"},
		{user("user_id = \"agent@pve\"\nrole {\n  name       = \"pvesec-agent\"\n  privileges = [\"VM.Audit\"]\n}"), "PVE"},
		{user("user_id = \"agent@pve\"\ngrant {\n  path = \"/vms/100\"\n  role = \"PVEVMUsr\"\n}"), "PVEVMUsr"},
		{user("user_id = \"agent@pve\"\ngrant { path = \"/vms/100\" }"), "has no role"},
		{user("user_id = \"agent@pve\"\ngrant {\n  path = \"/vm/100\"\n  role = \"PVEVMUser\"\n}"), "/vm/100"},
		{user("user_id = \"agent@pve\"\ngroups = [\"nobody\"]"), "nobody"},
		{user("user_id = \"agent@pve\"\nexpires_at = \"tomorrow\""), "RFC 3339"},
		{user("user_id = \"agent@pve\"\ntoken { name = \"1\" }"), "token id \"1\""},
		{user("user_id = \"agent@pve\"\ntoken { name = \"ci\" }"), "has no expiry"},
		{user("user_id = \"agent@pve\"\nemail = \"a%b@example.com\""), "not an e-mail address that PVE accepts"},
		{user("user_id = \"agent@pve\"\nemail = \"жук@example.com\""), "encode them twice"},
		{user(`user_id = "taken@pve"`), "terraform import"},
		{wrongToken + strings.TrimPrefix(user(`user_id = "agent@pve"`), provider), "invalid token value"},
		{strings.Replace(user(`user_id = "agent@pve"`), server.Fingerprint(), strings.Repeat("00:", 31)+"00", 1), "fingerprint"},
	} {
		steps = append(steps, resource.TestStep{Config: bad.config, ExpectError: harness.Matches(bad.message)})
	}
	before := server.UserCfg()
	harness.Run(t, append(steps, resource.TestStep{Config: provider})...)
	if after := server.UserCfg(); after != before {
		t.Errorf("a refused configuration changed PVE:\n%s", after)
	}
}
