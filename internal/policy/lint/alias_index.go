package lint

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// aliasKey is a name in one of the four name spaces.
type aliasKey struct {
	kind sudoers.AliasKind
	name string
}

// aliasUse is one place where an alias is named.
type aliasUse struct {
	key aliasKey
	pos sudoers.Pos
	// within is the alias in whose body the place is; its name is empty outside.
	within aliasKey
}

// aliasIndex knows all definitions and uses of aliases, in the order of the policy.
type aliasIndex struct {
	defs  map[aliasKey]*sudoers.Alias
	order []aliasKey
	again []aliasAgain
	uses  []aliasUse
	// inBody are the uses by the alias in whose body they stand.
	inBody map[aliasKey][]aliasUse
}

// aliasAgain is a second definition of one name.
type aliasAgain struct {
	key   aliasKey
	alias *sudoers.Alias
}

func collectAliases(tree *sudoers.Tree) *aliasIndex {
	x := &aliasIndex{defs: map[aliasKey]*sudoers.Alias{}, inBody: map[aliasKey][]aliasUse{}}
	for _, e := range tree.Entries {
		switch e := e.(type) {
		case *sudoers.AliasDef:
			for i := range e.Aliases {
				x.define(e.Kind, &e.Aliases[i])
			}
		case *sudoers.Defaults:
			x.members(defaultsAliases[e.Scope], e.Members, aliasKey{})
			x.commands(e.Commands, aliasKey{})
		case *sudoers.UserSpec:
			x.spec(e)
		}
	}
	return x
}

// defaultsAliases are the aliases that a binding of Defaults may name.
var defaultsAliases = map[sudoers.Scope]sudoers.AliasKind{
	sudoers.ScopeHost: sudoers.HostAlias, sudoers.ScopeUser: sudoers.UserAlias, sudoers.ScopeRunAs: sudoers.RunasAlias,
}

func (x *aliasIndex) define(kind sudoers.AliasKind, a *sudoers.Alias) {
	key := aliasKey{kind, a.Name}
	if _, dup := x.defs[key]; dup {
		x.again = append(x.again, aliasAgain{key, a})
	} else {
		x.defs[key] = a
		x.order = append(x.order, key)
	}
	x.members(kind, a.Members, key)
	x.commands(a.Commands, key)
}

func (x *aliasIndex) spec(s *sudoers.UserSpec) {
	x.members(sudoers.UserAlias, s.Users, aliasKey{})
	for i := range s.Privileges {
		p := &s.Privileges[i]
		x.members(sudoers.HostAlias, p.Hosts, aliasKey{})
		for j := range p.Commands {
			if r := p.Commands[j].RunAs; r != nil {
				x.members(sudoers.RunasAlias, r.Users, aliasKey{})
				x.members(sudoers.RunasAlias, r.Groups, aliasKey{})
			}
			x.command(&p.Commands[j].CommandMember, aliasKey{})
		}
	}
}

func (x *aliasIndex) members(kind sudoers.AliasKind, list []sudoers.Member, within aliasKey) {
	for i := range list {
		if list[i].Kind == sudoers.MemberAlias {
			x.use(aliasUse{aliasKey{kind, list[i].Name}, list[i].Pos, within})
		}
	}
}

func (x *aliasIndex) commands(list []sudoers.CommandMember, within aliasKey) {
	for i := range list {
		x.command(&list[i], within)
	}
}

func (x *aliasIndex) command(c *sudoers.CommandMember, within aliasKey) {
	if c.Command.Kind == sudoers.CommandAlias {
		x.use(aliasUse{aliasKey{sudoers.CmndAlias, c.Command.Name}, c.Pos, within})
	}
}

func (x *aliasIndex) use(u aliasUse) {
	x.uses = append(x.uses, u)
	if u.within.name != "" {
		x.inBody[u.within] = append(x.inBody[u.within], u)
	}
}
