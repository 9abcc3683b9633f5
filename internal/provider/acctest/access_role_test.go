package acctest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestRoleOfTheSameRun: a role that a user of the same run brings along can be granted to a token and to another user,
// and no plan warns of it. A role that nobody makes is a warning, and the apply is refused before it writes anything.
func TestRoleOfTheSameRun(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := tokenAPI(t, version)
			before := server.UserCfg()
			w := harness.NewWorkspace(t).Quietly().Within()
			const owner = "resource \"pvesec_restricted_user\" \"ops\" {\n  user_id = \"ops@pve\"\n  role {\n    name       = \"builders\"\n    privileges = [\"VM.Audit\"]\n  }\n  grant { path = \"/pool/build\" }\n}\n"
			grants := func(role string) string {
				grant := "  grant {\n    path = \"/pool/build\"\n    role = " + role + "\n  }\n"
				return "resource \"pvesec_api_token\" \"ci\" {\n  user_id    = \"deploy@pve\"\n  token_id   = \"ci\"\n  expires_in = \"90d\"\n" + grant + "}\n" +
					"resource \"pvesec_restricted_user\" \"other\" {\n  user_id = \"other@pve\"\n" + grant + "}\n"
			}
			write := func(text string) {
				w.Write("main.tf", "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\n"+apiConfig(server, server.RootToken())+text)
			}
			const missing = "Warning: Missing role builders"

			write(grants(`"builders"`))
			if printed := w.Terraform("plan", "-no-color"); !strings.Contains(printed, missing) || !strings.Contains(printed, "and one more similar warning elsewhere") {
				t.Errorf("a plan with a role that nobody makes:\n%s", printed)
			}
			if printed := w.Refused("apply", "-auto-approve", "-no-color"); strings.Count(printed, "Error: Missing role") != 2 || server.UserCfg() != before {
				t.Errorf("an apply with a role that nobody makes:\n%s\n%s", printed, server.UserCfg())
			}
			write(grants(`"PVEBuilders"`))
			if printed := w.Refused("plan", "-no-color"); !strings.Contains(printed, "does not exist on this server") {
				t.Errorf("a plan with a role that nobody can make:\n%s", printed)
			}

			write(owner + grants("pvesec_restricted_user.ops.role.name"))
			if printed := w.Terraform("apply", "-auto-approve", "-no-color"); strings.Contains(printed, "Missing role") {
				t.Errorf("the role of the same run is missed:\n%s", printed)
			}
			w.Terraform("plan", "-detailed-exitcode", "-no-color")
			for _, holder := range []string{"deploy@pve!ci", "other@pve", "ops@pve"} {
				if !regexp.MustCompile(`(?m)^acl:1:/pool/build:(.*,)?` + holder + `(,.*)?:builders:$`).MatchString(server.UserCfg()) {
					t.Errorf("%s does not have the role:\n%s", holder, server.UserCfg())
				}
			}
		})
	}
}

// TestEphemeralTokenWithRoleOfTheSameRun: the first plan opens the token without a role that the same run makes, and
// says so. The apply opens it with the role. A role that nobody makes is refused.
func TestEphemeralTokenWithRoleOfTheSameRun(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := tokenAPI(t, version)
			var mu sync.Mutex
			had := map[string]string{} // the roles of each token, before they are revoked
			server.SetHook(func(pvesim.Request) pvesim.Fault {
				now := map[string]string{}
				for _, acl := range regexp.MustCompile(`(?m)^acl:1:/pool/build:([^:]*):([^:]*):$`).FindAllStringSubmatch(server.UserCfg(), -1) {
					for _, id := range regexp.MustCompile(`tf-run-\w+`).FindAllString(acl[1], -1) {
						now[id] += acl[2] + " "
					}
				}
				mu.Lock()
				defer mu.Unlock()
				for id, roles := range now {
					if len(roles) > len(had[id]) {
						had[id] = roles
					}
				}
				return pvesim.Fault{}
			})
			config := func(role, more string) string {
				return apiConfig(server, server.RootToken()) + more + "ephemeral \"pvesec_api_token\" \"run\" {\n  user_id = \"deploy@pve\"\n" +
					"  grant {\n    path = \"/pool/build\"\n    role = \"PVEAuditor\"\n  }\n  grant {\n    path = \"/pool/build\"\n    role = " + role + "\n  }\n}\n" +
					"provider \"echo\" {\n  data = ephemeral.pvesec_api_token.run\n}\nresource \"echo\" \"it\" {}\n"
			}
			const owner = "resource \"pvesec_restricted_user\" \"ops\" {\n  user_id = \"ops@pve\"\n  role {\n    name       = \"builders\"\n    privileges = [\"VM.Audit\"]\n  }\n  grant { path = \"/pool/build\" }\n}\n"
			w := harness.NewWorkspace(t).Quietly().Within()
			alone, _, _ := strings.Cut(config("pvesec_restricted_user.ops.role.name", owner), "provider \"echo\"")
			w.Write("main.tf", "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\n"+alone)
			if printed := strings.Join(strings.Fields(w.Terraform("plan", "-no-color")), " "); !strings.Contains(printed, "Warning: Missing role builders") || !strings.Contains(printed, "The token of this plan is opened without it.") {
				t.Errorf("the plan:\n%s", printed)
			}
			harness.RunWith(t, withEcho,
				resource.TestStep{Config: config(`"builders"`, ""), ExpectError: harness.Matches("If a pvesec_restricted_user of the same run makes it")},
				resource.TestStep{Config: config("pvesec_restricted_user.ops.role.name", owner)},
			)
			if got := strings.Join(slices.Compact(slices.Sorted(maps.Values(had))), "; "); got != "PVEAuditor ; PVEAuditor,builders " {
				t.Errorf("the tokens had %s", got)
			}
			if cfg := server.UserCfg(); strings.Contains(cfg, "tf-run-") {
				t.Errorf("something was left behind:\n%s", cfg)
			}
		})
	}
}
