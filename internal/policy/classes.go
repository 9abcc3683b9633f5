package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Bounds of what is asked about. Beyond them the answer is a gap.
const (
	maxHostClasses = 4096
	maxMemberships = 3 // groups and netgroups of targets, of which every combination is asked about
)

// Classes gives a request for each combination of host and target that policies tell apart for a subject, root first: a
// host for each set of host patterns that one can match, and on it every user and group that a rule there names as
// target, every pair of them, and where the caller has the choice an ordinary one. A host in the question is the only
// one.
//
// The gaps are rules about which that is not enough: those that depend on addresses or netgroups of the node, and too
// many combinations. What they allow must not be taken for denied, nor what they deny for allowed.
func Classes(q Question, trees ...*sudoers.Tree) ([]Request, []Gap) {
	return classesOf(q, false, trees...)
}

// classesOf gives classes. With both it has those too in which a target that rules name has an id that others name,
// where nobody knows. They matter to comparisons alone: what is allowed in one is allowed to the name or to the id by
// itself.
func classesOf(q Question, both bool, trees ...*sudoers.Tree) ([]Request, []Gap) {
	env := q.environment()
	c := classes{question: q, env: env, both: both}
	for _, tree := range trees {
		p := policyClasses{tree: tree, hosts: IndexHosts(tree), aliases: aliasesOf(tree), grants: Grants(tree, q.Subject), of: map[*sudoers.UserSpec][]*Grant{}}
		for i := range p.grants {
			p.of[p.grants[i].Spec] = append(p.of[p.grants[i].Spec], &p.grants[i])
		}
		c.policies = append(c.policies, p)
	}
	for _, tree := range trees {
		if tree.Unread {
			c.gap("its files include each other too often to be read")
		}
	}
	hosts := c.hosts()
	var requests []Request
	for _, host := range hosts {
		if c.work >= maxClassWork {
			c.gap(tooManyTargets)
			break
		}
		requests = append(requests, c.affordable(c.distinct(c.targets(host)))...)
	}
	return requests, c.gaps
}

// RootClasses are the classes whose target is root, with whatever group.
func RootClasses(q Question, trees ...*sudoers.Tree) ([]Request, []Gap) {
	requests, gaps := Classes(q, trees...)
	return slices.DeleteFunc(requests, func(r Request) bool {
		return r.RunAsUser == nil || r.RunAsUser.Name != "root" && (r.RunAsUser.UID == nil || *r.RunAsUser.UID != 0)
	}), gaps
}

// HoldsOn tells whether a grant is about the host of a request.
func HoldsOn(tree *sudoers.Tree, r Request, g *Grant) bool {
	q := Question{Env: r.Env}
	m := newMatcher(tree, q.environment())
	m.prepare(&r)
	return m.hosts(g.Hosts)&allow != 0
}

// classes collects them.
type classes struct {
	question Question
	env      *Environment
	policies []policyClasses
	both     bool // see classesOf
	gaps     []Gap
	work     int // so far, see maxClassWork
}

type policyClasses struct {
	tree    *sudoers.Tree
	hosts   *HostIndex
	aliases map[aliasKey][]sudoers.Member
	grants  []Grant
	of      map[*sudoers.UserSpec][]*Grant
	visited map[*sudoers.Member]bool // lists of hosts
}

func aliasesOf(tree *sudoers.Tree) map[aliasKey][]sudoers.Member {
	aliases := map[aliasKey][]sudoers.Member{}
	for _, e := range tree.Entries {
		if def, ok := e.(*sudoers.AliasDef); ok {
			for i := range def.Aliases {
				key := aliasKey{def.Kind, def.Aliases[i].Name}
				aliases[key] = append(aliases[key], def.Aliases[i].Members...)
			}
		}
	}
	return aliases
}

// members calls visit for each member of a list, and of the aliases in it. An alias is visited itself, too: where it is
// not defined, or refers to itself, sudo compares it as a name.
func (p *policyClasses) members(list []sudoers.Member, kind sudoers.AliasKind, visit func(sudoers.Member)) {
	seen := map[string]bool{}
	var walk func([]sudoers.Member)
	walk = func(list []sudoers.Member) {
		for _, m := range list {
			visit(m)
			if m.Kind == sudoers.MemberAlias && !seen[m.Name] {
				seen[m.Name] = true
				walk(p.aliases[aliasKey{kind, m.Name}])
			}
		}
	}
	walk(list)
}

// bound calls visit for the members of Defaults with a binding.
func (p *policyClasses) bound(scope sudoers.Scope, kind sudoers.AliasKind, visit func(sudoers.Member)) {
	for _, e := range p.tree.Entries {
		if d, ok := e.(*sudoers.Defaults); ok && d.Scope == scope {
			p.members(d.Members, kind, visit)
		}
	}
}

// hosts are one for each set of patterns that a host can match. A pattern with a dot is compared with the long name.
func (c *classes) hosts() []Request {
	var names hostNames
	for i := range c.policies {
		p := &c.policies[i]
		depend := map[*sudoers.Member]bool{}
		for j := range p.grants {
			hosts := p.grants[j].Hosts
			if len(hosts) == 0 {
				continue
			}
			depends, known := depend[&hosts[0]]
			if !known {
				p.lists(hosts, sudoers.HostAlias, names.add)
				p.members(hosts, sudoers.HostAlias, func(m sudoers.Member) {
					depends = depends || m.Kind == sudoers.MemberAddress || m.Kind == sudoers.MemberNetgroup
				})
				depend[&hosts[0]] = depends
			}
			if depends {
				c.gaps = append(c.gaps, Gap{Grant: &p.grants[j], Reason: "it depends on the node's addresses or netgroups where it holds"})
			}
		}
		for _, e := range p.tree.Entries {
			if d, ok := e.(*sudoers.Defaults); ok && d.Scope == sudoers.ScopeHost {
				p.lists(d.Members, sudoers.HostAlias, names.add)
			}
		}
		p.bound(sudoers.ScopeHost, sudoers.HostAlias, func(m sudoers.Member) {
			if m.Kind == sudoers.MemberAddress || m.Kind == sudoers.MemberNetgroup {
				c.gap("Defaults depend on the node's addresses or netgroups")
			}
		})
	}
	requests := []Request{c.on("", "")}
	if c.question.Host != "" {
		names.about(lower(c.question.Host))
	} else {
		names.reduce(c.question.manyClasses())
	}
	short, long := names.short, names.long
	if c.question.Host != "" {
		requests = []Request{c.on(c.question.Host, "")}
	} else {
		// Patterns with a dot can match names without: [a-z.]*.
		for _, class := range c.partition(slices.Concat(c.patterns(short, shortName), c.patterns(long, shortName))) {
			requests = append(requests, c.on(class.Witness, ""))
		}
	}
	requests = append(requests, c.longNames(short, long)...)
	if len(requests) > maxHostClasses {
		c.gap("it tells too many hosts apart")
		requests = requests[:maxHostClasses]
	}
	return requests
}

func (c *classes) on(host, longHost string) Request {
	return Request{Subject: c.question.Subject, Host: host, LongHost: longHost, Env: c.question.Env}
}

// The names of hosts. sudo takes the short name from the long one (sudoers.c, set_fqdn and init_vars).
var (
	shortName = mustCompile(regular.ERE{Pattern: `^[^.]+$`})
	longName  = mustCompile(regular.ERE{Pattern: `^[^.]+\..*$`})
	anyDomain = mustCompile(regular.ERE{Pattern: `^\..*$`})
)

// longNames are one long name for each set of patterns that a name with a dot can match, if any of them is compared
// with the long name: where none is, the short names tell all hosts apart.
func (c *classes) longNames(short, long []string) []Request {
	if len(long) == 0 {
		return nil
	}
	within := longName
	if c.question.Host != "" {
		host, err := regular.Compile(regular.Literal(lower(c.question.Host)))
		if err == nil {
			within, err = regular.Concat(c.question.Budget, host, anyDomain)
		}
		if err != nil {
			c.gap(fmt.Sprintf("the host %s: %v", c.question.Host, err))
			return nil
		}
	}
	exprs := c.patterns(long, within)
	longs := len(exprs)
	for _, e := range c.patterns(short, shortName) {
		dotted, err := regular.Concat(c.question.Budget, e, anyDomain)
		if err == nil && c.question.Host != "" {
			dotted, err = regular.Both(dotted, within, c.question.Budget)
		}
		if err != nil {
			c.gap(fmt.Sprintf("its host patterns: %v", err))
			continue
		}
		exprs = append(exprs, dotted)
	}
	var requests []Request
	for _, class := range c.partition(exprs) {
		if slices.Min(class.Members) < longs {
			label, _, _ := strings.Cut(class.Witness, ".")
			requests = append(requests, c.on(label, class.Witness))
		}
	}
	return requests
}

func (c *classes) gap(reason string) {
	if !slices.ContainsFunc(c.gaps, func(g Gap) bool { return g.Grant == nil && g.Reason == reason }) {
		c.gaps = append(c.gaps, Gap{Reason: reason})
	}
}

func appendNew(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// patterns compiles host patterns. Those with wildcards have only names of a kind.
func (c *classes) patterns(patterns []string, within regular.Expr) []regular.Expr {
	var exprs []regular.Expr
	for _, pattern := range patterns {
		if !sudoers.HasMeta(pattern) {
			if e, err := regular.Compile(regular.Literal(pattern)); err == nil && within.Contains(pattern) {
				exprs = append(exprs, e)
			}
			continue
		}
		glob := compilePattern(regular.Glob{Pattern: pattern, Fold: true})
		e, err := glob.expr, glob.err
		if err == nil {
			e, err = regular.Both(e, within, c.question.Budget)
		}
		if err != nil {
			c.gap(fmt.Sprintf("the host pattern %s: %v", pattern, err))
			continue
		}
		exprs = append(exprs, e)
	}
	return exprs
}

// partition gives a name for each set of patterns that one can match.
func (c *classes) partition(of []regular.Expr) []regular.Class {
	found, complete := regular.Partition(of, c.question.Budget)
	if !complete {
		c.gap("it has too many host patterns")
	}
	return found
}
