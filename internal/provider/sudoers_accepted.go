package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

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

// acceptancesAt are the acceptances of a configuration at a time, with the last day of some by the same key. It also names, in order, what has a
// day and is accepted by nobody.
func acceptancesAt(accepted, until map[string]string, now time.Time) (a acceptances, unaccepted []string) {
	a = acceptances{reasons: map[string]string{}, over: map[string]string{}}
	for id, reason := range accepted {
		last, err := time.Parse(time.DateOnly, until[id])
		if until[id] != "" && (err != nil || !now.Before(last.AddDate(0, 0, 1))) {
			a.over[id] = fmt.Sprintf("%s was accepted until %s; the reason given was: %s", id, until[id], reason)
			continue
		}
		a.reasons[id] = reason
	}
	for id := range until {
		if _, ok := accepted[id]; !ok {
			unaccepted = append(unaccepted, id)
		}
	}
	slices.Sort(unaccepted)
	return a, unaccepted
}

// acceptances are those of the policy today. While the dates are not known all hold: the plan that is made anew while it is applied knows them.
func (m *sudoersPolicyModel) acceptances(ctx context.Context, diags *diag.Diagnostics) acceptances {
	accepted := acceptedRisks(ctx, m.AcceptedRisks, diags)
	if !fullyKnown(m.AcceptedRisks) || !fullyKnown(m.AcceptedUntil) {
		return acceptances{reasons: accepted}
	}
	a, unaccepted := acceptancesAt(accepted, acceptedRisks(ctx, m.AcceptedUntil, diags), time.Now())
	for _, id := range unaccepted {
		diags.AddAttributeError(path.Root("accepted_until").AtMapKey(id), "A date for a risk that is not accepted",
			fmt.Sprintf("accepted_risks does not name %s. Name it there with the reason, or remove the date.", id))
	}
	return a
}
