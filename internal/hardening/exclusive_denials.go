package hardening

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// holdDenials holds the denials of each line that denies something to members whom the node does not tell: a netgroup,
// a group of a plug-in, a name or a number without an account or a group. What stays may allow it to them. It holds
// every denial while a line that stays is about a netgroup or a group of a plug-in: anybody may be in it.
func (s *sorting) holdDenials(after *sudoersTree) bool {
	aliases := aliasesOf(s.before.tree)
	anybodys := anybodysGroup(after.tree)
	held := false
	for _, line := range s.going(func(*foreignLine) bool { return true }) {
		spec, is := line.entry.(*sudoers.UserSpec)
		if !is {
			continue
		}
		if denials, _ := aliases.leaves(spec); denials == nil {
			continue
		}
		for _, member := range aliases.users(spec) {
			if !s.resolved(member) {
				held = s.keepDenial(aliases, "it denies something to "+printable(member.Name)+", and the node does not tell who that is", line) || held
			}
		}
		if anybodys != "" {
			held = s.keepDenial(aliases, "it denies something, and a line that stays is about "+printable(anybodys)+", in which anybody may be", line) || held
		}
	}
	return held
}

// anybodysGroup is a netgroup or a group of a plug-in to which a policy grants something, "" for none.
func anybodysGroup(tree *sudoers.Tree) string {
	aliases := aliasesOf(tree)
	for _, entry := range tree.Entries {
		spec, is := entry.(*sudoers.UserSpec)
		if !is || !grants(spec) {
			continue
		}
		for _, member := range aliases.users(spec) {
			if member.Kind == sudoers.MemberNetgroup || strings.HasPrefix(member.Name, "%:") {
				return member.Name
			}
		}
	}
	return ""
}

// grants tells whether a rule allows any command.
func grants(spec *sudoers.UserSpec) bool {
	return slices.ContainsFunc(spec.Privileges, func(privilege sudoers.Privilege) bool {
		return slices.ContainsFunc(privilege.Commands, func(command sudoers.CommandSpec) bool { return !command.Negated })
	})
}

// resolved tells whether the node knows whom a member of a user list means.
func (s *sorting) resolved(member sudoers.Member) bool {
	switch member.Kind {
	case sudoers.MemberAll:
		return true
	case sudoers.MemberWord, sudoers.MemberAlias, sudoers.MemberGroup:
		return s.known[member.Name]
	}
	return false
}

// knownNames are the words by which a user list can name an account or a group in the node's own files.
func knownNames(t *sudoersTree) map[string]bool {
	known := map[string]bool{}
	for prefix, name := range map[string]string{"": passwdFile, "%": groupFile} {
		lines, _ := linesOf(t.seen, name)
		for _, line := range lines {
			fields := strings.Split(line, ":")
			if len(fields) < 4 || fields[0] == "" {
				continue
			}
			if id, err := strconv.Atoi(fields[2]); err == nil {
				known[prefix+fields[0]], known[prefix+"#"+strconv.Itoa(id)] = true, true
			}
		}
	}
	return known
}

// aliasBodies are the definitions of aliases.
type aliasBodies map[aliasUse]sudoers.Alias

// aliasesOf are those of a tree. Of two with one name sudo goes by the first.
func aliasesOf(tree *sudoers.Tree) aliasBodies {
	bodies := aliasBodies{}
	for _, entry := range tree.Entries {
		definition, is := entry.(*sudoers.AliasDef)
		if !is {
			continue
		}
		for _, alias := range definition.Aliases {
			if use := (aliasUse{definition.Kind, alias.Name}); bodies[use].Name == "" {
				bodies[use] = alias
			}
		}
	}
	return bodies
}

// users are the members of a rule's user list, with those of its aliases in their place.
func (b aliasBodies) users(spec *sudoers.UserSpec) []sudoers.Member {
	var words []sudoers.Member
	entered := map[string]bool{}
	var enter func(list []sudoers.Member)
	enter = func(list []sudoers.Member) {
		for _, member := range list {
			body, defined := b[aliasUse{sudoers.UserAlias, member.Name}]
			if member.Kind != sudoers.MemberAlias || !defined {
				words = append(words, member)
			} else if !entered[member.Name] {
				entered[member.Name] = true
				enter(body.Members)
			}
		}
	}
	enter(spec.Users)
	return words
}

// leaves are what a rule says of commands, with the bodies of aliases in their place: what it denies, as a rule of its
// own (nil for nothing), and whether it allows anything. A denied alias allows what is denied in it.
func (b aliasBodies) leaves(spec *sudoers.UserSpec) (denials *sudoers.UserSpec, allows bool) {
	var privileges []sudoers.Privilege
	for i := range spec.Privileges {
		denied := sudoers.Privilege{Hosts: spec.Privileges[i].Hosts}
		for _, command := range spec.Privileges[i].Effective() {
			as := sudoers.CommandSpec{RunAs: command.RunAs, Options: command.Options()}
			type way struct {
				alias   string
				negated bool
			}
			entered := map[way]bool{} // the order of denials alone says nothing, so each way into an alias counts once
			var enter func(member sudoers.CommandMember, negated bool)
			enter = func(member sudoers.CommandMember, negated bool) {
				negated = negated != member.Negated
				body, defined := b[aliasUse{sudoers.CmndAlias, member.Command.Name}]
				switch at := (way{member.Command.Name, negated}); {
				case member.Command.Kind == sudoers.CommandAlias && defined && entered[at]:
				case member.Command.Kind == sudoers.CommandAlias && defined:
					entered[at] = true
					for _, inside := range body.Commands {
						enter(inside, negated)
					}
				case negated:
					as.CommandMember = member
					as.Negated = true
					denied.Commands = append(denied.Commands, as)
				default:
					allows = true
				}
			}
			enter(command.CommandMember, false)
		}
		if len(denied.Commands) > 0 {
			privileges = append(privileges, denied)
		}
	}
	if len(privileges) == 0 {
		return nil, allows
	}
	return &sudoers.UserSpec{Users: spec.Users, Privileges: privileges}, allows
}

// keepDenials holds the rules that do nothing but deny. Of one that allows something too only what it denies stays, in
// its place. It tells whether there were any.
func (s *sorting) keepDenials(why string, lines ...*foreignLine) bool {
	aliases := aliasesOf(s.before.tree)
	kept := false
	for _, line := range lines {
		kept = s.keepDenial(aliases, why, line) || kept
	}
	return kept
}

// keepDenial is keepDenials for one line.
func (s *sorting) keepDenial(aliases aliasBodies, why string, line *foreignLine) bool {
	spec, is := line.entry.(*sudoers.UserSpec)
	if !is || line.unit.held != "" {
		return false
	}
	denials, allows := aliases.leaves(spec)
	switch {
	case denials == nil:
		return false
	case allows:
		return s.keepPart(line, &line.part, denials)
	}
	return s.keep(why, line)
}
