package lint

import (
	"fmt"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// maxWork bounds each kind of what is looked at beyond the text of a policy. Policies that people write need some
// thousands.
const maxWork = 1 << 18

// work is what was looked at so far, in steps.
type work struct {
	leaves int // commands that aliases stand for, rule by rule
	names  int // that one was compared with which no alias has
}

// spend counts steps of a kind, and tells whether the budget has them.
func spend(kind *int, steps int) bool {
	if *kind+steps > maxWork {
		return false
	}
	*kind += steps
	return true
}

// maxFindings is how many findings of a rule are listed. The others are counted.
const maxFindings = 200

// reported counts the findings of a rule.
type reported struct {
	count int
	first sudoers.Pos // that is not listed
}

func (l *linter) report(r *Rule, at sudoers.Pos, msg, fix string) {
	if l.reported == nil {
		l.reported = map[*Rule]*reported{}
	}
	of := l.reported[r]
	if of == nil {
		of = &reported{}
		l.reported[r] = of
	}
	of.count++
	switch {
	case of.count <= maxFindings:
		l.findings = append(l.findings, Finding{ID: r.ID, Severity: r.Severity, Pos: at, Msg: msg, Fix: fix})
	case of.count == maxFindings+1:
		of.first = at
	}
}

// countRest says in how many more places a rule has found something than are listed.
func (l *linter) countRest() {
	for r, of := range l.reported {
		if more := of.count - maxFindings; more > 0 {
			l.findings = append(l.findings, Finding{
				ID: r.ID, Severity: r.Severity, Pos: of.first,
				Msg: fmt.Sprintf("in %d more places, of which this is the first: %s", more, r.Summary), Fix: "mend what is listed first",
			})
		}
	}
}
