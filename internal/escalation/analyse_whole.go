package escalation

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// AnalyseReleases is Analyse for a policy that the sudo of any of these versions may read: a way to root on one of them
// is one.
func AnalyseReleases(tree *sudoers.Tree, q Question, versions ...sudoers.Version) Analysis {
	return onReleases(tree, q, false, versions)
}

// AnalyseWhole is AnalyseReleases for all the sudoers files that a node reads, from /etc/sudoers on. What stands
// nowhere in them is what sudo has built in, so that an option which protects the node and is missing is a finding too.
// A fragment is no such tree: the main file of the node sets it.
func AnalyseWhole(tree *sudoers.Tree, q Question, versions ...sudoers.Version) Analysis {
	return onReleases(tree, q, true, versions)
}

func onReleases(tree *sudoers.Tree, q Question, whole bool, versions []sudoers.Version) Analysis {
	var found, disruptive, unvouched collector
	var all Analysis
	for _, a := range analysers(tree, q, whole, versions) {
		a.needDoubt()
		found.merge(&a.found)
		disruptive.merge(&a.disruptive)
		unvouched.merge(&a.unvouched)
		all.outcomes = append(all.outcomes, outcomes{a.outcomes, a.doubt})
		for _, assumption := range a.assumptions {
			if !slices.Contains(all.Assumptions, assumption) {
				all.Assumptions = append(all.Assumptions, assumption)
			}
		}
		// The denials are told of the version on which they do most: what they do not do there they do nowhere.
		if a.doubt == "" && len(a.denials.Effective) >= len(all.Denials.Effective) {
			all.Denials = a.denials
		}
	}
	all.Findings, all.Disruptive, all.Unvouched = found.findings(), disruptive.findings(), unvouched.findings()
	return all
}

// Merge is what several analyses of a policy say together, each about another subject: what one of them finds is found.
func Merge(all ...Analysis) Analysis {
	if len(all) == 1 {
		return all[0]
	}
	var found, disruptive, unvouched collector
	var whole Analysis
	for i := range all {
		a := &all[i]
		found.take(a.Findings)
		disruptive.take(a.Disruptive)
		unvouched.take(a.Unvouched)
		whole.outcomes = append(whole.outcomes, a.outcomes...)
		for _, assumption := range a.Assumptions {
			if !slices.Contains(whole.Assumptions, assumption) {
				whole.Assumptions = append(whole.Assumptions, assumption)
			}
		}
		whole.Denials.Count += a.Denials.Count
		whole.Denials.Effective = append(whole.Denials.Effective, a.Denials.Effective...)
		whole.Denials.Unknown = append(whole.Denials.Unknown, a.Denials.Unknown...)
	}
	whole.Findings, whole.Disruptive, whole.Unvouched = found.findings(), disruptive.findings(), unvouched.findings()
	return whole
}

// analysers look at a policy on each version, and as it is if Defaults hold for the caller that may be for him.
func analysers(tree *sudoers.Tree, q Question, whole bool, versions []sudoers.Version) []*analyser {
	env := policy.Debian(sudoers.Version{})
	if q.Env != nil {
		env = q.Env
	}
	doubts, tooMany := policy.Doubts(tree, q.Question)
	if len(policy.Grants(tree, q.Subject)) == 0 { // options alone give nothing
		doubts = slices.DeleteFunc(doubts, func(d policy.Doubt) bool { return len(policy.Grants(d.Tree, q.Subject)) == 0 })
		tooMany = tooMany && policy.MayConcern(tree, q.Subject) != nil
	}
	var list []*analyser
	known := newAnswers() // of all versions
	for _, doubt := range slices.Concat([]policy.Doubt{{Tree: tree}}, doubts) {
		q := q
		q.Question = q.WithSharedBudget(tree) // one for all versions
		for _, version := range versions {
			on := *env
			on.Version = version
			q.Env = &on
			a := newAnalyser(q)
			a.whole, a.doubt, a.answers = whole, doubt.If, known
			a.analyse(doubt.Tree)
			if tooMany {
				a.addGrant(undecided, nil, "", "", "The policy has Defaults for more ids, groups and netgroups than pvesec looks at, of which the caller may be. Name his groups, or write Defaults for users by name.")
			}
			list = append(list, a)
		}
	}
	return list
}

// needDoubt writes down of all that is found that it needs a doubt to be so. What is found without it, too, stays as it
// is.
func (a *analyser) needDoubt() {
	if a.doubt == "" {
		return
	}
	for _, c := range []*collector{&a.found, &a.disruptive, &a.unvouched} {
		for _, f := range c.found {
			for i := range f.Ways {
				f.Ways[i].need(a.doubt)
			}
		}
	}
}

// need adds a condition to a way.
func (w *Way) need(condition string) {
	if w.Condition != "" {
		condition = w.Condition + ", and " + condition
	}
	w.Condition = condition
	w.Why += " This needs more: " + condition + "."
	if w.Severity == Critical {
		w.Severity = High
	}
}
