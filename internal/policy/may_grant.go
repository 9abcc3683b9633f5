package policy

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// groupPlugin is how sudo asks a group plug-in (sudoers(5), "group_plugin"), which reads its groups from elsewhere.
type groupPlugin struct {
	set    bool // "%:name" is a group of the plug-in
	always bool // and so is each "%name", where the node has no such group
}

// pluginOf looks for a group plug-in. A line that turns it off again is not believed: which one counts depends on the
// order of all files.
func pluginOf(tree *sudoers.Tree) (plugin groupPlugin) {
	for _, entry := range tree.Entries {
		d, is := entry.(*sudoers.Defaults)
		if !is {
			continue
		}
		for _, setting := range d.Settings {
			switch setting.Name {
			case "group_plugin":
				plugin.set = plugin.set || setting.Operator != sudoers.OpFalse
			case "always_query_group_plugin":
				plugin.always = plugin.always || setting.Operator != sudoers.OpFalse
			}
		}
	}
	return plugin
}

// asked tells whether sudo asks the plug-in about a group of a list.
func (p groupPlugin) asked(group string) bool {
	return p.set && (p.always || strings.HasPrefix(group, "%:"))
}

// MayConcern are the rules of a policy that are for a subject, or may be: by a netgroup or a group of a plug-in, of
// which it is not known whether he is in it, and by the options that say how names are compared (sudoers(5):
// case_insensitive_user, case_insensitive_group, use_netgroups, group_plugin, always_query_group_plugin). These count
// with every value: the next text of the policy may set another one for the subject.
func MayConcern(tree *sudoers.Tree, s Subject) (rules []*sudoers.UserSpec) {
	m := newMatcher(tree, nil)
	m.anyOptions, m.outside = true, true
	for _, entry := range tree.Entries {
		if spec, is := entry.(*sudoers.UserSpec); is && m.usersInDoubt(spec.Users, sudoers.UserAlias, s)&allow != 0 {
			rules = append(rules, spec)
		}
	}
	return rules
}

// mayBecome tells whether a member of a list, which is no alias, matches a subject with some values of the options for
// him.
func (m *matcher) mayBecome(u *sudoers.Member, s Subject) match {
	var his bool
	switch u.Kind {
	case sudoers.MemberGroup:
		if s.inGroup(u.Name, false) {
			return yes
		}
		his = s.Name != "root" // a plug-in may say so
	case sudoers.MemberNetgroup:
		his = s.Netgroups == nil || s.inNetgroup(u.Name)
	default:
		if s.isName(u.Name, false) {
			return yes
		}
		his = s.isName(u.Name, true)
	}
	if his {
		return maybe
	}
	return no
}

// ruleInDoubt names a rule that may be for a subject by a netgroup or a group of a plug-in, "" for others.
func (m *matcher) ruleInDoubt(spec *sudoers.UserSpec, s Subject) string {
	if !slices.ContainsFunc(spec.Users, func(u sudoers.Member) bool { return u.Kind != sudoers.MemberWord }) {
		return ""
	}
	if said, _ := m.users(spec.Users, sudoers.UserAlias, s); said == allow {
		return ""
	}
	m.outside = true
	doubted := m.usersInDoubt(spec.Users, sudoers.UserAlias, s)
	m.outside = false
	if doubted&allow == 0 {
		return ""
	}
	return "the rule of " + membersText(spec.Users)
}
