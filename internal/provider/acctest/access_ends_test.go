package acctest

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestEndsOfUser: a plan says when the first of a user and its tokens ends and when the last of them does, on each
// release. What an apply computes is open until then.
func TestEndsOfUser(t *testing.T) {
	t.Parallel()
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			server := userAPI(t, version)
			ends := tfjsonpath.New("expires")
			step := func(users string, first plancheck.PlanCheck, firstThen statecheck.StateCheck, latest knownvalue.Check) resource.TestStep {
				return resource.TestStep{
					Config:            apiConfig(server, server.RootToken()) + users,
					ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{first, plancheck.ExpectKnownValue(userAddress, ends.AtMapKey("latest"), latest)}},
					ConfigStateChecks: []statecheck.StateCheck{firstThen, statecheck.ExpectKnownValue(userAddress, ends.AtMapKey("latest"), latest)},
				}
			}
			known := func(users string, first, latest knownvalue.Check) resource.TestStep {
				return step(users, plancheck.ExpectKnownValue(userAddress, ends.AtMapKey("earliest"), first), statecheck.ExpectKnownValue(userAddress, ends.AtMapKey("earliest"), first), latest)
			}
			day := knownvalue.StringExact
			forGood := strings.Replace(userConfig, "  expires_at = \"2041-01-01T00:00:00Z\"\n", "", 1)
			forGood = strings.ReplaceAll(strings.Replace(forGood, `    name = "narrow"`, "    name = \"narrow\"\n    never_expires = true", 1), `    privilege_separation = false`, "    privilege_separation = false\n    never_expires = true")
			soon := strings.Replace(forGood, `    expires_at = "2040-01-01T00:00:00+01:00"`, `    expires_in = "90d"`, 1)
			harness.Run(t,
				known(userConfig, day("2039-12-31T23:00:00Z"), day("2041-01-01T00:00:00Z")),
				known(strings.Replace(userConfig, "2041", "2039", 1), day("2039-01-01T00:00:00Z"), day("2039-01-01T00:00:00Z")),
				known(forGood, day("2039-12-31T23:00:00Z"), knownvalue.Null()),
				step(soon, plancheck.ExpectUnknownValue(userAddress, ends.AtMapKey("earliest")),
					statecheck.CompareValuePairs(userAddress, ends.AtMapKey("earliest"), userAddress, tfjsonpath.New("tokens").AtMapKey("ci").AtMapKey("expires_at"), compare.ValuesSame()), knownvalue.Null()),
				known(strings.Replace(forGood, `    expires_at = "2040-01-01T00:00:00+01:00"`, "    never_expires = true", 1), knownvalue.Null(), knownvalue.Null()),
			)
		})
	}
}
