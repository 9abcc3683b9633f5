package review

import (
	"fmt"
	"slices"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// AcceptedFor gives what is said of the acceptance of a finding: of that in its file, or else of any.
func AcceptedFor(said map[string]string, f escalation.CommandFinding) (text string, ok bool) {
	if text, ok = said[escalation.AcceptedIn(f.ID, f.Pos.File)]; ok {
		return text, true
	}
	text, ok = said[f.ID]
	return text, ok
}

// Acceptances are the risks that a configuration accepts, by the id of the finding, or by id and file.
type Acceptances struct {
	// Reasons are those of the acceptances that hold.
	Reasons map[string]string
	// Over says of the others when they ended, and which reason they had.
	Over map[string]string
}

// AcceptancesAt are the acceptances of a configuration at a time, with the last day of some by the same key. It also names, in order, what has a
// day and is accepted by nobody.
func AcceptancesAt(accepted, until map[string]string, now time.Time) (a Acceptances, unaccepted []string) {
	a = Acceptances{Reasons: map[string]string{}, Over: map[string]string{}}
	for id, reason := range accepted {
		last, err := time.Parse(time.DateOnly, until[id])
		if until[id] != "" && (err != nil || !now.Before(last.AddDate(0, 0, 1))) {
			a.Over[id] = fmt.Sprintf("%s was accepted until %s; the reason given was: %s", id, until[id], reason)
			continue
		}
		a.Reasons[id] = reason
	}
	for id := range until {
		if _, ok := accepted[id]; !ok {
			unaccepted = append(unaccepted, id)
		}
	}
	slices.Sort(unaccepted)
	return a, unaccepted
}
