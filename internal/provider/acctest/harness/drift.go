package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-testing/plancheck"
)

// driftCheck looks into the plan as a reviewer or a policy engine reads it: the refreshed values of a resource before
// the planned change.
type driftCheck struct {
	address string
	wanted  []string
}

// CheckPlan fails where the plan does not show every text.
func (d driftCheck) CheckPlan(_ context.Context, req plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	for _, change := range req.Plan.ResourceChanges {
		if change.Address != d.address {
			continue
		}
		encoded := new(strings.Builder)
		encoder := json.NewEncoder(encoded)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(change.Change.Before); err != nil {
			resp.Error = err
			return
		}
		for _, text := range d.wanted {
			if !strings.Contains(encoded.String(), text) {
				resp.Error = fmt.Errorf("the plan does not show %q; before the change it has %s", text, encoded)
				return
			}
		}
		return
	}
	resp.Error = fmt.Errorf("the plan has no change of %s", d.address)
}
