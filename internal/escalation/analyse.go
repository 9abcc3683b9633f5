package escalation

import (
	"cmp"
	"maps"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// CommandFinding is one way in which a sudoers policy gives its subject root, or lets him act unseen.
type CommandFinding struct {
	ID       string
	Severity Severity
	Class    Class // "" for what is wrong with a grant whatever its command
	// Root tells that it is as good as root.
	Root    bool
	About   string
	Witness string // a command line that the policy allows, "" where there is none to show
	Pos     sudoers.Pos
	Grant   string // the grant that lets it through, "" for the Defaults
	Command string // the command's path
	Needs   string // the circumstance that it takes besides
	Why     string
	Fix     string
}

// Analysis is what a policy means for the node.
type Analysis struct {
	// Findings are in the order of the policy, then of their ids. Each id comes once for each grant and command.
	Findings []CommandFinding
	// Disruptive are grants by which guests, services or data can be stopped or lost. They are no findings: to stop guests may
	// be just what an operator is there for.
	Disruptive  []CommandFinding
	Denials     Denials
	Assumptions []string
}

// Root tells whether any finding is as good as root.
func (a *Analysis) Root() bool {
	return slices.ContainsFunc(a.Findings, func(f CommandFinding) bool { return f.Root })
}

// Analyse meets what a policy admits with what is known to lead to root. It proves: a rule that is not found is not met by
// any command line that sudo allows, under the assumptions that are listed. What cannot be decided is a finding itself. The
// error can only come from broken embedded data.
func Analyse(tree *sudoers.Tree, q policy.Question) (Analysis, error) {
	a, err := newAnalyser(q)
	if err != nil {
		return Analysis{}, err
	}
	err = a.analyse(tree)
	return a.result, err
}

func newAnalyser(q policy.Question) (*analyser, error) {
	known, err := commandKnowledge()
	if err != nil {
		return nil, err
	}
	a := &analyser{known: known, question: q, seen: map[findingKey]bool{}, rootAt: map[string]string{}, analysed: map[sudoers.Pos]bool{}}
	a.paths = slices.Sorted(maps.Keys(known.byPath)) // in order: findings must be the same in every plan
	return a, nil
}

func (a *analyser) analyse(tree *sudoers.Tree) error {
	a.question = a.question.WithPurse(tree)
	grants := policy.Grants(tree, a.question.Subject)
	requests, gaps := policy.RootClasses(a.question, tree)
	hosts := policy.IndexHosts(tree)
	for _, request := range requests {
		if err := a.class(hosts.On(request), request); err != nil {
			return err
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
			a.leftOver(&grants[i])
		}
	}
	inOrder(a.result.Findings)
	inOrder(a.result.Disruptive)
	return nil
}

// inOrder sorts findings as the policy has them.
func inOrder(list []CommandFinding) {
	slices.SortStableFunc(list, func(x, y CommandFinding) int {
		return cmp.Or(cmp.Compare(x.Pos.File, y.Pos.File), cmp.Compare(x.Pos.Line, y.Pos.Line), cmp.Compare(x.Pos.Col, y.Pos.Col),
			cmp.Compare(x.ID, y.ID), cmp.Compare(x.Command, y.Command))
	})
}

type findingKey struct {
	id      string
	pos     sudoers.Pos
	command string
}

type hostAccess struct {
	request policy.Request
	access  *policy.Access
}

type analyser struct {
	known    *knowledge
	question policy.Question
	whole    bool // the policy is all that sudo reads
	paths    []string
	result   Analysis
	seen     map[findingKey]bool
	// hostsSeen is what is admitted on each host.
	hostsSeen []hostAccess
	rootAt    map[string]string    // a witness for each command that is a way to root
	analysed  map[sudoers.Pos]bool // the grants that were looked at for root
}

// class looks at what is allowed as root in one class of host and target.
func (a *analyser) class(tree *sudoers.Tree, request policy.Request) error {
	access := policy.Admits(tree, request, a.paths, a.question.Budget)
	a.hostsSeen = append(a.hostsSeen, hostAccess{request, access})
	for _, assumption := range access.Assumptions {
		if !slices.Contains(a.result.Assumptions, assumption) {
			a.result.Assumptions = append(a.result.Assumptions, assumption)
		}
	}
	for _, gap := range access.Gaps {
		a.addGrant(undecided, gap.Grant, "", "", upperReason(gap.Reason))
	}
	for i := range access.Paths {
		p := &access.Paths[i]
		for j := range p.Rules {
			a.analysed[p.Rules[j].Grant.Pos] = true
		}
		if err := a.path(request, p); err != nil {
			return err
		}
		a.denials(request, p)
	}
	a.result.Denials.Count = max(a.result.Denials.Count, access.Denials)
	return nil
}

func upperReason(reason string) string { return "What it allows is not known: " + reason + "." }

// path looks at the commands of one class of paths.
func (a *analyser) path(request policy.Request, p *policy.PathAccess) error {
	command := p.Path
	for i := range p.Rules {
		rule := &p.Rules[i]
		if rule.Denied {
			continue
		}
		witness, allowed := a.witness(request, p, p.AllowedBy(i), rule.Grant)
		if !allowed {
			continue
		}
		switch {
		case rule.Paths == policy.AllPaths:
			a.addGrant(everything, rule.Grant, "", a.shell(request, p, witness), "")
			continue
		case rule.Paths == policy.PatternPath:
			a.addGrant(manyCommands, rule.Grant, "", a.shell(request, p, witness), "")
			continue
		case writableByOthers(command):
			a.addGrant(foreignPath, rule.Grant, command, a.shell(request, p, witness), "")
		}
		a.environment(request, p, i, witness)
		switch rules := a.known.rulesOf(command); {
		case len(rules) > 0:
			if err := a.rules(request, p, i, rules); err != nil {
				return err
			}
		case command != "list" && !a.known.harmless[command]:
			a.unknown(request, p, i, witness)
		}
	}
	return nil
}

// witness gives arguments of a language; allowed is false if there are none.
func (a *analyser) witness(_ policy.Request, p *policy.PathAccess, l regular.Language, g *policy.Grant) (args string, allowed bool) {
	answer := regular.IsEmpty(l, a.question.Budget)
	if answer.Verdict == regular.Unknown {
		a.addGrant(undecided, g, p.Path, "", "Its arguments take more work to decide about than the budget allows.")
		return "", false
	}
	return answer.Witness, answer.Verdict == regular.No
}

func (a *analyser) shell(request policy.Request, p *policy.PathAccess, args string) string {
	return policy.ShellLine(request, p.Line(args))
}

// rules meets one grant of a known command with what is known about it.
func (a *analyser) rules(request policy.Request, p *policy.PathAccess, grant int, rules []*CommandRule) error {
	allowed := p.AllowedBy(grant)
	for _, rule := range rules {
		about, err := rule.Arguments()
		if err != nil {
			return err
		}
		if !regular.MayMeet(p.Rules[grant].Args, about) {
			continue
		}
		var args string
		if i := slices.IndexFunc(rule.Match, func(line string) bool { return allowed.Contains(asArguments(line)) }); i >= 0 {
			args = asArguments(rule.Match[i]) // one that makes sense to the tool
		} else {
			answer := regular.Disjoint(allowed, about, a.question.Budget)
			if answer.Verdict == regular.Yes {
				continue
			}
			if answer.Verdict == regular.Unknown {
				a.addGrant(undecided, p.Rules[grant].Grant, p.Path, "", "Whether it allows this takes more work to decide than the budget allows: "+rule.About+" ("+rule.ID+").")
				continue
			}
			args = answer.Witness
		}
		a.addCommand(rule, p, grant, a.shell(request, p, args))
	}
	return nil
}

// asArguments is a line of arguments in the form of regular.Arguments.
func asArguments(line string) string {
	if line == "" {
		return ""
	}
	return " " + line
}

// addCommand adds the finding of a command rule. NOEXEC stops some of them from being root.
func (a *analyser) addCommand(rule *CommandRule, p *policy.PathAccess, grant int, witness string) {
	g := p.Rules[grant].Grant
	f := CommandFinding{
		ID: rule.ID, Severity: rule.Severity, Class: rule.Class, Root: rule.Root, About: rule.About, Witness: witness,
		Pos: g.Pos, Grant: g.Text, Command: p.Path, Needs: rule.Needs, Why: rule.Why, Fix: rule.SafeGrant(),
	}
	if f.Root && rule.NoExecStops != nil && *rule.NoExecStops && noExec(g, p.Settings) {
		f.Root, f.Severity, f.Needs = false, Medium, "a way around NOEXEC, which is in force"
	}
	if f.Root {
		a.rootAt[p.Path] = witness
	}
	a.add(f)
}

func noExec(g *policy.Grant, s policy.Settings) bool {
	return g.Tags.NoExec == sudoers.Yes || g.Tags.NoExec == sudoers.Unset && s["noexec"] == "on"
}

// addGrant adds the finding of a rule about grants. Why stands for the rule's own, if it says more.
func (a *analyser) addGrant(rule *GrantRule, g *policy.Grant, command, witness, why string) {
	f := CommandFinding{
		ID: rule.ID, Severity: rule.Severity, Root: rule.root(), About: rule.About, Witness: witness, Command: command,
		Why: cmp.Or(why, rule.Why), Fix: rule.Fix,
	}
	if g != nil {
		f.Pos, f.Grant = g.Pos, g.Text
	}
	a.add(f)
}

func (a *analyser) add(f CommandFinding) {
	key := findingKey{f.ID, f.Pos, f.Command}
	if a.seen[key] {
		return
	}
	a.seen[key] = true
	if f.Severity == Disruptive {
		a.result.Disruptive = append(a.result.Disruptive, f)
		return
	}
	a.result.Findings = append(a.result.Findings, f)
}
