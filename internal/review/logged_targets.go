package review

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// targets are requests for each target of a grant that options of logs tell apart (Defaults>), without a command. Not
// known says that there are others, or that it depends on the node whether they are targets.
func (b *boundLines) targets(grant *policy.Grant) (targets []policy.Request, known bool) {
	plain := policy.Request{Subject: b.question.Subject, Host: b.host, Env: b.question.Env}
	bound := b.boundToTargets()
	if len(bound) == 0 {
		return []policy.Request{plain}, true
	}
	granting := b.targetRule(grant.RunAs)
	named := *granting
	for _, d := range bound {
		rule := b.targetRule(&sudoers.RunAs{Users: d.Members}).Entries
		named.Entries = append(slices.Clip(named.Entries), rule[len(rule)-1])
	}
	question := b.question
	question.Host = b.host
	classes, gaps := policy.Classes(question, &named)
	known = len(gaps) == 0 && !(grant.RunAs != nil && b.byID(grant.RunAs.Users, nil)) &&
		!slices.ContainsFunc(bound, func(d *sudoers.Defaults) bool { return b.byID(d.Members, nil) })
	for _, class := range classes {
		class.Command = anyProgram
		switch policy.Decide(granting, class).Verdict {
		case policy.Allowed:
			targets = append(targets, class)
		case policy.Unknown:
			targets, known = append(targets, class), false
		}
	}
	return targets, known && len(targets) > 0
}

// byID tells whether a list, or an alias in it, names an account or a group by its id: only the node knows whose that
// is.
func (b *boundLines) byID(members []sudoers.Member, within []string) bool {
	return slices.ContainsFunc(members, func(m sudoers.Member) bool {
		switch {
		case m.Kind == sudoers.MemberWord && m.Name == "#0":
			return false
		case m.Kind == sudoers.MemberWord || m.Kind == sudoers.MemberGroup:
			return strings.HasPrefix(strings.TrimPrefix(m.Name, "%"), "#")
		case m.Kind != sudoers.MemberAlias || slices.Contains(within, m.Name):
			return false
		}
		return slices.ContainsFunc(b.tree.Entries, func(e sudoers.Entry) bool {
			def, is := e.(*sudoers.AliasDef)
			return is && def.Kind == sudoers.RunasAlias && slices.ContainsFunc(def.Aliases, func(a sudoers.Alias) bool {
				return a.Name == m.Name && b.byID(a.Members, append(slices.Clone(within), a.Name))
			})
		})
	})
}

// boundToTargets are the lines of the tree that bind options of logs to targets.
func (b *boundLines) boundToTargets() []*sudoers.Defaults {
	var bound []*sudoers.Defaults
	for _, entry := range b.tree.Entries {
		d, is := entry.(*sudoers.Defaults)
		if is && d.Scope == sudoers.ScopeRunAs && slices.ContainsFunc(d.Settings, func(s sudoers.Setting) bool { return slices.Contains(logOptions, s.Name) }) {
			bound = append(bound, d)
		}
	}
	return bound
}

// targetRule is the tree with one rule alone: every command, as these targets.
func (b *boundLines) targetRule(as *sudoers.RunAs) *sudoers.Tree {
	all := []sudoers.Member{{Kind: sudoers.MemberAll, Name: "ALL"}}
	everything := sudoers.CommandMember{Command: sudoers.Command{Kind: sudoers.CommandAll, Name: "ALL"}}
	tree := *b.tree
	tree.Entries = slices.DeleteFunc(slices.Clone(b.tree.Entries), func(e sudoers.Entry) bool { _, is := e.(*sudoers.UserSpec); return is })
	tree.Entries = append(tree.Entries, &sudoers.UserSpec{Users: all, Privileges: []sudoers.Privilege{{Hosts: all, Commands: []sudoers.CommandSpec{{RunAs: as, CommandMember: everything}}}}})
	return &tree
}
