package policy

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// maxPatterns bounds the patterns of a compiled policy: nested aliases can double at
// each level. Beyond it, every decision walks the policy.
const maxPatterns = 1 << 20

// Compiled is a policy prepared for many decisions that differ in the command line
// only. It may be used by several goroutines at once.
type Compiled struct {
	tree    *sudoers.Tree
	request Request
	m       *matcher

	patterns []pattern
	// byBase are the patterns with a literal base name, general all others, both
	// from the last to the first.
	byBase  map[string][]int32
	general []int32
	// walk tells a policy that has to be walked for each command, because Defaults
	// bound to commands change how names or patterns are compared.
	walk bool
	// steps counts the commands and aliases looked at while compiling.
	steps int
}

// pattern is one command that may decide, aliases resolved.
type pattern struct {
	command *sudoers.Command
	denied  bool
	// canonical is the resolved path if the command is a literal one that exists.
	canonical string
	patterns  *commandPattern
	// prefix is the literal beginning of a pattern of arguments.
	prefix string
	// doubtful is set if it is unknown whether the rule applies to the host.
	doubtful bool
	// digests are checksums of which the file must have one.
	digests []sudoers.Digest
	// root is the directory in which sudo looks for the file, "" for the node's root. ownRoot is set if the rule itself
	// gives it, strayed if a rule behind this one has one.
	root             string
	ownRoot, strayed bool

	spec               *sudoers.UserSpec
	privilege, ordinal int
}

// Answer is the outcome for one command line.
type Answer struct {
	Verdict Verdict
	// rule is the pattern that decided plus one, 0 for none.
	rule int32
}

// Compile prepares a policy for one user, host, target and time: all of the request
// but Command and Args, which are not looked at.
func Compile(tree *sudoers.Tree, r Request) *Compiled {
	c := &Compiled{tree: tree, request: r, byBase: map[string][]int32{}}
	c.m = newMatcher(tree, r.Env)
	r.Command, r.Args = "", nil
	c.m.prepare(&r)
	c.m.settings(tree, &r)
	for _, e := range tree.Entries {
		switch e := e.(type) {
		case *sudoers.Defaults:
			c.walk = c.walk || e.Scope == sudoers.ScopeCommand && changesMatching(e)
		case *sudoers.UserSpec:
			if v, _ := c.m.users(e.Users, sudoers.UserAlias, r.Subject); v == allow {
				c.add(e, &r)
			}
		}
		if c.walk {
			c.patterns = nil
			return c
		}
	}
	strayed := false
	for i := len(c.patterns) - 1; i >= 0; i-- {
		p := &c.patterns[i]
		p.strayed = strayed && c.m.straying(p.command)
		strayed = strayed || p.ownRoot
		if base, ok := literalBase(p.command); ok {
			c.byBase[base] = append(c.byBase[base], int32(i))
		} else {
			c.general = append(c.general, int32(i))
		}
	}
	return c
}

// changesMatching tells Defaults that change what a rule matches.
func changesMatching(d *sudoers.Defaults) bool {
	return slices.ContainsFunc(d.Settings, func(s sudoers.Setting) bool { return decisive[s.Name] })
}

// literalBase gives the base name that every match has.
func literalBase(c *sudoers.Command) (string, bool) {
	if c.Kind != sudoers.CommandPath {
		return "", false
	}
	_, base := split(c.Name)
	return base, base != "" && !sudoers.HasMeta(base)
}

func (c *Compiled) add(spec *sudoers.UserSpec, r *Request) {
	for i := range spec.Privileges {
		p := &spec.Privileges[i]
		here := c.m.hosts(p.Hosts)
		if here&allow == 0 {
			continue
		}
		c.patterns = slices.Grow(c.patterns, len(p.Commands))
		for j, e := range p.Effective() {
			if c.m.inTime(&e, r.Time) && c.m.runAsMatches(e.RunAs) == allow {
				c.addCommand(&p.Commands[j].CommandMember, false, pattern{spec: spec, privilege: i, ordinal: j, root: c.m.rootOf(&e), ownRoot: e.Chroot != "", doubtful: here != allow})
			}
		}
	}
}

// addCommand adds the patterns of a command in the order in which the last one that
// matches decides. Negating an alias negates each of its commands.
func (c *Compiled) addCommand(cmd *sudoers.CommandMember, flipped bool, p pattern) {
	c.steps++
	if c.steps > maxPatterns {
		c.walk = true
		return
	}
	denied := cmd.Negated != flipped
	if cmd.Command.Kind == sudoers.CommandAlias {
		body := c.m.aliases[aliasKey{sudoers.CmndAlias, cmd.Command.Name}]
		if body != nil && !body.busy {
			body.busy = true
			for i := range body.def.Commands {
				c.addCommand(&body.def.Commands[i], denied, p)
			}
			body.busy = false
		}
		return
	}
	p.command, p.denied, p.digests = &cmd.Command, denied, cmd.Digests
	c.prepare(&p)
	c.patterns = append(c.patterns, p)
}

// prepare compiles what can be.
func (c *Compiled) prepare(p *pattern) {
	cmd := p.command
	p.patterns = patternsOf(cmd)
	if cmd.Kind == sudoers.CommandPath && !sudoers.HasMeta(cmd.Name) && !strings.HasSuffix(cmd.Name, "/") && c.m.env.exists(cmd.Name) {
		p.canonical = c.m.env.Canonical(cmd.Name)
	}
	if !cmd.HasArgs || cmd.Args == `""` {
		return
	}
	if isRegex(cmd.Args) {
		return
	}
	p.prefix = cmd.Args
	if i := strings.IndexAny(cmd.Args, `*?[\`); i >= 0 {
		p.prefix = cmd.Args[:i]
	}
}

// Decide answers for one command: its path, or "sudoedit" or "list", and its arguments
// joined by single spaces. hasArgs tells no arguments from an empty one. It answers
// as the function Decide does.
func (c *Compiled) Decide(command, args string, hasArgs bool) Answer {
	if c.walk {
		r := c.request
		r.Command, r.Args = command, nil
		if hasArgs {
			r.Args = []string{args}
		}
		return Answer{Verdict: Decide(c.tree, r).Verdict}
	}
	t := target{commandLine: commandLine{path: command, args: args, hasArgs: hasArgs}}
	if strings.HasPrefix(command, "/") {
		t.canonical, t.exists = c.m.env.Canonical(command), c.m.env.exists(command)
	}
	_, base := split(t.canonical)
	named := c.byBase[base]
	general := c.general
	var said verdict
	var first int32
	for len(named) > 0 || len(general) > 0 {
		var i int32
		if len(general) == 0 || len(named) > 0 && named[0] > general[0] {
			i, named = named[0], named[1:]
		} else {
			i, general = general[0], general[1:]
		}
		p := &c.patterns[i]
		v := commandVerdict(c.matches(p, &t), p.denied)
		if v == unspecified {
			continue
		}
		if p.doubtful {
			v |= unsure
		}
		said |= v &^ unsure
		if first == 0 {
			first = i + 1
		}
		if v&unsure == 0 {
			return Answer{said.answer(), first}
		}
	}
	return Answer{(said | unsure).answer(), first}
}

// target is a command line with what the environment says of it.
type target struct {
	commandLine
	canonical string
	exists    bool
}

func (c *Compiled) matches(p *pattern, t *target) match {
	if p.strayed && p.root == "" {
		found := c.matchesHere(p, t) != no || slices.ContainsFunc(c.m.env.linked(t.path), func(other string) bool {
			through := *t
			through.path, through.canonical, through.exists = other, other, true
			return c.matchesHere(p, &through) != no
		})
		if !found {
			return no
		}
		return maybe
	}
	return c.matchesHere(p, t)
}

func (c *Compiled) matchesHere(p *pattern, t *target) match {
	if p.root != "" || c.m.locale != "" {
		return c.m.commandMatches(p.command, p.patterns, &t.commandLine, p.root)
	}
	args := p.matchesArgs(t)
	if args == no {
		return no
	}
	if p.canonical != "" && t.exists {
		return min(args, matched(p.canonical == t.canonical || c.m.env.same(p.command.Name, t.path)))
	}
	return min(args, c.m.pathOf(p.command, p.patterns, t.path))
}

func (p *pattern) matchesArgs(t *target) match {
	if p.prefix != "" && !strings.HasPrefix(t.args, p.prefix) {
		return no
	}
	return argsMatch(p.command, p.patterns, &t.commandLine)
}

// Line is one command line of a batch.
type Line struct {
	// Command is an absolute path, or "sudoedit" or "list".
	Command string
	// Args are joined by single spaces; HasArgs tells none from an empty one.
	Args    string
	HasArgs bool
	// One is a part of Args that is one argument, with the blanks in it; "" where each word is one.
	One string
}

// NewLine joins the words of a command line as sudo does.
func NewLine(command string, args ...string) Line {
	return Line{Command: command, Args: strings.Join(args, " "), HasArgs: len(args) > 0}
}

// Batch appends the answers to all lines to dst.
func (c *Compiled) Batch(dst []Answer, lines []Line) []Answer {
	for i := range lines {
		dst = append(dst, c.Decide(lines[i].Command, lines[i].Args, lines[i].HasArgs))
	}
	return dst
}

// Rule is the grant that decided, nil if nothing matched, or if the policy had to be
// walked; Decide gives it then.
func (c *Compiled) Rule(a Answer) *Grant {
	if a.rule == 0 {
		return nil
	}
	p := &c.patterns[a.rule-1]
	m := newMatcher(c.tree, c.request.Env)
	m.applySettings(c.tree, c.request.Subject)
	return &m.grants(p.spec, c.request.Subject)[grantIndex(p.spec, p.privilege, p.ordinal)]
}
