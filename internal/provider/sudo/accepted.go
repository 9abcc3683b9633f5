package sudo

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// acceptances are those of the policy today. While the dates are not known all hold: the plan that is made anew while it is applied knows them.
func (m *sudoersPolicyModel) acceptances(ctx context.Context, diags *diag.Diagnostics) review.Acceptances {
	accepted := values.AcceptedRisks(ctx, m.AcceptedRisks, diags)
	if !values.FullyKnown(m.AcceptedRisks) || !values.FullyKnown(m.AcceptedUntil) {
		return review.Acceptances{Reasons: accepted}
	}
	a, unaccepted := review.AcceptancesAt(accepted, values.AcceptedRisks(ctx, m.AcceptedUntil, diags), time.Now())
	for _, id := range unaccepted {
		diags.AddAttributeError(path.Root("accepted_until").AtMapKey(id), "A date for a risk that is not accepted",
			fmt.Sprintf("accepted_risks does not name %s. Name it there with the reason, or remove the date.", id))
	}
	return a
}
