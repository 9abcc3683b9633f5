package assessment

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

// Markdown is the assessment for people: whether it complies, the scores, what to mend first, what changed, and every
// result.
func (a *Assessment) Markdown() string {
	var b strings.Builder
	t := a.Total()
	verdict := "not compliant"
	if a.Compliant() {
		verdict = "compliant"
	}
	fmt.Fprintf(&b, "# Node posture: %s\n\nLevel %d, score %d. %d checks pass, %d fail, %d are not known, %d do not apply, %d are waived.\n\n", verdict, a.Level, t.Score(), t.Pass, t.Fail, t.Unknown, t.NotApplicable, t.Waived)
	rows := [][]string{}
	for _, f := range a.Families() {
		rows = append(rows, []string{string(f.Name), fmt.Sprint(f.Score()), fmt.Sprint(f.Pass), fmt.Sprint(f.Fail), fmt.Sprint(f.Unknown), fmt.Sprint(f.NotApplicable), fmt.Sprint(f.Waived)})
	}
	b.WriteString("## Families\n\n")
	posture.Table(&b, []string{"Family", "Score", "Pass", "Fail", "Not known", "Does not apply", "Waived"}, rows)
	a.changes(&b)
	rows = nil
	for _, r := range a.Worst() {
		rows = append(rows, []string{r.Check.ID, string(r.Check.Severity), string(r.Outcome.Status), posture.Mark(r.Node), r.Check.Title, marked(r.Outcome.Observed), r.Check.Remedy})
	}
	if len(rows) > 0 {
		b.WriteString("## To mend\n\nThe worst first. What is not known may fail.\n\n")
		posture.Table(&b, []string{"Check", "Severity", "Status", "Node", "Expected", "Observed", "Remedy"}, escaped(rows))
	}
	rows = nil
	for i := range a.Results {
		if r := &a.Results[i]; r.Waived != "" {
			rows = append(rows, []string{r.Check.ID, string(r.Outcome.Status), posture.Mark(r.Node), r.Check.Title, posture.Mark(r.Waived)})
		}
	}
	if len(rows) > 0 {
		b.WriteString("## Waived\n\n")
		posture.Table(&b, []string{"Check", "Status", "Node", "Expected", "Reason"}, escaped(rows))
	}
	rows = nil
	for i := range a.Results {
		if r := &a.Results[i]; r.Outcome.Status == check.Pass {
			rows = append(rows, []string{r.Check.ID, posture.Mark(r.Node), r.Check.Title, marked(r.Outcome.Observed)})
		}
	}
	if len(rows) > 0 {
		b.WriteString("## Pass\n\n")
		posture.Table(&b, []string{"Check", "Node", "Expected", "Observed"}, escaped(rows))
	}
	return b.String()
}

// changes tells what changed since the earlier assessment.
func (a *Assessment) changes(b *strings.Builder) {
	if a.Since == nil {
		return
	}
	fmt.Fprintf(b, "## Since the earlier report\n\nThe score was %d and is %d. %d results are worse, %d are better, %d changed in another way.\n\n", a.Since.Score, a.Total().Score(), len(a.Since.Worse), len(a.Since.Better), len(a.Since.Other))
	var rows [][]string
	for what, list := range [][]Change{a.Since.Worse, a.Since.Better} {
		for _, c := range list {
			rows = append(rows, []string{[]string{"worse", "better"}[what], posture.Mark(c.ID), posture.Mark(c.Node), c.Title, orNew(c.Before), orGone(c.Now)})
		}
	}
	if len(rows) > 0 {
		posture.Table(b, []string{"", "Check", "Node", "Expected", "Before", "Now"}, escaped(rows))
	}
}

func orNew(status string) string {
	if status == "" {
		return "new"
	}
	return status
}

func orGone(status string) string {
	if status == "" {
		return "gone"
	}
	return status
}

// marked is evidence for a cell of a table: as code, each piece by itself.
func marked(observed []string) string {
	parts := make([]string, len(observed))
	for i, o := range observed {
		parts[i] = posture.Mark(o)
	}
	return strings.Join(parts, "<br>")
}

// escaped keeps the bars of texts of the catalogue from parting columns.
func escaped(rows [][]string) [][]string {
	for _, row := range rows {
		for i := range row {
			row[i] = strings.ReplaceAll(row[i], "|", "\\|")
		}
	}
	return rows
}
