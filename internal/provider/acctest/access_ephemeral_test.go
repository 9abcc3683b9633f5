package acctest

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// TestEphemeralAPIToken opens a token in plan and in apply, sees that it works while it is open, and that nothing of it
// is left.
func TestEphemeralAPIToken(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := tokenAPI(t, version)
			before := server.UserCfg()
			// What two killed runs left: one whose end has come, one that may still be running.
			harness.Tamper(t, leftover(server, "tf-run-dead", -time.Hour), leftover(server, "tf-run-alive", time.Hour), leftover(server, "other-dead", -time.Hour))
			config := func(attributes string) string {
				return apiConfig(server, server.RootToken()) + "ephemeral \"pvesec_api_token\" \"run\" {\n  user_id = \"deploy@pve\"\n" + attributes + "\n}\n" +
					"provider \"echo\" {\n  data = ephemeral.pvesec_api_token.run\n}\nresource \"echo\" \"it\" {}\n"
			}
			good := config("grant {\n  path = \"/pool/build\"\n  role = \"PVEVMUser\"\n}\nexpires_in = \"10m\"")
			harness.RunWith(t, withEcho,
				resource.TestStep{Config: config(""), ExpectError: harness.Matches("Block grant must have a configuration value")},
				resource.TestStep{Config: config("grant {\n  path = \"/\"\n  role = \"PVEVMUser\"\n}\nexpires_in = \"2d\""), ExpectError: harness.Matches("between 5m and 24h")},
				resource.TestStep{Config: config("grant {\n  path = \"/\"\n  role = \"Nothing\"\n}"), ExpectError: harness.Matches("Nothing")},
				resource.TestStep{Config: strings.Replace(good, "deploy@pve", "ghost@pve", 1), ExpectError: harness.Matches("there is no user")},
				resource.TestStep{Config: strings.Replace(good, "deploy@pve", "root@pam", 1), ExpectError: harness.Matches("never managed")},
				resource.TestStep{
					Config: good,
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue("echo.it", tfjsonpath.New("data").AtMapKey("api_token"), knownvalue.StringRegexp(regexp.MustCompile(`^deploy@pve!tf-run-[a-z0-9]{16}=[0-9a-f-]{36}$`))),
					},
				},
			)
			harness.Tamper(t, server.DeleteToken("deploy@pve", "tf-run-alive"), server.DeleteToken("deploy@pve", "other-dead"))
			if after := server.UserCfg(); after != before {
				t.Errorf("something was left behind:\nbefore\n%s\nafter\n%s", before, after)
			}
			names := map[string]bool{}
			opened := 0
			for _, r := range server.RequestLog() {
				if r.Method == "POST" && strings.Contains(r.Path, "/token/tf-run-") {
					opened++
					names[r.Path] = true
				}
			}
			if opened < 3 || len(names) != opened {
				t.Errorf("%d tokens were made under %d names", opened, len(names))
			}
		})
	}
}

// leftover is a token as an ephemeral resource makes it, that ends so long from now.
func leftover(server *pvesim.Server, id string, in time.Duration) error {
	if _, err := server.AddToken("deploy@pve", id, true); err != nil {
		return err
	}
	return server.ChangeToken("deploy@pve", id, url.Values{"expire": {fmt.Sprint(time.Now().Add(in).Unix())}})
}

// TestEphemeralTokenIsNoDrift sees that the token of a run under way is not taken for drift of its user, and that one
// which only borrows the name is, with what it may do.
func TestEphemeralTokenIsNoDrift(t *testing.T) {
	t.Parallel()
	server := userAPI(t, pvesim.Version91)
	config := userWith(server, server.RootToken(), "")
	anotherRun, err := proxmox.New(proxmox.Config{Endpoint: server.URL(), APIToken: server.RootToken(), CAPEM: []byte(server.CAPEM())})
	if err != nil {
		t.Fatal(err)
	}
	harness.Run(t,
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig: func() {
				secret, err := anotherRun.CreateToken(t.Context(), "agent@pve", "tf-run-abc", proxmox.Token{OneRun: true, PrivilegeSeparation: true,
					Expire: time.Now().Add(time.Hour).Unix(), Grants: []proxmox.Grant{{Path: "/pool/build", Role: "PVEAuditor"}}})
				harness.KeepSecret(t, "tf-run-abc", secret)
				harness.Tamper(t, err)
			},
			Config:   config,
			PlanOnly: true,
		},
		resource.TestStep{
			PreConfig: func() {
				_, err := server.AddToken("agent@pve", "tf-run-foreign", true)
				harness.Tamper(t, err, server.ChangeToken("agent@pve", "tf-run-foreign", url.Values{"expire": {fmt.Sprint(time.Now().Add(time.Hour).Unix())}}),
					server.GrantACL("/vms/666", "agent@pve!tf-run-foreign", "PVEVMUser", true))
			},
			Config: config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(userAddress, plancheck.ResourceActionUpdate), harness.ExpectDrift(userAddress, `"tf-run-foreign"`, `"/vms/666"`)}},
			Check: func(*terraform.State) error {
				if cfg := server.UserCfg(); strings.Contains(cfg, "foreign") || !strings.Contains(cfg, "token:agent@pve!tf-run-abc:") {
					return fmt.Errorf("the wrong token is gone:\n%s", cfg)
				}
				return nil
			},
		},
		resource.TestStep{
			PreConfig:          func() { harness.Tamper(t, server.ChangeToken("agent@pve", "tf-run-abc", url.Values{"expire": {"0"}})) },
			Config:             config,
			PlanOnly:           true,
			ExpectNonEmptyPlan: true,
		},
	)
}
