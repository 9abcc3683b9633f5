package lint

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Options say what the policy is meant for. The zero value is a whole policy for
// the newest sudo on Proxmox VE.
type Options struct {
	// Version is the target sudo.
	Version sudoers.Version
	// Fragment tells that the policy is a part of a bigger one: aliases may be
	// used in another part, so that is not checked.
	Fragment bool
	// Elsewhere are the names of the aliases that another part defines.
	Elsewhere []string
	// Env is the node's file system, nil for Debian's.
	Env *policy.Environment
	// Programs is where the node has a program, by base name; nil for those of
	// Proxmox VE. Programs that are not listed are not judged.
	Programs map[string]string
	// Ignore are the ids of rules that are not checked.
	Ignore []string
}

// Lint gives everything that is legal and still wrong, in the order of the
// policy. Lines with a syntax error are not in the tree and so not judged.
func Lint(tree *sudoers.Tree, o Options) []Finding {
	l := newLinter(tree, o)
	l.run()
	return l.findings
}

func newLinter(tree *sudoers.Tree, o Options) *linter {
	if o.Env == nil {
		o.Env = policy.Debian(o.Version)
	}
	if o.Programs == nil {
		o.Programs = programsOfPVE
	}
	return &linter{tree: tree, options: o, aliases: collectAliases(tree)}
}

func (l *linter) run() {
	for i := range rules {
		if !slices.Contains(l.options.Ignore, rules[i].ID) {
			rules[i].check(l, &rules[i])
		}
	}
	l.countRest()
	l.sort()
}

// UndefinedAliases gives what is named as an alias in a whole policy and defined nowhere in it.
func UndefinedAliases(tree *sudoers.Tree) []Finding {
	l := &linter{tree: tree, aliases: collectAliases(tree)}
	undefinedAlias.check(l, &undefinedAlias)
	l.countRest()
	l.sort()
	return l.findings
}

type linter struct {
	tree     *sudoers.Tree
	options  Options
	aliases  *aliasIndex
	findings []Finding
	reported map[*Rule]*reported
	patterns []sudoers.PatternProblem // nil until they are looked for
	flat     []leaf                   // of the whole policy, nil until they are looked for
	work     work
	passed   []sudoers.Pos // commands that were not looked at
}

// sort orders by place: files in the order of the tree, then lines.
func (l *linter) sort() {
	order := map[string]int{}
	for i, f := range l.tree.Files {
		if _, ok := order[f.Name]; !ok {
			order[f.Name] = i
		}
	}
	slices.SortStableFunc(l.findings, func(a, b Finding) int {
		if n := order[a.Pos.File] - order[b.Pos.File]; n != 0 {
			return n
		}
		if n := a.Pos.Line - b.Pos.Line; n != 0 {
			return n
		}
		if n := a.Pos.Col - b.Pos.Col; n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// specs calls f for every rule line.
func (l *linter) specs(f func(*sudoers.UserSpec)) {
	for _, e := range l.tree.Entries {
		if s, ok := e.(*sudoers.UserSpec); ok {
			f(s)
		}
	}
}

// defaults calls f for every Defaults line.
func (l *linter) defaults(f func(*sudoers.Defaults)) {
	for _, e := range l.tree.Entries {
		if d, ok := e.(*sudoers.Defaults); ok {
			f(d)
		}
	}
}

// commands calls f for every command of the policy, wherever it stands.
func (l *linter) commands(f func(*sudoers.CommandMember)) {
	for _, e := range l.tree.Entries {
		switch e := e.(type) {
		case *sudoers.Defaults:
			for i := range e.Commands {
				f(&e.Commands[i])
			}
		case *sudoers.AliasDef:
			for i := range e.Aliases {
				for j := range e.Aliases[i].Commands {
					f(&e.Aliases[i].Commands[j])
				}
			}
		case *sudoers.UserSpec:
			for i := range e.Privileges {
				for j := range e.Privileges[i].Commands {
					f(&e.Privileges[i].Commands[j].CommandMember)
				}
			}
		}
	}
}
