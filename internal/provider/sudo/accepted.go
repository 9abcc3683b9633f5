package sudo

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// knowsAcceptances reports whether all acceptances are known.
func (m *sudoersPolicyModel) knowsAcceptances() bool {
	return values.FullyKnown(m.AcceptedRisks) && values.FullyKnown(m.AcceptedUntil) && values.FullyKnown(m.Vouched) && values.FullyKnown(m.VouchedEffects)
}

// warnOfIdle warns of acceptances that match no finding in the policy's own text.
func (m *sudoersPolicyModel) warnOfIdle(ctx context.Context, text *review.Policy, diags *diag.Diagnostics) {
	if !m.knowsAcceptances() {
		return
	}
	broad := review.Broad(values.AcceptedRisks(ctx, m.AcceptedRisks, diags), text.Analysis().Findings...)
	for _, key := range slices.Sorted(maps.Keys(broad)) {
		diags.AddAttributeWarning(path.Root("accepted_risks").AtMapKey(key), "An accepted risk accepts any option",
			fmt.Sprintf("%q also accepts options that are set later. Write instead, each with its reason: \"%s\".", key, strings.Join(broad[key], `", "`)))
	}
	for _, key := range text.Idle(values.AcceptedRisks(ctx, m.AcceptedRisks, diags)) {
		diags.AddAttributeWarning(path.Root("accepted_risks").AtMapKey(key), "An accepted risk matches no finding",
			fmt.Sprintf("The policy has no finding that %q matches. Remove it, so that it does not accept a later finding unnoticed. If it is meant for another file on the nodes, add the file: %q.",
				key, escalation.AcceptedIn(key, "/etc/sudoers.d/other")))
	}
}

// warnOfIdleAround warns of acceptances for other files of the nodes, and for what no file says, that match no finding
// on any node. Every node has to be known for that.
func (m *sudoersPolicyModel) warnOfIdleAround(ctx context.Context, text *review.Policy, around surroundings, targets []node.Target, diags *diag.Diagnostics) {
	if text == nil || !m.knowsAcceptances() || m.cutsUnknown() || slices.ContainsFunc(targets, func(t node.Target) bool { _, known := around.on[t.Name]; return !known }) {
		return
	}
	for _, key := range text.IdleAround(values.AcceptedRisks(ctx, m.AcceptedRisks, diags), review.ForeignFindings(m.policy(), text, around.on)) {
		diags.AddAttributeWarning(path.Root("accepted_risks").AtMapKey(key), "An accepted risk matches no finding",
			fmt.Sprintf("No node has a finding that %q matches. Remove it, so that it does not accept a later finding unnoticed.", key))
	}
}

// acceptances returns the acceptances that are valid today. While dates are unknown, all are valid; the plan during the
// apply knows the dates.
func (m *sudoersPolicyModel) acceptances(ctx context.Context, diags *diag.Diagnostics) review.Acceptances {
	accepted := values.AcceptedRisks(ctx, m.AcceptedRisks, diags)
	if !values.FullyKnown(m.AcceptedRisks) || !values.FullyKnown(m.AcceptedUntil) {
		return review.Acceptances{Reasons: accepted}
	}
	a, unaccepted := review.AcceptancesAt(accepted, values.AcceptedRisks(ctx, m.AcceptedUntil, diags), m.time())
	for _, id := range unaccepted {
		diags.AddAttributeError(path.Root("accepted_until").AtMapKey(id), "Missing accepted risk for a date",
			fmt.Sprintf("accepted_risks does not contain %s. Add it there with a reason, or remove the date.", id))
	}
	return a
}
