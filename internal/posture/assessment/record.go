package assessment

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// Record is an assessment as JSON, for a comparison later.
type Record struct {
	// Format is the version of the form.
	Format  int            `json:"format"`
	Level   int            `json:"level"`
	Score   int            `json:"score"`
	Results []RecordResult `json:"results"`
}

// RecordResult is one result.
type RecordResult struct {
	ID       string   `json:"id"`
	Node     string   `json:"node"`
	Status   string   `json:"status"`
	Waived   string   `json:"waived,omitempty"`
	Observed []string `json:"observed,omitempty"`
}

const recordFormat = 1

// Record is the assessment to keep.
func (a *Assessment) Record() Record {
	r := Record{Format: recordFormat, Level: int(a.Level), Score: a.Total().Score(), Results: make([]RecordResult, len(a.Results))}
	for i := range a.Results {
		of := &a.Results[i]
		r.Results[i] = RecordResult{of.Check.ID, of.Node, string(of.Outcome.Status), of.Waived, of.Outcome.Observed}
	}
	return r
}

// JSON is the record as text.
func (a *Assessment) JSON() string {
	text, err := json.Marshal(a.Record())
	if err != nil {
		panic(err) // only texts and numbers: nothing that JSON can't hold
	}
	return string(text)
}

// ParseRecord reads a record that an earlier assessment made.
func ParseRecord(text string) (*Record, error) {
	var r Record
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, fmt.Errorf("it is no report_json of an earlier run: %w", err)
	}
	if r.Format != recordFormat {
		return nil, fmt.Errorf("it has the format %d, and this release reads %d", r.Format, recordFormat)
	}
	for i := range r.Results {
		if !slices.Contains(check.Statuses(), check.Status(r.Results[i].Status)) {
			return nil, fmt.Errorf("result %d has the status %q, which is none", i, r.Results[i].Status)
		}
	}
	return &r, nil
}

// Change is a result that is not what it was.
type Change struct {
	ID, Title, Node string
	Before, Now     string // statuses; "" where there was, or is, no result; waived where it is
}

// Since is what changed since an earlier assessment.
type Since struct {
	Score int // that it had
	// Worse fails or is not known now and counts, and did not before; Better the other way round; Other changed in
	// another way, or is new, or is gone.
	Worse, Better, Other []Change
}

// since compares with an earlier assessment.
func (a *Assessment) since(earlier *Record) *Since {
	type place struct{ id, node string }
	const waived = "waived"
	before := map[place]string{}
	var order []place
	for _, r := range earlier.Results {
		status := r.Status
		if r.Waived != "" {
			status = waived
		}
		at := place{r.ID, r.Node}
		before[at], order = status, append(order, at)
	}
	s := &Since{Score: earlier.Score}
	bad := func(status string) bool { return status == string(check.Fail) || status == string(check.Unknown) }
	now := map[place]bool{}
	for i := range a.Results {
		r := &a.Results[i]
		at, status := place{r.Check.ID, r.Node}, string(r.Outcome.Status)
		if r.Waived != "" {
			status = waived
		}
		now[at] = true
		old, was := before[at]
		if was && old == status {
			continue
		}
		change := Change{r.Check.ID, r.Check.Title, r.Node, old, status}
		switch {
		case bad(status) && !bad(old):
			s.Worse = append(s.Worse, change)
		case was && bad(old) && !bad(status):
			s.Better = append(s.Better, change)
		default:
			s.Other = append(s.Other, change)
		}
	}
	for _, at := range order {
		if !now[at] {
			s.Other = append(s.Other, Change{ID: untrusted.Line(at.id), Node: untrusted.Line(at.node), Before: before[at]})
		}
	}
	return s
}
