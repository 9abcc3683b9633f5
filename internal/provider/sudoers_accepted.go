package provider

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// checkDate says why a text is not a date (RFC 3339, full-date).
func checkDate(text string) error {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return fmt.Errorf("%q is not a date: write year, month and day, as in 2027-03-31", text)
	}
	return nil
}

// acceptedFor gives what is said of the acceptance of a finding: of that in its file, or else of any.
func acceptedFor(said map[string]string, f escalation.CommandFinding) (text string, ok bool) {
	if text, ok = said[escalation.AcceptedIn(f.ID, f.Pos.File)]; ok {
		return text, true
	}
	text, ok = said[f.ID]
	return text, ok
}

// acceptances are the risks that a configuration accepts, by the id of the finding, or by id and file.
type acceptances struct {
	// reasons are those of the acceptances that hold.
	reasons map[string]string
	// over says of the others when they ended, and which reason they had.
	over map[string]string
}

// acceptancesAt are the acceptances of a configuration at a time. A date for what nobody accepts is an error.
func acceptancesAt(ctx context.Context, accepted map[string]string, until types.Map, now time.Time, diags *diag.Diagnostics) acceptances {
	a := acceptances{reasons: map[string]string{}, over: map[string]string{}}
	days := acceptedRisks(ctx, until, diags)
	for id, reason := range accepted {
		last, err := time.Parse(time.DateOnly, days[id])
		if days[id] != "" && (err != nil || !now.Before(last.AddDate(0, 0, 1))) {
			a.over[id] = fmt.Sprintf("%s was accepted until %s; the reason given was: %s", id, days[id], reason)
			continue
		}
		a.reasons[id] = reason
	}
	for _, id := range sortedNames(days) {
		if _, ok := accepted[id]; !ok {
			diags.AddAttributeError(path.Root("accepted_until").AtMapKey(id), "A date for a risk that is not accepted",
				fmt.Sprintf("accepted_risks does not name %s. Name it there with the reason, or remove the date.", id))
		}
	}
	return a
}

// acceptances are those of the policy today. While the dates are not known all hold: the plan that is made anew while it is applied knows them.
func (m *sudoersPolicyModel) acceptances(ctx context.Context, diags *diag.Diagnostics) acceptances {
	accepted := acceptedRisks(ctx, m.AcceptedRisks, diags)
	if !fullyKnown(m.AcceptedRisks) || !fullyKnown(m.AcceptedUntil) {
		return acceptances{reasons: accepted}
	}
	return acceptancesAt(ctx, accepted, m.AcceptedUntil, time.Now(), diags)
}
