package hardening

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// holdAliases holds definitions that a line which stays refers to.
func (s *sorting) holdAliases(after *sudoersTree) bool {
	defined, used := map[aliasUse]bool{}, map[aliasUse]bool{}
	var next []aliasUse
	use := func(entry sudoers.Entry) {
		for _, alias := range aliasesIn(entry) {
			if !used[alias] {
				used[alias], next = true, append(next, alias)
			}
		}
	}
	for _, entry := range after.tree.Entries {
		if definition, is := entry.(*sudoers.AliasDef); is {
			for _, alias := range definition.Aliases {
				defined[aliasUse{definition.Kind, alias.Name}] = true
			}
		}
		use(entry)
	}
	by := map[aliasUse]*foreignLine{} // of two definitions sudo goes by the first
	for _, line := range s.going(func(*foreignLine) bool { return true }) {
		if definition, is := line.entry.(*sudoers.AliasDef); is {
			for _, alias := range definition.Aliases {
				if of := (aliasUse{definition.Kind, alias.Name}); by[of] == nil {
					by[of] = line
				}
			}
		}
	}
	held := false
	for len(next) > 0 {
		alias := next[0]
		next = next[1:]
		line := by[alias]
		if defined[alias] || line == nil {
			continue
		}
		held = true
		stays := s.keepAliases(line, func(of aliasUse) bool { return used[of] && !defined[of] })
		for _, alias := range stays.Aliases {
			defined[aliasUse{stays.Kind, alias.Name}] = true
		}
		use(stays)
	}
	return held
}

// keepAliases holds the definitions of a line that are needed, beside those that stay already, and gives what stays of
// it. The others of the line go: they may say who is an administrator.
func (s *sorting) keepAliases(line *foreignLine, needed func(aliasUse) bool) *sudoers.AliasDef {
	whole, is := line.entry.(*sudoers.AliasDef)
	if !is {
		return &sudoers.AliasDef{}
	}
	before, _ := line.part.(*sudoers.AliasDef)
	part := *whole
	part.HasTrailing = false
	part.Aliases = slices.DeleteFunc(slices.Clone(whole.Aliases), func(alias sudoers.Alias) bool {
		there := before != nil && slices.ContainsFunc(before.Aliases, func(kept sudoers.Alias) bool { return kept.Name == alias.Name })
		return !there && !needed(aliasUse{whole.Kind, alias.Name})
	})
	if len(part.Aliases) < len(whole.Aliases) && s.keepPart(line, &line.part, &part) {
		return &part
	}
	s.keep("a line that stays refers to the alias", line)
	return whole
}

// aliasUse is an alias that an entry refers to.
type aliasUse struct {
	Kind sudoers.AliasKind
	Name string
}

// aliasesIn are the aliases that an entry refers to.
func aliasesIn(entry sudoers.Entry) []aliasUse {
	var uses []aliasUse
	members := func(kind sudoers.AliasKind, list []sudoers.Member) {
		for _, m := range list {
			if m.Kind == sudoers.MemberAlias {
				uses = append(uses, aliasUse{kind, m.Name})
			}
		}
	}
	command := func(c sudoers.CommandMember) {
		if c.Command.Kind == sudoers.CommandAlias {
			uses = append(uses, aliasUse{sudoers.CmndAlias, c.Command.Name})
		}
	}
	switch entry := entry.(type) {
	case *sudoers.AliasDef:
		for _, alias := range entry.Aliases {
			members(entry.Kind, alias.Members)
			for _, c := range alias.Commands {
				command(c)
			}
		}
	case *sudoers.Defaults:
		members(map[sudoers.Scope]sudoers.AliasKind{sudoers.ScopeHost: sudoers.HostAlias, sudoers.ScopeRunAs: sudoers.RunasAlias}[entry.Scope], entry.Members)
		for _, c := range entry.Commands {
			command(c)
		}
	case *sudoers.UserSpec:
		members(sudoers.UserAlias, entry.Users)
		for _, privilege := range entry.Privileges {
			members(sudoers.HostAlias, privilege.Hosts)
			for _, spec := range privilege.Commands {
				if spec.RunAs != nil {
					members(sudoers.RunasAlias, spec.RunAs.Users)
					members(sudoers.RunasAlias, spec.RunAs.Groups)
				}
				command(spec.CommandMember)
			}
		}
	}
	return uses
}
