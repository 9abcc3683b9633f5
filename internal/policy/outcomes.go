package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// maxConditions bounds the uncertain conditions of one class of paths, of which every outcome is looked at.
const maxConditions = 6

// outcome is how the conditions that the model cannot see turn out together.
type outcome struct{ holds, fails []string }

// String says what it takes for the outcome, "" for nothing.
func (o outcome) String() string {
	texts := slices.Clone(o.holds)
	for _, condition := range o.fails {
		texts = append(texts, "not: "+condition)
	}
	return strings.Join(texts, "; ")
}

// outcomes are all of which some moment has them. Several rules with one condition have it together. tooMany is set
// where there are more conditions than is looked at.
func outcomes(env *Environment, lists ...[]AccessRule) (all []outcome, tooMany bool) {
	var uncertain []string
	windows := map[string]*sudoers.Effective{}
	for _, rules := range lists {
		for i := range rules {
			for _, condition := range rules[i].If {
				uncertain = appendNew(uncertain, condition)
				if e := &rules[i].Grant.Effective; condition == windowCondition(e) {
					windows[condition] = e
				}
			}
		}
	}
	if len(uncertain) > maxConditions {
		return nil, true
	}
	for set := range 1 << len(uncertain) {
		var o outcome
		for i, condition := range uncertain {
			if set&(1<<i) != 0 {
				o.holds = append(o.holds, condition)
			} else {
				o.fails = append(o.fails, condition)
			}
		}
		if possible(env, windows, o) {
			all = append(all, o)
		}
	}
	return all, false
}

// windowCondition says that a rule holds for a time.
func windowCondition(e *sudoers.Effective) string {
	if e.NotBefore == "" && e.NotAfter == "" {
		return ""
	}
	return strings.TrimSpace("the time is in the window " + e.NotBefore + ".." + e.NotAfter)
}

// possible tells whether there is a moment with this outcome. Where a time is the node's own, and its zone not known,
// every one is taken to be possible.
func possible(env *Environment, windows map[string]*sudoers.Effective, o outcome) bool {
	elsewhere := time.FixedZone("elsewhere", 3600)
	moments := []time.Time{time.Unix(1, 0).UTC()}
	for _, e := range windows {
		for _, text := range []string{e.NotBefore, e.NotAfter} {
			if text == "" {
				continue
			}
			at, err := sudoers.ParseTime(text, time.UTC)
			if there, _ := sudoers.ParseTime(text, elsewhere); err != nil || !there.Equal(at) {
				return true
			}
			moments = append(moments, at.Add(-time.Second), at, at.Add(time.Second))
		}
	}
	m := matcher{env: env}
	return slices.ContainsFunc(moments, func(at time.Time) bool {
		in := func(condition string, want bool) bool {
			e := windows[condition]
			return e == nil || m.inTime(e, at) == want
		}
		return !slices.ContainsFunc(o.holds, func(c string) bool { return !in(c, true) }) && !slices.ContainsFunc(o.fails, func(c string) bool { return !in(c, false) })
	})
}

// under is what is admitted where just these conditions hold.
func (p *PathAccess) under(holds []string) *PathAccess {
	narrowed := *p
	narrowed.Rules, narrowed.index = nil, &ruleIndex{}
	for _, rule := range p.Rules {
		if !slices.ContainsFunc(rule.If, func(condition string) bool { return !slices.Contains(holds, condition) }) {
			rule.Certain = true
			narrowed.Rules = append(narrowed.Rules, rule)
		}
	}
	return &narrowed
}

// isCertain tells whether no rule of the class holds under a condition.
func (p *PathAccess) isCertain() bool {
	return !slices.ContainsFunc(p.Rules, func(r AccessRule) bool { return len(r.If) > 0 })
}
