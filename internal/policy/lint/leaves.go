package lint

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// maxLeaves bounds how many commands one alias may stand for: nested aliases can
// double at each level. Beyond, the command is not judged.
const (
	maxLeaves = 10_000
	// maxAllLeaves bounds the commands of all aliases together, since each alias of a chain stands for those behind it
	// as well.
	maxAllLeaves = 500_000
)

// leaf is one command pattern of a rule with its sign, aliases resolved. The last
// matching leaf of a policy decides, as the last matching command does: negating
// an alias negates each of its commands.
type leaf struct {
	command *sudoers.Command
	denied  bool
	digests bool
	// at is where the finding stands: in the rule, not in the alias.
	at      sudoers.Pos
	users   string
	hosts   string
	runAs   string
	limited bool // by NOTBEFORE or NOTAFTER
	path    string
	opaque  bool // too much to look at
}

// aliasLeaf is a command of an alias.
type aliasLeaf struct {
	command *sudoers.Command
	denied  bool
	digests bool
}

type flattener struct {
	linter *linter
	known  map[string][]aliasLeaf
	busy   map[string]bool
	all    int
}

// leaves flattens the whole policy. A command that stands for too many is left out
// and listed as opaque.
func (l *linter) leaves() []leaf {
	if l.flat == nil {
		l.flat = l.flatten()
	}
	return l.flat
}

func (l *linter) flatten() []leaf {
	f := &flattener{linter: l, known: map[string][]aliasLeaf{}, busy: map[string]bool{}}
	out := []leaf{}
	l.specs(func(s *sudoers.UserSpec) {
		users := memberText(s.Users)
		for i := range s.Privileges {
			p := &s.Privileges[i]
			hosts := memberText(p.Hosts)
			for _, e := range p.Effective() {
				base := leaf{
					at: e.Pos, users: users, hosts: hosts, runAs: runAsText(e.RunAs),
					limited: e.NotBefore != "" || e.NotAfter != "",
				}
				list, ok := f.member(&e.CommandMember)
				if !ok || e.Command.Kind == sudoers.CommandAlias && !spend(&l.work.leaves, len(list)) {
					base.opaque = true
					l.passed = append(l.passed, e.Pos)
					out = append(out, base)
					continue
				}
				for _, a := range list {
					one := base
					one.command, one.denied, one.digests = a.command, a.denied, a.digests
					one.path = l.canonical(a.command)
					out = append(out, one)
				}
			}
		}
	})
	return out
}

// canonical is the path by which two commands are compared.
func (l *linter) canonical(c *sudoers.Command) string {
	if c.Kind != sudoers.CommandPath {
		return c.Name
	}
	if dir, ok := strings.CutSuffix(c.Name, "/"); ok {
		return l.options.Env.Canonical(dir + "/.")[:len(l.options.Env.Canonical(dir+"/."))-1]
	}
	return l.options.Env.Canonical(c.Name)
}

func (f *flattener) member(c *sudoers.CommandMember) ([]aliasLeaf, bool) {
	if c.Command.Kind != sudoers.CommandAlias {
		return []aliasLeaf{{&c.Command, c.Negated, len(c.Digests) > 0}}, true
	}
	list, ok := f.alias(c.Command.Name)
	if !ok || !c.Negated {
		return list, ok
	}
	flipped := make([]aliasLeaf, len(list))
	for i, a := range list {
		a.denied = !a.denied
		flipped[i] = a
	}
	return flipped, true
}

func (f *flattener) alias(name string) ([]aliasLeaf, bool) {
	if list, ok := f.known[name]; ok {
		return list, list != nil
	}
	def := f.linter.aliases.defs[aliasKey{sudoers.CmndAlias, name}]
	if def == nil || f.busy[name] {
		return []aliasLeaf{}, true
	}
	f.busy[name] = true
	defer delete(f.busy, name)
	out := []aliasLeaf{}
	for i := range def.Commands {
		list, ok := f.member(&def.Commands[i])
		f.all += len(list)
		if !ok || len(out)+len(list) > maxLeaves || f.all > maxAllLeaves {
			f.known[name] = nil
			return nil, false
		}
		out = append(out, list...)
	}
	f.known[name] = out
	return out, true
}

// memberText is a list as text; "ALL" if it covers everyone.
func memberText(list []sudoers.Member) string {
	words := make([]string, len(list))
	for i := range list {
		words[i] = list[i].String()
	}
	return strings.Join(words, ",")
}

// runAsText is a run-as list as text; none means root.
func runAsText(r *sudoers.RunAs) string {
	if r == nil {
		return "root"
	}
	if len(r.Groups) == 0 && len(r.Users) > 0 {
		return memberText(r.Users)
	}
	return memberText(r.Users) + ":" + memberText(r.Groups)
}
