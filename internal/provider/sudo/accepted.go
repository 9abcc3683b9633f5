package sudo

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// knowsAcceptances tells whether everything is known that somebody answers for.
func (m *sudoersPolicyModel) knowsAcceptances() bool {
	return values.FullyKnown(m.AcceptedRisks) && values.FullyKnown(m.AcceptedUntil) && values.FullyKnown(m.Vouched) && values.FullyKnown(m.VouchedEffects)
}

// warnOfIdle warns of acceptances that accept nothing in the policy's own text.
func (m *sudoersPolicyModel) warnOfIdle(ctx context.Context, text *review.Policy, diags *diag.Diagnostics) {
	if !m.knowsAcceptances() {
		return
	}
	for _, key := range text.Idle(values.AcceptedRisks(ctx, m.AcceptedRisks, diags)) {
		diags.AddAttributeWarning(path.Root("accepted_risks").AtMapKey(key), "An acceptance that accepts nothing",
			fmt.Sprintf("The policy has no finding that %q accepts. Remove it, or it will accept one that somebody adds later. If it is meant for another file of the nodes, name that file: %q.",
				key, escalation.AcceptedIn(key, "/etc/sudoers.d/other")))
	}
}

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
