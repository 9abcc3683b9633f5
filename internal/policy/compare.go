package policy

import (
	"maps"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Change is what became of a policy.
type Change string

// The verdicts of a comparison. A policy is wider if it allows more command lines, or the same ones on easier
// conditions.
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
	If      string  // an additional condition for the difference, "" for none
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

// Compare tells what a subject is newly allowed, what no longer, and on which other conditions, with a command line for
// each path and rule. It asks about every class of host and target that the policies tell apart. What a caller may run
// as himself with a group that he has ("sudo -g", which sudo 1.9.13 allows beside every list of users) is no right, and
// left out.
func Compare(before, after *sudoers.Tree, q Question) Comparison {
	q = q.WithSharedBudget(before, after)
	c := comparer{question: q, env: q.environment(), found: map[string]*Comparison{}}
	if slices.Equal(entryTexts(before), entryTexts(after)) && !before.Unread && !after.Unread {
		c.judge()
		return c.result
	}
	requests, gaps := classesOf(q, true, before, after)
	c.gaps(gaps)
	was, is := IndexHosts(before), IndexHosts(after)
	for _, request := range requests {
		if q.Budget.Exhausted() {
			c.gap("comparing all hosts and accounts takes more work than the budget allows")
			break
		}
		c.class(was.On(request), is.On(request), request)
	}
	c.boundSettings(before, after)
	c.judge()
	return c.result
}

// entryTexts are the lines of a policy in canonical form, without comments.
func entryTexts(tree *sudoers.Tree) []string {
	var texts []string
	for _, e := range tree.Entries {
		switch e.(type) {
		case *sudoers.Defaults, *sudoers.AliasDef, *sudoers.UserSpec:
			texts = append(texts, sudoers.PrintEntry(e))
		}
	}
	return texts
}

// boundSettings notes Defaults that differ and are not looked into: those bound to commands that are not plain paths,
// and those that take words out of a list, which sudo may have built in.
func (c *comparer) boundSettings(before, after *sudoers.Tree) {
	for _, kind := range []struct {
		reason string
		opaque func(*sudoers.Defaults) bool
	}{
		{"Defaults bound to aliases or patterns of commands differ", func(d *sudoers.Defaults) bool {
			return d.Scope == sudoers.ScopeCommand && slices.ContainsFunc(d.Commands, func(m sudoers.CommandMember) bool {
				return m.Command.HasArgs || m.Command.Kind != sudoers.CommandPath || pathKind(&m.Command) != LiteralPath
			})
		}},
		{"Defaults that take words out of a list differ", func(d *sudoers.Defaults) bool {
			return slices.ContainsFunc(d.Settings, func(s sudoers.Setting) bool { return s.Operator == sudoers.OpRemove })
		}},
	} {
		if !slices.Equal(defaultsTexts(before, kind.opaque), defaultsTexts(after, kind.opaque)) {
			c.gap(kind.reason)
		}
	}
}

func defaultsTexts(tree *sudoers.Tree, which func(*sudoers.Defaults) bool) []string {
	var list []string
	for _, e := range tree.Entries {
		if d, ok := e.(*sudoers.Defaults); ok && which(d) {
			list = append(list, sudoers.PrintEntry(e))
		}
	}
	return list
}

// path compares on one class of paths. Most are the same in both policies and need no search. Where rules hold under
// conditions that the model cannot see, every outcome of them is compared.
func (c *comparer) path(r Request, before, after *PathAccess) {
	same := slices.EqualFunc(before.Rules, after.Rules, func(x, y AccessRule) bool { return x.matchesAs(&y) })
	all, tooMany := []outcome{{}}, false
	if !before.isCertain() || !after.isCertain() {
		all, tooMany = outcomes(c.env, before.Rules, after.Rules)
	}
	if tooMany {
		if !same {
			c.gap("what is allowed of " + after.Path + " depends on too many conditions")
			return
		}
		c.conditions(r, before, after, true, "")
	}
	if !same {
		for _, o := range all {
			was, is := before.under(o.holds), after.under(o.holds)
			c.add(&c.result.NewlyAllowed, c.more(r, was, is, joinConditions(o.String(), differsIf(c.before, c.after))))
			c.add(&c.result.NoLongerAllowed, c.more(r, is, was, joinConditions(o.String(), differsIf(c.after, c.before))))
		}
	}
	// Where all conditions hold comes first: a rule's own window or digest is no news, that a denial fails is.
	for _, o := range slices.Backward(all) {
		c.conditions(r, before.under(o.holds), after.under(o.holds), same, outcome{fails: o.fails}.String())
	}
}

// differsIf says what has to be for a difference to be one, where part of the policies is not understood: a rule of the
// one that refuses may allow it, a denial of the one that allows may refuse it.
func differsIf(refuses, allows *Access) string {
	var when string
	if len(refuses.Gaps) > 0 {
		when = "no rule that is not understood allows it"
	}
	if len(allows.Unread) > 0 {
		when = joinConditions(when, "no denial that is not understood refuses it")
	}
	return when
}

func joinConditions(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// matchesAs tells whether two rules are written alike, but for their conditions.
func (r *AccessRule) matchesAs(other *AccessRule) bool {
	return r.Denied == other.Denied && r.Certain == other.Certain && slices.Equal(r.If, other.If) && r.respell == other.respell && *r.pattern == *other.pattern
}

// more is what one policy allows on a class of paths and another does not, under a condition.
func (c *comparer) more(r Request, less, more *PathAccess, when string) []Difference {
	allowed := less.Allowed()
	if !c.some(regular.Subset(more.Allowed(), allowed, c.question.Budget), more) {
		return nil
	}
	var list []Difference
	for i := range more.Rules {
		if more.Rules[i].Denied {
			continue
		}
		answer := regular.Subset(more.AllowedBy(i, c.question.Budget), allowed, c.question.Budget)
		if c.some(answer, more) {
			list = append(list, Difference{Request: r, Line: more.Line(answer.Witness), Rule: more.Rules[i].Grant, If: when})
		}
	}
	return list
}

// some tells whether there is a witness; that it is not known is noted.
func (c *comparer) some(answer regular.Answer, p *PathAccess) bool {
	if answer.Verdict == regular.Unknown {
		c.gap("what is allowed of " + p.Path + " takes more work to compare than the budget allows")
	}
	return answer.Verdict == regular.No
}

// conditions compares those of what both policies allow.
func (c *comparer) conditions(r Request, before, after *PathAccess, same bool, when string) {
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
			answer := regular.Disjoint(before.AllowedBy(i, c.question.Budget), after.AllowedBy(j, c.question.Budget), c.question.Budget)
			if !c.some(answer, after) {
				continue
			}
			for _, change := range changes {
				change.Difference = Difference{Request: r, Line: after.Line(answer.Witness), Rule: after.Rules[j].Grant, If: when}
				c.addChange(change)
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
			change.Looser = condition.looser(from, to)
		}
		list = append(list, change)
	}
	if before.AsTyped != after.AsTyped {
		list = append(list, ConditionChange{Condition: "path_as_typed", From: flagText(before.AsTyped), To: flagText(after.AsTyped), Looser: gives("", flagText(after.AsTyped))})
	}
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if !covered[name] && had[name] != has[name] {
			list = append(list, ConditionChange{Condition: name, From: had[name], To: has[name]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(had)) {
		if _, kept := has[name]; !covered[name] && !kept {
			list = append(list, ConditionChange{Condition: name, From: had[name]})
		}
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
