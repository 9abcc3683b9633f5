package assessment

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// Cluster is the name by which results that are about the cluster are told.
const Cluster = "cluster"

// Options say what is assessed.
type Options struct {
	// Level is the profile.
	Level check.Level
	// Subjects limits the claims about grants of sudo; nil for everyone.
	Subjects []string
	Waivers  []Waiver
	// Earlier is an assessment that this one is compared with, nil for none.
	Earlier *Record
	// Now decides about waivers and about what expires.
	Now time.Time
}

// Result is what one check says of one node, or of the cluster.
type Result struct {
	Check *check.Check
	// Node is the name of the node, or Cluster.
	Node    string
	Outcome check.Outcome
	// Waived is the reason for which a failure, or what is not known, does not count; "" where it counts.
	Waived string
}

// Counts tells whether the result is against compliance.
func (r *Result) Counts() bool {
	return r.Waived == "" && (r.Outcome.Status == check.Fail || r.Outcome.Status == check.Unknown)
}

// Assessment is all results, ordered by id and node.
type Assessment struct {
	Level   check.Level
	Results []Result
	// Expired are the waivers whose last day has passed, Idle those that match nothing that fails: their places in
	// Options.Waivers.
	Expired, Idle []int
	// Since is the comparison with the earlier assessment, nil without one.
	Since *Since
}

// New assesses what was seen. cluster is nil where PVE was not asked; lost are nodes, or Cluster, that could not be
// looked at at all: every check of theirs is unknown, with the reason.
func New(nodes []*posture.Node, cluster *posture.Cluster, lost []posture.Gap, o Options) *Assessment {
	a := &Assessment{Level: o.Level}
	report := posture.NewReport(nodes, cluster, nil)
	judged := make([]*check.Node, len(nodes))
	for i, n := range nodes {
		judged[i] = check.NewNode(n, report, o.Subjects, o.Now)
	}
	catalogue := check.Catalogue()
	for i := range catalogue {
		c := &catalogue[i]
		if c.Level > o.Level {
			continue
		}
		add := func(node string, outcome check.Outcome) {
			a.Results = append(a.Results, Result{Check: c, Node: untrusted.Line(node), Outcome: outcome})
		}
		if c.OfCluster() {
			if cluster != nil {
				add(Cluster, c.JudgeCluster(check.NewCluster(cluster, report, o.Now)))
			}
		} else {
			for j, n := range judged {
				add(nodes[j].Name, c.Judge(n))
			}
		}
		for _, gap := range lost {
			if (gap.Node == Cluster) == c.OfCluster() {
				add(gap.Node, check.Outcome{Status: check.Unknown, Observed: []string{untrusted.Line(gap.Reason)}})
			}
		}
	}
	slices.SortStableFunc(a.Results, func(x, y Result) int {
		return cmp.Or(strings.Compare(x.Check.ID, y.Check.ID), strings.Compare(x.Node, y.Node))
	})
	a.waive(o.Waivers, o.Now)
	if o.Earlier != nil {
		a.Since = a.since(o.Earlier)
	}
	return a
}

// Compliant tells whether every check passes, does not apply, or is waived.
func (a *Assessment) Compliant() bool {
	return len(a.Results) > 0 && !slices.ContainsFunc(a.Results, func(r Result) bool { return r.Counts() })
}

// Tally counts results.
type Tally struct {
	Pass, Fail, Unknown, NotApplicable, Waived int
}

// Score is the part of what applies and is not waived that passes, in percent, rounded down, so that 100 means all; 100
// where nothing applies.
func (t Tally) Score() int {
	all := t.Pass + t.Fail + t.Unknown
	if all == 0 {
		return 100
	}
	return int(math.Floor(100 * float64(t.Pass) / float64(all)))
}

func (t *Tally) add(r *Result) {
	switch {
	case r.Waived != "":
		t.Waived++
	case r.Outcome.Status == check.Pass:
		t.Pass++
	case r.Outcome.Status == check.Fail:
		t.Fail++
	case r.Outcome.Status == check.Unknown:
		t.Unknown++
	default:
		t.NotApplicable++
	}
}

// Total counts all results.
func (a *Assessment) Total() Tally {
	var t Tally
	for i := range a.Results {
		t.add(&a.Results[i])
	}
	return t
}

// Family is the results of one family, counted.
type Family struct {
	Name check.Family
	Tally
}

// Families counts the results by family, in the order of a report. A family without results is not there.
func (a *Assessment) Families() []Family {
	counted := map[check.Family]*Tally{}
	for i := range a.Results {
		of := a.Results[i].Check.Family
		if counted[of] == nil {
			counted[of] = &Tally{}
		}
		counted[of].add(&a.Results[i])
	}
	var list []Family
	for _, name := range check.Families() {
		if t := counted[name]; t != nil {
			list = append(list, Family{name, *t})
		}
	}
	return list
}

// Nodes are the nodes of the results, sorted, Cluster last.
func (a *Assessment) Nodes() []string {
	var names []string
	for i := range a.Results {
		if !slices.Contains(names, a.Results[i].Node) {
			names = append(names, a.Results[i].Node)
		}
	}
	slices.SortFunc(names, func(x, y string) int {
		if (x == Cluster) != (y == Cluster) {
			if x == Cluster {
				return 1
			}
			return -1
		}
		return strings.Compare(x, y)
	})
	return names
}

// Worst are the results that count, the worst severity first, failures before what is not known.
func (a *Assessment) Worst() []Result {
	var list []Result
	for _, r := range a.Results {
		if r.Counts() {
			list = append(list, r)
		}
	}
	rank := func(r Result) int {
		n := 2 * slices.Index(check.Severities(), r.Check.Severity)
		if r.Outcome.Status == check.Unknown {
			n++
		}
		return n
	}
	slices.SortStableFunc(list, func(x, y Result) int { return cmp.Compare(rank(x), rank(y)) })
	return list
}

// Summary is the assessment in one sentence, with the worst failures.
func (a *Assessment) Summary() string {
	t := a.Total()
	text := fmt.Sprintf("%d checks pass, %d fail, %d are not known, %d do not apply, %d are waived (level %d, score %d).", t.Pass, t.Fail, t.Unknown, t.NotApplicable, t.Waived, a.Level, t.Score())
	for i, r := range a.Worst() {
		if i == 5 {
			text += fmt.Sprintf("\nAnd %d more.", t.Fail+t.Unknown-5)
			break
		}
		text += fmt.Sprintf("\n%s %s on %s (%s): %s", r.Check.ID, r.Outcome.Status, r.Node, r.Check.Severity, r.Check.Title)
	}
	return text
}
