package provider

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// checkDate says why a text is not a date (RFC 3339, full-date).
func checkDate(text string) error {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return fmt.Errorf("%q is not a date: write year, month and day, as in 2027-03-31", text)
	}
	return nil
}

// stillAccepted are the acceptances that hold at a time. One that is over is left out; a date for what nobody accepts is an error.
func stillAccepted(ctx context.Context, accepted map[string]string, until types.Map, now time.Time, diags *diag.Diagnostics) map[string]string {
	still := maps.Clone(accepted)
	days := acceptedRisks(ctx, until, diags)
	for _, id := range sortedNames(days) {
		at := path.Root("accepted_until").AtMapKey(id)
		if _, ok := accepted[id]; !ok {
			diags.AddAttributeError(at, "A date for a risk that is not accepted", fmt.Sprintf("accepted_risks does not name %s. Name it there with the reason, or remove the date.", id))
			continue
		}
		last, err := time.Parse(time.DateOnly, days[id])
		if err != nil || !now.Before(last.AddDate(0, 0, 1)) {
			delete(still, id)
		}
	}
	return still
}
