package policy

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

type comparer struct {
	question Question
	env      *Environment
	result   Comparison
	known    map[toldKey]bool
	// before and after are what the policies admit in the class that is compared.
	before, after *Access
	// found is what was found in classes, by all that it depends on but host and target.
	found map[string]*Comparison
}

// toldKey is what a gap, a difference or a change of a condition says.
type toldKey struct {
	about                                  *[]Difference // the list of a difference, nil of what is none
	rule                                   sudoers.Pos
	command, host, longHost, target, group string
	condition, from, to                    string
	isGap, whole                           bool
	reason                                 string // of a gap
}

// isNew tells whether something is told for the first time.
func (c *comparer) isNew(key toldKey) bool {
	if c.known == nil {
		c.known = map[toldKey]bool{}
	}
	known := c.known[key]
	c.known[key] = true
	return !known
}

func keyOf(d *Difference) toldKey {
	key := toldKey{rule: d.Rule.Pos, command: d.Line.Command, host: d.Request.Host, longHost: d.Request.LongHost, group: d.Request.RunAsGroup}
	if d.Request.RunAsUser != nil {
		key.target = d.Request.RunAsUser.Name
	}
	return key
}

// add adds differences, each path and rule once for a host and a target.
func (c *comparer) add(to *[]Difference, list []Difference) {
	for _, d := range list {
		key := keyOf(&d)
		key.about = to
		if c.isNew(key) {
			*to = append(*to, d)
		}
	}
}

// addChange adds a change of a condition, once in the same way.
func (c *comparer) addChange(change ConditionChange) {
	key := keyOf(&change.Difference)
	key.condition, key.from, key.to = change.Condition, change.From, change.To
	if c.isNew(key) {
		c.result.Changed = append(c.result.Changed, change)
	}
}

// gaps notes gaps, each once.
func (c *comparer) gaps(list []Gap) {
	for _, gap := range list {
		key := toldKey{isGap: true, whole: gap.Grant == nil, reason: gap.Reason}
		if gap.Grant != nil {
			key.rule = gap.Grant.Pos
		}
		if c.isNew(key) {
			c.result.Gaps = append(c.result.Gaps, gap)
		}
	}
}

func (c *comparer) gap(reason string) { c.gaps([]Gap{{Reason: reason}}) }

// class compares in one class of host and target. Where the same rules and options are in force as in a class before,
// the same is found.
func (c *comparer) class(before, after *sudoers.Tree, r Request) {
	builders := []*accessBuilder{newAccessBuilder(before, r, c.question.Budget), newAccessBuilder(after, r, c.question.Budget)}
	key, ok := classKey(builders)
	found := c.found[key]
	if found == nil {
		one := comparer{question: c.question, env: c.env}
		one.compareClass(builders, r)
		found = &one.result
		if ok {
			c.found[key] = found
		}
	}
	c.merge(found, r)
	for _, b := range builders {
		for _, assumption := range b.access.Assumptions {
			if !slices.Contains(c.result.Assumptions, assumption) {
				c.result.Assumptions = append(c.result.Assumptions, assumption)
			}
		}
	}
}

// merge takes over what was found in a class with the same rules.
func (c *comparer) merge(found *Comparison, r Request) {
	here := func(list []Difference) []Difference {
		list = slices.Clone(list)
		for i := range list {
			list[i].Request, list[i].If = r, joinConditions(list[i].If, r.assumed)
		}
		return list
	}
	c.add(&c.result.NewlyAllowed, here(found.NewlyAllowed))
	c.add(&c.result.NoLongerAllowed, here(found.NoLongerAllowed))
	for _, change := range found.Changed {
		change.Request, change.If = r, joinConditions(change.If, r.assumed)
		c.addChange(change)
	}
	c.gaps(found.Gaps)
}

// classKey is all that a comparison in a class depends on but the host and the target: the rules that may decide, in
// the order of the policies, how each is looked for, and the options in force. It is not given where options are bound
// to commands.
func classKey(builders []*accessBuilder) (key string, ok bool) {
	var k []byte
	for _, b := range builders {
		if b.c.walk || b.bindsToCommands() {
			return "", false
		}
		k = binary.AppendUvarint(k, uint64(len(b.c.patterns)))
		for i := range b.c.patterns {
			p := &b.c.patterns[i]
			k = fmt.Appendf(k, "%p %p %d %d %t %t %t %t %q ", p.command, p.spec, p.privilege, p.ordinal, p.denied, p.doubtful, p.ownRoot, p.strayed, p.root)
		}
		for _, name := range slices.Sorted(maps.Keys(b.access.Settings)) {
			k = fmt.Appendf(k, "%q=%q ", name, b.access.Settings[name])
		}
	}
	return string(k), true
}

// compareClass compares what two policies admit in a class.
func (c *comparer) compareClass(builders []*accessBuilder, r Request) {
	for _, b := range builders {
		b.collect()
	}
	bound := slices.Concat(boundCommands(builders[0].tree, r.Env), boundCommands(builders[1].tree, r.Env))
	pairs := splitPaths(builders, bound, c.question.Budget)
	c.before, c.after = builders[0].access, builders[1].access
	for _, pair := range pairs {
		c.path(r, &pair[0], &pair[1])
	}
	for _, b := range builders {
		// A denial that is not read may be what the other policy lacks.
		c.gaps(b.access.Gaps)
		c.gaps(b.access.Unread)
	}
}

// boundCommands are the paths that Defaults are bound to: each gets a class of its own.
func boundCommands(tree *sudoers.Tree, env *Environment) []string {
	if env == nil {
		env = Debian(sudoers.Version{})
	}
	var paths []string
	for _, e := range tree.Entries {
		if d, ok := e.(*sudoers.Defaults); ok && d.Scope == sudoers.ScopeCommand {
			for i := range d.Commands {
				if c := &d.Commands[i].Command; c.Kind == sudoers.CommandPath && pathKind(c) == LiteralPath {
					paths = append(paths, env.Canonical(c.Name))
				}
			}
		}
	}
	return paths
}
