package escalation

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Question is what an analysis is about.
type Question struct {
	policy.Question
	// Vouched are the programs of the site that somebody has reviewed.
	Vouched Vouched
}

// Analyse meets what a policy admits with what command lines do. It proves: what is not found is not done by any
// command line that sudo allows, under the assumptions that are listed. What nobody described, and what cannot be
// decided, is a finding itself.
func Analyse(tree *sudoers.Tree, q Question) Analysis {
	a := newAnalyser(q)
	a.analyse(tree)
	return a.result()
}

func newAnalyser(q Question) *analyser {
	return &analyser{question: q, analysed: map[sudoers.Pos]bool{}, rootAt: map[string]string{}, finite: map[sudoers.Pos]bool{}, answers: newAnswers()}
}

type analyser struct {
	question Question
	whole    bool   // the policy is all that sudo reads
	doubt    string // what has to be for the policy to be as it is looked at, "" for nothing
	uses     policy.Uses
	// found are the findings, disruptive and unvouched what is none.
	found, disruptive, unvouched collector
	denials                      Denials
	assumptions                  []string
	rootAt                       map[string]string    // an example for each command that is a way to root
	analysed                     map[sudoers.Pos]bool // the grants that were looked at
	finite                       map[sudoers.Pos]bool // the grants whose pattern of paths has a few paths, which are looked at one by one
	outcomes                     []effectAt           // every effect of a command line, for statements
	answers                      *answers
}

func (a *analyser) result() Analysis {
	return Analysis{
		Findings: a.found.findings(), Disruptive: a.disruptive.findings(), Unvouched: a.unvouched.findings(), Denials: a.denials, Assumptions: a.assumptions,
		outcomes: []outcomes{{a.outcomes, a.doubt}},
	}
}

func (a *analyser) analyse(tree *sudoers.Tree) {
	a.question.Question = a.question.WithSharedBudget(tree)
	grants := policy.Grants(tree, a.question.Subject)
	a.uses = policy.UsesOf(tree, a.question.Question, a.whole)
	paths := a.paths(grants)
	requests, gaps := policy.Classes(a.question.Question, tree)
	hosts := policy.IndexHosts(tree)
	for _, request := range requests {
		if as := targetOf(request); as != ordinaryTarget {
			a.class(hosts.On(request), request, as, paths)
		} else {
			a.ordinary(hosts.On(request), request, paths)
		}
	}
	for _, gap := range gaps {
		if gap.Grant == nil || !gap.Grant.Negated { // a denial that may not hold is not counted on
			a.addGrant(undecided, gap.Grant, "", "", upperReason(gap.Reason))
		}
	}
	for i := range grants {
		elsewhere := a.question.Host != "" && !slices.ContainsFunc(requests, func(r policy.Request) bool { return policy.HoldsOn(tree, r, &grants[i]) })
		if !elsewhere {
			a.leftOver(tree, &grants[i])
		}
	}
}

// mostPaths is how many paths a pattern of paths may have to be looked at one by one.
const mostPaths = 64

// paths gives the command paths of patterns that have a few paths only, so that each of them is looked at by itself.
func (a *analyser) paths(grants []policy.Grant) []string {
	var paths []string
	for i := range grants {
		name := grants[i].Command.Name
		if !strings.HasPrefix(name, "^") {
			continue
		}
		e, err := regular.Compile(regular.ERE{Pattern: name})
		if err != nil {
			continue
		}
		if list, few := regular.Texts(e, mostPaths, false); few {
			a.finite[grants[i].Pos] = true
			paths = append(paths, list...)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// class looks at what is allowed in one class of host and target.
func (a *analyser) class(tree *sudoers.Tree, request policy.Request, as target, paths []string) {
	access := policy.Admits(tree, request, paths, a.question.Budget)
	for _, assumption := range access.Assumptions {
		if !slices.Contains(a.assumptions, assumption) {
			a.assumptions = append(a.assumptions, assumption)
		}
	}
	for _, gap := range access.Gaps {
		a.addGrant(undecided, gap.Grant, "", "", upperReason(gap.Reason))
		if g := gap.Grant; g != nil && g.RunAs != nil && asRootOnly(g.RunAs) {
			a.analysed[g.Pos] = true // it may grant something
		}
	}
	for i := range access.Paths {
		p := &access.Paths[i]
		for j := range p.Rules {
			a.analysed[p.Rules[j].Grant.Pos] = true
		}
		a.path(request, as, p)
		if as == rootTarget {
			a.denied(request, p)
		}
	}
	a.denials.Count = max(a.denials.Count, access.Denials)
}

func upperReason(reason string) string {
	return "pvesec cannot tell what it allows: " + strings.TrimSuffix(reason, ".") + "."
}

// path looks at the commands of one class of paths.
func (a *analyser) path(request policy.Request, as target, p *policy.PathAccess) {
	for i := range p.Rules {
		rule := &p.Rules[i]
		if rule.Denied {
			continue
		}
		at := grantAt{request: request, as: as, access: p, rule: i, allowed: p.AllowedBy(i, a.question.Budget)}
		if !a.exemplify(&at) {
			continue
		}
		var all *GrantRule
		switch {
		case rule.Paths == policy.AllPaths:
			all = everything
		case rule.Paths == policy.PatternPath && !(a.finite[rule.Grant.Pos] && p.Single):
			all = manyCommands
		}
		switch {
		case as != rootTarget:
			a.optionsOfSudo(at)
		case all != nil:
			a.optionsForOthers(at)
		default:
			a.environment(at)
		}
		if all != nil {
			a.addWay(at, all.way(at.example(), ""))
			continue
		}
		if rule.AsTyped {
			a.addWay(at, typedPath.way(at.example(), ""))
		}
		a.command(at)
	}
}

// grantAt is one rule that admits command lines of one class of paths.
type grantAt struct {
	request policy.Request
	as      target
	access  *policy.PathAccess
	rule    int
	allowed regular.Language // its arguments
	example func() string    // a command line that it admits
}

func (g grantAt) grant() *policy.Grant { return g.access.Rules[g.rule].Grant }

func (g grantAt) place() Place { return Place{Pos: g.grant().Pos, Grant: g.grant().Text} }

// exemplify finds a command line that a rule admits. It is false if there is none.
func (a *analyser) exemplify(at *grantAt) bool {
	key := a.answers.key("", at.allowed)
	if args, known := a.answers.example[key]; known {
		at.example = sync.OnceValue(func() string { return a.shell(at.request, at.access, args) })
		return true
	}
	if e, is := at.allowed.(regular.Expr); is { // it is the whole pattern of the rule: most are never shown
		at.example = sync.OnceValue(func() string {
			args, _ := a.argsOf(at, key)
			return a.shell(at.request, at.access, args)
		})
		return !e.MatchesNothing()
	}
	args, allowed := a.argsOf(at, key)
	at.example = sync.OnceValue(func() string { return a.shell(at.request, at.access, args) })
	return allowed
}

// argsOf gives arguments that a rule admits; allowed is false if there are none.
func (a *analyser) argsOf(at *grantAt, key string) (args string, allowed bool) {
	answer := regular.IsEmpty(at.allowed, a.question.Budget)
	switch answer.Verdict {
	case regular.Unknown:
		a.addGrant(undecided, at.grant(), at.access.Path, "", "Its arguments take more work to decide about than the budget allows.")
	case regular.No:
		a.answers.example[key] = answer.Witness
	}
	return answer.Witness, answer.Verdict == regular.No
}

func (a *analyser) shell(request policy.Request, p *policy.PathAccess, args string) string {
	return policy.ShellLine(request, p.Line(args))
}

// addGrant adds what is wrong with a grant, or with the policy. Why stands for the rule's own, if it says more.
func (a *analyser) addGrant(rule *GrantRule, g *policy.Grant, command, example, why string) {
	place := Place{}
	if g != nil {
		place = Place{Pos: g.Pos, Grant: g.Text}
	}
	a.outcomes = append(a.outcomes, effectAt{way: rule.way(example, why), place: place})
	a.found.add(place, command, rule.way(example, why))
}

// addWay sorts a way into findings, disruptions and what is neither.
func (a *analyser) addWay(at grantAt, w Way) {
	if at.as == mightyTarget {
		if !w.Root() {
			return
		}
		of := mightyAccount.way(w.Example, "As that account it "+w.Does+" ("+w.ID+").")
		of.Made = w.Made
		w = of
	}
	a.outcomes = append(a.outcomes, effectAt{way: w, place: at.place()})
	command := at.access.Path
	if w.Effect == "" && w.ID != manyCommands.ID && w.ID != foreignPath.ID && w.ID != unknownProgram.ID {
		command = ""
	}
	switch w.Severity {
	case program.Harmless:
	case Disruptive:
		a.disruptive.add(at.place(), command, w)
	default:
		a.found.add(at.place(), command, w)
		if w.Root() {
			a.rootAt[at.access.Path] = cmp.Or(a.rootAt[at.access.Path], w.Example)
		}
	}
}
