package acctest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	testconfig "github.com/hashicorp/terraform-plugin-testing/config"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestAccessExamples applies the examples of the documentation as they are printed, twice, and destroys them.
func TestAccessExamples(t *testing.T) {
	t.Parallel()
	for name, example := range map[string]string{
		"user":      "resources/pvesec_restricted_user/resource.tf",
		"token":     "resources/pvesec_api_token/resource.tf",
		"ephemeral": "ephemeral-resources/pvesec_api_token/ephemeral-resource.tf",
		"new user":  "ephemeral-resources/pvesec_api_token/new-user.tf",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := api(t, pvesim.Version92)
			harness.Tamper(t, server.AddPool("build"), server.AddGroup("helpdesk"), server.AddGroup("customers"), server.AddUser("deploy@pve", nil), server.GrantACL("/", "deploy@pve", "PVEVMUser", true))
			before := server.UserCfg()
			text, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", filepath.FromSlash(example)))
			if err != nil {
				t.Fatal(err)
			}
			// The other provider of the ephemeral example is the one that comes with the test framework.
			printed := strings.NewReplacer("provider \"proxmox\" {", "provider \"echo\" {", "  endpoint  = \"https://pve1.example.com:8006\"\n", "", "  api_token = ephemeral", "  data = ephemeral").Replace(string(text))
			step := resource.TestStep{Config: apiConfig(server, server.RootToken()) + printed}
			if name == "ephemeral" || name == "new user" {
				step.Config += "resource \"echo\" \"it\" {}\n"
			} else {
				step.ConfigPlanChecks.PostApplyPostRefresh = []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}
			}
			if name == "user" {
				const password = "correct-horse-battery"
				harness.KeepSecret(t, "password", password)
				step.ConfigVariables = testconfig.Variables{"helpdesk_password": testconfig.StringVariable(password)}
			}
			harness.RunWith(t, withEcho, step)
			if after := server.UserCfg(); after != before {
				t.Errorf("something was left behind:\n%s", after)
			}
		})
	}
}
