package acctest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/pvesim"
)

var versions = []string{pvesim.Version84, pvesim.Version91, pvesim.Version92}

// runAccess is run, with every plan and state of every step searched for every secret that the API ever gave out. The places where the
// configuration asks for one, secret and token_secrets, are left out of the search.
func runAccess(t *testing.T, server *pvesim.Server, steps ...resource.TestStep) {
	t.Helper()
	for i := range steps {
		step := &steps[i]
		if step.ImportState || step.Destroy || step.ExpectError != nil {
			continue
		}
		search := secretSearch{server: server}
		if !step.PlanOnly {
			step.ConfigPlanChecks.PreApply = append(step.ConfigPlanChecks.PreApply, search)
			step.ConfigPlanChecks.PostApplyPostRefresh = append(step.ConfigPlanChecks.PostApplyPostRefresh, search)
		}
		check := step.Check
		step.Check = func(s *terraform.State) error {
			if check != nil {
				if err := check(s); err != nil {
					return err
				}
			}
			return search.state(s)
		}
	}
	run(t, steps...)
}

// secretSearch looks for secrets where none belongs.
type secretSearch struct{ server *pvesim.Server }

// CheckPlan searches the whole plan as JSON: resources, drift, outputs, configuration, variables.
func (s secretSearch) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	raw, err := json.Marshal(req.Plan)
	if err != nil {
		resp.Error = err
		return
	}
	var plan any
	if err := json.Unmarshal(raw, &plan); err != nil {
		resp.Error = err
		return
	}
	resp.Error = s.find(plan, "plan")
}

func (s secretSearch) state(state *terraform.State) error {
	for address, r := range state.RootModule().Resources {
		for name, value := range r.Primary.Attributes {
			if name == "secret" || strings.HasPrefix(name, "token_secrets.") {
				continue
			}
			if err := s.find(value, address+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s secretSearch) find(value any, at string) error {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			// api_token is the provider's own, which the test writes into the configuration.
			if key == "secret" || key == "token_secrets" || key == "api_token" {
				continue
			}
			if err := s.find(inner, at+"."+key); err != nil {
				return err
			}
		}
	case []any:
		for i, inner := range value {
			if err := s.find(inner, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case string:
		for owner, secret := range s.server.Secrets() {
			if strings.Contains(value, secret) {
				return fmt.Errorf("%s holds the secret of %s", at, owner)
			}
		}
	}
	return nil
}
