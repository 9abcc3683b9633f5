package assessment

import (
	"slices"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

// Waiver takes a check out of what counts, for a reason and until a day.
type Waiver struct {
	Check string
	// Nodes are those for which it holds, nil for all and the cluster.
	Nodes  []string
	Reason string
	// Until is the last day on which it holds, in UTC.
	Until time.Time
}

// Ended tells whether its last day has passed.
func (w *Waiver) Ended(now time.Time) bool { return !now.Before(w.Until.AddDate(0, 0, 1)) }

// waive applies waivers to results that fail or are not known. What passes is not touched.
func (a *Assessment) waive(waivers []Waiver, now time.Time) {
	for n, w := range waivers {
		if w.Ended(now) {
			a.Expired = append(a.Expired, n)
			continue
		}
		used := false
		for i := range a.Results {
			r := &a.Results[i]
			failed := r.Outcome.Status == check.Fail || r.Outcome.Status == check.Unknown
			if r.Check.ID == w.Check && failed && (len(w.Nodes) == 0 || slices.Contains(w.Nodes, r.Node)) {
				used, r.Waived = true, w.Reason
			}
		}
		if !used {
			a.Idle = append(a.Idle, n)
		}
	}
}
