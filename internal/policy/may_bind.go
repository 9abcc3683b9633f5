package policy

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Doubt are Defaults or rules that may be for a subject, or not: by an id, a group or a netgroup of which it is not
// known whether they are his. Decisions are made as if they were not.
type Doubt struct {
	// If says how it is otherwise: "Defaults:%admins holds for the caller", "the rule of +admins holds for the caller".
	If string
	// Tree is the policy as it is then.
	Tree *sudoers.Tree
}

// mostDoubts bounds the work: each binding is looked at by itself.
const mostDoubts = 8

// Doubts are the bindings of a policy that may hold for a subject, each with the policy as it is if it does, and at the
// end all of them together. TooMany tells that there are more than are looked at. Left out are Defaults of which no
// value does harm, and rules of groups of the node.
//
// What is known of a subject: the groups of a user, unless Subject.Groups and Subject.GIDs are nil, and his netgroups,
// unless Subject.Netgroups is nil. Any user but root may be a member of a group. Nobody knows what a group plug-in
// answers.
func Doubts(tree *sudoers.Tree, q Question) (doubts []Doubt, tooMany bool) {
	m := newMatcher(tree, q.Env)
	m.prepare(&Request{Subject: q.Subject, Host: q.Host})
	m.applySettings(tree, q.Subject)
	m.plugin = pluginOf(tree)
	at := map[string][]int{}
	holds := map[string]bool{}
	var keys []string
	for i, entry := range tree.Entries {
		var key string
		var his bool
		switch entry := entry.(type) {
		case *sudoers.Defaults:
			key, his = m.defaultsInDoubt(entry, q.Subject)
		case *sudoers.UserSpec:
			key = m.ruleInDoubt(entry, q.Subject)
		}
		if key == "" {
			continue
		}
		if at[key] == nil {
			keys = append(keys, key)
		}
		holds[key] = his
		at[key] = append(at[key], i)
	}
	if len(keys) > mostDoubts {
		return nil, true
	}
	all := tree
	for _, key := range keys {
		how := " holds for the caller"
		if holds[key] {
			how = " does not hold for the caller"
		}
		doubts = append(doubts, Doubt{key + how, boundTo(tree, at[key], q.Subject, !holds[key])})
		all = boundTo(all, at[key], q.Subject, !holds[key])
	}
	if len(doubts) > 1 {
		texts := make([]string, len(doubts))
		for i := range doubts {
			texts[i] = doubts[i].If
		}
		doubts = append(doubts, Doubt{strings.Join(texts, ", and "), all})
	}
	return doubts, false
}

// defaultsInDoubt names Defaults that may do harm and of which it is not known whether they are for a subject, "" for
// others. His tells that decisions take them for his.
func (m *matcher) defaultsInDoubt(d *sudoers.Defaults, s Subject) (key string, his bool) {
	if d.Scope != sudoers.ScopeUser || !slices.ContainsFunc(d.Settings, func(s sudoers.Setting) bool { return mayHarm(s.Name) }) {
		return "", false
	}
	said, _ := m.users(d.Members, sudoers.UserAlias, s)
	doubted := m.usersInDoubt(d.Members, sudoers.UserAlias, s)
	if said == allow && doubted == allow || said != allow && doubted&allow == 0 {
		return "", false
	}
	return "Defaults" + bindingOf(d), said == allow
}

// boundTo gives a policy in which some Defaults and rules are for a subject, or not.
func boundTo(tree *sudoers.Tree, at []int, subject Subject, holds bool) *sudoers.Tree {
	bound := *tree
	bound.Entries = slices.Clone(tree.Entries)
	member := sudoers.Member{Kind: sudoers.MemberWord, Name: subject.Name, Negated: !holds}
	if subject.IsGroup() {
		member.Kind = sudoers.MemberGroup
	}
	for _, i := range at {
		switch entry := tree.Entries[i].(type) {
		case *sudoers.Defaults:
			his := *entry
			his.Members = []sudoers.Member{member}
			bound.Entries[i] = &his
		case *sudoers.UserSpec:
			his := *entry
			his.Users = []sudoers.Member{member}
			bound.Entries[i] = &his
		}
	}
	return &bound
}

// PerhapsBound gives the policy as it is where Defaults hold for a subject of which that is not known: by a netgroup or
// a group of a plug-in. There is one for each of them, whatever it sets.
func PerhapsBound(tree *sudoers.Tree, s Subject) (trees []*sudoers.Tree) {
	m := newMatcher(tree, nil)
	m.applySettings(tree, s)
	m.plugin, m.outside = pluginOf(tree), true
	for i, entry := range tree.Entries {
		d, is := entry.(*sudoers.Defaults)
		if !is || d.Scope != sudoers.ScopeUser {
			continue
		}
		if said, _ := m.users(d.Members, sudoers.UserAlias, s); said != allow && m.usersInDoubt(d.Members, sudoers.UserAlias, s)&allow != 0 {
			trees = append(trees, boundTo(tree, []int{i}, s, true))
		}
	}
	return trees
}

// mayHarm tells whether some value of an option does harm, or changes what a grant allows.
func mayHarm(name string) bool {
	o, known := options[name]
	return !known || o.why != nil || !slices.Contains([]string{onlyText, onlyPassword, onlyRecords, onlyLess, onlyElsewhere, asTheCaller}, o.harmless)
}

// OnlyShows tells whether an option changes only what sudo shows, or who gets a mail.
func OnlyShows(name string) bool { return options[name].harmless == onlyText }

// usersInDoubt is users, and adds unsure where a member may be the subject.
func (m *matcher) usersInDoubt(members []sudoers.Member, kind sudoers.AliasKind, s Subject) verdict {
	v, _ := list(members, func(u *sudoers.Member) verdict {
		if u.Kind == sudoers.MemberAll {
			return member(true, u.Negated)
		}
		if u.Kind == sudoers.MemberAlias {
			asked := s.Name + " in doubt"
			if m.outside {
				asked += " outside"
			}
			v, found := m.inAlias(kind, u.Name, asked, func(a *sudoers.Alias) verdict { return m.usersInDoubt(a.Members, kind, s) })
			if found {
				return flip(v, u.Negated)
			}
		}
		return commandVerdict(m.mayBe(u, s), u.Negated)
	})
	return v
}

// mayBe tells whether a member of a list, which is no alias, matches a subject.
func (m *matcher) mayBe(u *sudoers.Member, s Subject) match {
	if m.anyOptions {
		return m.mayBecome(u, s)
	}
	switch u.Kind {
	case sudoers.MemberGroup:
		known := s.GIDs != nil || s.Groups != nil && !isNumber(u.Name)
		switch {
		case s.inGroup(u.Name, m.foldGroup && !m.groupByID):
			return yes
		case m.plugin.asked(u.Name) && s.Name != "root":
			return maybe
		case m.outside:
			return no
		case s.IsGroup() || !known && s.Name != "root":
			return maybe
		}
		return no
	case sudoers.MemberNetgroup:
		switch {
		case m.netgroups && s.inNetgroup(u.Name):
			return yes
		case m.netgroups && s.Netgroups == nil:
			return maybe
		}
		return no
	}
	switch {
	case s.isName(u.Name, m.foldUser):
		return yes
	case m.outside:
		return no
	case u.Name == "root" || u.Name == "#0":
		return no
	case s.IsGroup(), s.UID == nil && isNumber(u.Name):
		return maybe
	}
	return no
}

// isNumber tells whether a user or group is named by its id: "#1000", "%#1000".
func isNumber(name string) bool {
	return len(name) > 1 && (name[0] == '#' || name[0] == '%' && name[1] == '#')
}
