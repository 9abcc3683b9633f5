package posture

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// moment is a bound of a grant in time, in RFC 3339, as sudo reads it in UTC; empty for none. What is no time is told
// as it is.
func moment(text string) string {
	if text == "" {
		return ""
	}
	at, err := sudoers.ParseTime(text, time.UTC)
	if err != nil {
		return untrusted.Line(text)
	}
	return at.UTC().Format(time.RFC3339)
}

// emergencies are the rows of the emergency accesses that have a file: who, what, until when.
func (r *Report) emergencies() [][]string {
	var rows [][]string
	for i := range r.Subjects {
		s := &r.Subjects[i]
		for _, g := range s.Sudo {
			if g.Emergency == "" {
				continue
			}
			until := g.Ends
			if g.Begins != "" {
				until = g.Begins + " to " + until
			}
			rows = append(rows, []string{Mark(s.Name), Mark(s.Node), Mark(g.Emergency), Mark(until), Mark(fmt.Sprintf("%s:%d: %s", g.File, g.Line, g.Text))})
		}
	}
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(strings.Join(a, "\x00"), strings.Join(b, "\x00")) })
	return rows
}
