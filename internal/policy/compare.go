package policy

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Change is what became of a policy.
type Change string

// The verdicts of a comparison. A policy is wider if it allows more command lines, or the same ones on easier conditions.
const (
	Equal         Change = "equal"
	Narrower      Change = "narrower"
	Wider         Change = "wider"
	Incomparable  Change = "incomparable" // wider in some ways and narrower in others
	UnknownChange Change = "unknown"      // part of a policy is not understood, or the budget was spent
)

// Difference is command lines that one policy allows and the other does not.
type Difference struct {
	Request Request // host and target
	Line    Line    // a shortest of them
	Rule    *Grant  // the rule that allows it
}

// String is the command line as a person would type it.
func (d Difference) String() string { return ShellLine(d.Request, d.Line) }

// ConditionChange is command lines that both policies allow, on other conditions.
type ConditionChange struct {
	Difference
	Condition string // an option or tag in the terms of sudoers(5)
	From, To  string
	// Looser is 1 where the subject gained, -1 where it lost, 0 where neither can be said.
	Looser int
}

// Comparison is how two policies differ for a subject.
type Comparison struct {
	Verdict         Change
	NewlyAllowed    []Difference
	NoLongerAllowed []Difference
	Changed         []ConditionChange
	// Gaps are rules of either policy that are not understood, and questions that the budget did not suffice for.
	Gaps        []Gap
	Assumptions []string
}

// Compare tells what a subject is newly allowed, what no longer, and on which other conditions, with a command line for each
// path and rule. It asks about every class of host and target that the policies tell apart.
func Compare(before, after *sudoers.Tree, q Question) Comparison {
	c := comparer{question: q}
	for _, request := range Classes(q, before, after) {
		c.class(before, after, request)
	}
	c.judge()
	return c.result
}

type comparer struct {
	question Question
	result   Comparison
}

// class compares in one class of host and target.
func (c *comparer) class(before, after *sudoers.Tree, r Request) {
	builders := []*accessBuilder{newAccessBuilder(before, r), newAccessBuilder(after, r)}
	for _, b := range builders {
		b.collect()
	}
	for _, pair := range splitPaths(builders, nil, c.question.Budget) {
		c.path(r, &pair[0], &pair[1])
	}
	for _, b := range builders {
		c.result.Gaps = append(c.result.Gaps, b.access.Gaps...)
		for _, assumption := range b.access.Assumptions {
			if !slices.Contains(c.result.Assumptions, assumption) {
				c.result.Assumptions = append(c.result.Assumptions, assumption)
			}
		}
	}
}

// path compares on one class of paths. Most are the same in both policies and need no search.
func (c *comparer) path(r Request, before, after *PathAccess) {
	same := slices.EqualFunc(before.Rules, after.Rules, func(x, y AccessRule) bool { return x.matchesAs(&y) })
	if !same {
		c.result.NewlyAllowed = append(c.result.NewlyAllowed, c.more(r, before, after)...)
		c.result.NoLongerAllowed = append(c.result.NoLongerAllowed, c.more(r, after, before)...)
	}
	c.conditions(r, before, after, same)
}

// matchesAs tells whether two rules are written alike, but for their conditions.
func (r *AccessRule) matchesAs(other *AccessRule) bool {
	return r.Denied == other.Denied && r.Certain == other.Certain && r.respell == other.respell && *r.pattern == *other.pattern
}

// more is what one policy allows on a class of paths and another does not.
func (c *comparer) more(r Request, less, more *PathAccess) []Difference {
	allowed := less.Allowed()
	if !c.some(regular.Subset(more.Allowed(), allowed, c.question.Budget), more) {
		return nil
	}
	var list []Difference
	for i := range more.Rules {
		if more.Rules[i].Denied {
			continue
		}
		answer := regular.Subset(more.AllowedBy(i), allowed, c.question.Budget)
		if c.some(answer, more) {
			list = append(list, Difference{Request: r, Line: more.Line(answer.Witness), Rule: more.Rules[i].Grant})
		}
	}
	return list
}

// some tells whether there is a witness; that it is not known is noted.
func (c *comparer) some(answer regular.Answer, p *PathAccess) bool {
	if answer.Verdict == regular.Unknown {
		c.result.Gaps = append(c.result.Gaps, Gap{Reason: "what is allowed of " + p.Path + " takes more work to compare than the budget allows"})
	}
	return answer.Verdict == regular.No
}

// conditions compares those of what both policies allow.
func (c *comparer) conditions(r Request, before, after *PathAccess, same bool) {
	for j := range after.Rules {
		if after.Rules[j].Denied {
			continue
		}
		for i := range before.Rules {
			// Where both policies have the same rules only those with the same place can decide about one command line.
			if before.Rules[i].Denied || same && i != j {
				continue
			}
			changes := changedConditions(&before.Rules[i], &after.Rules[j], before.Settings, after.Settings)
			if len(changes) == 0 {
				continue
			}
			answer := regular.Disjoint(before.AllowedBy(i), after.AllowedBy(j), c.question.Budget)
			if !c.some(answer, after) {
				continue
			}
			for _, change := range changes {
				change.Difference = Difference{Request: r, Line: after.Line(answer.Witness), Rule: after.Rules[j].Grant}
				c.result.Changed = append(c.result.Changed, change)
			}
		}
	}
}

func changedConditions(before, after *AccessRule, had, has Settings) []ConditionChange {
	var list []ConditionChange
	for _, condition := range conditions {
		from, to := condition.of(before.Grant, had), condition.of(after.Grant, has)
		if from == to {
			continue
		}
		change := ConditionChange{Condition: condition.name, From: from, To: to}
		if condition.looser != nil {
			change.Looser = condition.looser[to] - condition.looser[from]
		}
		list = append(list, change)
	}
	return list
}

// judge sums up.
func (c *comparer) judge() {
	r := &c.result
	wider, narrower := len(r.NewlyAllowed) > 0, len(r.NoLongerAllowed) > 0
	for _, change := range r.Changed {
		wider = wider || change.Looser >= 0
		narrower = narrower || change.Looser <= 0
	}
	switch {
	case len(r.Gaps) > 0:
		r.Verdict = UnknownChange
	case wider && narrower:
		r.Verdict = Incomparable
	case wider:
		r.Verdict = Wider
	case narrower:
		r.Verdict = Narrower
	default:
		r.Verdict = Equal
	}
}
