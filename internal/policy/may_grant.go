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

// pluginOf looks for a group plug-in. A line that turns it off again is not believed: which one counts depends on the order of all files.
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

// MayConcern are the rules of a policy that may be for a subject by a netgroup or a group of a plug-in, of which it is not known whether he is in it, nil for none. Grants does not have them.
func MayConcern(tree *sudoers.Tree, s Subject) (rules []*sudoers.UserSpec) {
	m := newMatcher(tree, nil)
	m.applySettings(tree, s)
	m.plugin = pluginOf(tree)
	for _, entry := range tree.Entries {
		if spec, is := entry.(*sudoers.UserSpec); is && m.ruleInDoubt(spec, s) != "" {
			rules = append(rules, spec)
		}
	}
	return rules
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
