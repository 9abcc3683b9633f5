package review

import (
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// logOptions are the options that say whether and where sudo logs a command (sudoers(5), "SUDOERS OPTIONS").
var logOptions = []string{"syslog", "logfile", "log_allowed", "log_servers", "syslog_goodpri", "log_input", "log_output", "log_stdin", "log_ttyin", "log_stdout", "log_stderr", "log_ttyout"}

// maxOpenLines bounds the lines of options of which each combination is looked at for one rule. More are not known.
const maxOpenLines = 6

// reach is how far a line of options that is bound to commands reaches into a rule.
type reach uint8

// What a line of options binds to, of what a rule grants.
const (
	reachesNone reach = iota
	reachesAll
	reachesSome // or it is not known what
)

// boundLines are the lines of a tree that bind log options to commands, and what of the rules they reach.
type boundLines struct {
	tree     *sudoers.Tree
	question policy.Question
	host     string
	lines    []*boundLine
}

type boundLine struct {
	entry *sudoers.Defaults
	// inside are command lines that are granted and that the options bind to, outside those that they do not bind to,
	// one for each path and rule.
	inside, outside []policy.Difference
	gaps            []policy.Gap
}

// boundIn finds the lines and asks, with all aliases, patterns, directories and denials, what of the grants they reach.
func boundIn(tree *sudoers.Tree, q policy.Question, host string) *boundLines {
	b := &boundLines{tree: tree, question: q, host: host}
	for _, entry := range tree.Entries {
		d, is := entry.(*sudoers.Defaults)
		if !is || d.Scope != sudoers.ScopeCommand || !slices.ContainsFunc(d.Settings, func(s sudoers.Setting) bool { return slices.Contains(logOptions, s.Name) }) {
			continue
		}
		line := &boundLine{entry: d}
		// Denied last, the commands of the line are what the tree without the denial allows more.
		denied := flipped(d.Commands)
		inside := policy.Compare(withRule(tree, denied), tree, q.WithSharedBudget(tree))
		everything := sudoers.CommandMember{Negated: true, Command: sudoers.Command{Kind: sudoers.CommandAll, Name: "ALL"}}
		outside := policy.Compare(withRule(tree, append([]sudoers.CommandMember{everything}, d.Commands...)), tree, q.WithSharedBudget(tree))
		line.inside, line.outside = inside.NewlyAllowed, outside.NewlyAllowed
		line.gaps = slices.Concat(inside.Gaps, outside.Gaps)
		b.lines = append(b.lines, line)
	}
	return b
}

func flipped(commands []sudoers.CommandMember) []sudoers.CommandMember {
	list := slices.Clone(commands)
	for i := range list {
		list[i].Negated = !list[i].Negated
	}
	return list
}

// withRule adds a rule to the end of the tree. The rule is for all users, hosts and targets.
func withRule(tree *sudoers.Tree, commands []sudoers.CommandMember) *sudoers.Tree {
	all := []sudoers.Member{{Kind: sudoers.MemberAll, Name: "ALL"}}
	privilege := sudoers.Privilege{Hosts: all}
	for _, command := range commands {
		privilege.Commands = append(privilege.Commands, sudoers.CommandSpec{RunAs: &sudoers.RunAs{Users: all, Groups: all}, CommandMember: command})
	}
	more := *tree
	more.Entries = append(slices.Clone(tree.Entries), &sudoers.UserSpec{Users: all, Privileges: []sudoers.Privilege{privilege}})
	return &more
}

// of tells how far a line reaches into a grant.
func (b *boundLines) of(line *boundLine, grant *policy.Grant) reach {
	here := func(d policy.Difference) bool { return d.Rule != nil && d.Rule.Pos == grant.Pos }
	// A gap of another rule of the tree says nothing of this one.
	if slices.ContainsFunc(line.gaps, func(g policy.Gap) bool { return g.Grant == nil || g.Grant.Pos == grant.Pos || !b.has(g.Grant) }) {
		return reachesSome
	}
	inside, outside := slices.IndexFunc(line.inside, here) >= 0, slices.IndexFunc(line.outside, here) >= 0
	switch {
	case !inside:
		return reachesNone
	case outside || slices.ContainsFunc(line.inside, func(d policy.Difference) bool { return here(d) && b.binds(line, d.Line) != policy.Allowed }):
		return reachesSome
	}
	return reachesAll
}

// has tells whether a grant is one of the tree, and not of a rule that was added to ask.
func (b *boundLines) has(grant *policy.Grant) bool {
	return slices.ContainsFunc(b.tree.Entries, func(e sudoers.Entry) bool { return e == sudoers.Entry(grant.Spec) })
}

// binds tells whether the options of a line are in force for a command line, as a verdict: Unknown where it depends on
// what the model cannot see.
func (b *boundLines) binds(line *boundLine, asked policy.Line) policy.Verdict {
	rule := withRule(b.tree, line.entry.Commands)
	rule.Entries = slices.DeleteFunc(rule.Entries[:len(rule.Entries)-1:len(rule.Entries)-1], func(e sudoers.Entry) bool { _, is := e.(*sudoers.UserSpec); return is })
	rule.Entries = append(rule.Entries, withRule(&sudoers.Tree{}, line.entry.Commands).Entries...)
	request := policy.Request{Subject: b.question.Subject, Host: b.host, Command: asked.Command, Env: b.question.Env}
	if asked.HasArgs {
		request.Args = []string{asked.Args}
	}
	verdict := policy.Decide(rule, request).Verdict
	if verdict != policy.Unmatched && b.hasDigest(line.entry.Commands, nil) {
		return policy.Unknown // by the content of the file
	}
	return verdict
}

// hasDigest tells whether commands, or those of the aliases among them, ask for the content of a file.
func (b *boundLines) hasDigest(commands []sudoers.CommandMember, within []string) bool {
	return slices.ContainsFunc(commands, func(m sudoers.CommandMember) bool {
		if len(m.Digests) > 0 {
			return true
		}
		if m.Command.Kind != sudoers.CommandAlias || slices.Contains(within, m.Command.Name) {
			return false
		}
		return slices.ContainsFunc(b.tree.Entries, func(e sudoers.Entry) bool {
			def, is := e.(*sudoers.AliasDef)
			return is && def.Kind == sudoers.CmndAlias && slices.ContainsFunc(def.Aliases, func(a sudoers.Alias) bool {
				return a.Name == m.Command.Name && b.hasDigest(a.Commands, append(slices.Clone(within), a.Name))
			})
		})
	})
}

// A cell is command lines of one rule to which the same lines of options bind.
type cell struct {
	// tree has those lines bound to every command, and none of the others.
	tree *sudoers.Tree
	// lines are examples, none where it is not known whether there is such a command line.
	lines []policy.Line
}

// cells are the combinations of lines that bind to what a grant allows. More says that there are too many to look at.
func (b *boundLines) cells(grant *policy.Grant) (cells []cell, tooMany bool) {
	var always, open []*boundLine
	for _, line := range b.lines {
		switch b.of(line, grant) {
		case reachesAll:
			always = append(always, line)
		case reachesSome:
			open = append(open, line)
		}
	}
	if len(open) > maxOpenLines {
		return nil, true
	}
	examples := b.examples(grant)
	for mask := range 1 << len(open) {
		var in, out []*boundLine
		for i, line := range open {
			if mask>>i&1 == 1 {
				in = append(in, line)
			} else {
				out = append(out, line)
			}
		}
		found := cell{tree: b.with(slices.Concat(always, in))}
		for _, example := range examples {
			if b.allBind(in, example, policy.Allowed) && b.allBind(out, example, policy.Denied, policy.Unmatched) {
				found.lines = append(found.lines, example)
			}
		}
		if len(found.lines) > 0 || !b.apart(in) {
			cells = append(cells, found)
		}
	}
	return cells, false
}

func (b *boundLines) allBind(lines []*boundLine, example policy.Line, verdicts ...policy.Verdict) bool {
	return !slices.ContainsFunc(lines, func(line *boundLine) bool { return !slices.Contains(verdicts, b.binds(line, example)) })
}

// examples are command lines that a grant allows, on both sides of each line of options.
func (b *boundLines) examples(grant *policy.Grant) []policy.Line {
	var lines []policy.Line
	for _, line := range b.lines {
		for _, d := range slices.Concat(line.inside, line.outside) {
			if d.Rule != nil && d.Rule.Pos == grant.Pos && !slices.Contains(lines, d.Line) {
				lines = append(lines, d.Line)
			}
		}
	}
	return lines
}

// apart tells that no command is bound by two of the lines together.
func (b *boundLines) apart(lines []*boundLine) bool {
	for i, one := range lines {
		for _, other := range lines[i+1:] {
			only := withRule(&sudoers.Tree{Entries: slices.DeleteFunc(slices.Clone(b.tree.Entries), func(e sudoers.Entry) bool { _, is := e.(*sudoers.UserSpec); return is })}, one.entry.Commands)
			both := policy.Compare(withRule(only, flipped(other.entry.Commands)), only, b.question.WithSharedBudget(only))
			if len(both.NewlyAllowed) == 0 && len(both.Gaps) == 0 {
				return true
			}
		}
	}
	return false
}

// with is the tree in which these lines of options bind to every command, and the others to none.
func (b *boundLines) with(lines []*boundLine) *sudoers.Tree {
	tree := *b.tree
	tree.Entries = nil
	for _, entry := range b.tree.Entries {
		at := slices.IndexFunc(b.lines, func(l *boundLine) bool { return sudoers.Entry(l.entry) == entry })
		switch {
		case at < 0:
			tree.Entries = append(tree.Entries, entry)
		case slices.Contains(lines, b.lines[at]):
			everything := *b.lines[at].entry
			everything.Commands = []sudoers.CommandMember{{Command: sudoers.Command{Kind: sudoers.CommandAll, Name: "ALL"}}}
			tree.Entries = append(tree.Entries, &everything)
		}
	}
	return &tree
}

// switchedOff are the logs that the lines switch off, as "file:line: what".
func (b *boundLines) switchedOff() []string {
	var off []string
	for _, line := range b.lines {
		for _, s := range line.entry.Settings {
			if s.Operator == sudoers.OpFalse && slices.Contains(logOptions, s.Name) {
				off = append(off, fmt.Sprintf("%s:%d: !%s", s.Pos.File, s.Pos.Line, s.Name))
			}
		}
	}
	return off
}

// unknownLine stands for command lines of a grant of which it is not known whether they are logged.
func unknownLine(grant *policy.Grant) string { return grant.Text + NotKnown }

// NotKnown ends a rule in Logged.Unlogged of which it is not known whether it is logged.
const NotKnown = " (not known)"
