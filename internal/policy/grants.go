package policy

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// Match says how a user list names a subject.
type Match string

// The ways in which a user list names a subject.
const (
	// MatchDirect is the name itself, or "#uid" of the subject.
	MatchDirect Match = "direct"
	// MatchGroup is a group of the user.
	MatchGroup Match = "group"
	// MatchNetgroup is a netgroup of the user.
	MatchNetgroup Match = "netgroup"
	// MatchAlias is a User_Alias, whatever is in it.
	MatchAlias Match = "alias"
	// MatchAll is ALL.
	MatchAll Match = "all"
)

// Grant is one command that a policy allows a subject, or takes away from it.
type Grant struct {
	// Pos is the place of the command.
	Pos sudoers.Pos
	// Text is the grant on one line in canonical form, with everything that it
	// takes over from the commands before it.
	Text string
	// Users says how the subject is named, By the word that does it.
	Users Match
	By    string
	// Exact tells that the subject is named literally and alone.
	Exact bool
	// Negated tells that the command is denied.
	Negated bool
	Hosts   []sudoers.Member
	RunAs   *sudoers.RunAs
	Tags    sudoers.TagSet
	Command sudoers.Command
	// Effective is the command with all options in force.
	Effective sudoers.Effective
	// Spec is the line that the grant is in.
	Spec *sudoers.UserSpec

	all  bool
	root bool
}

// Unrestricted tells whether the grant allows every command as root.
func (g Grant) Unrestricted() bool { return !g.Negated && g.all && g.root }

// NoPasswd tells whether the grant itself asks for no password.
func (g Grant) NoPasswd() bool { return g.Tags.NoPasswd == sudoers.Yes }

// Grants lists every command that the policy allows or denies the subject, in
// the order of the policy, on whatever host. Of two that match one command line
// the later decides.
func Grants(tree *sudoers.Tree, s Subject) []Grant {
	m := newMatcher(tree, nil)
	m.applySettings(tree, s)
	var grants []Grant
	for _, e := range tree.Entries {
		if spec, ok := e.(*sudoers.UserSpec); ok {
			if of := m.grants(spec, s); grants == nil {
				grants = of
			} else {
				grants = append(grants, of...)
			}
		}
	}
	return grants
}

// grants lists the grants of one line.
func (m *matcher) grants(spec *sudoers.UserSpec, s Subject) []Grant {
	v, by := m.users(spec.Users, sudoers.UserAlias, s)
	if v != allow {
		return nil
	}
	users := membersText(spec.Users)
	count := 0
	for i := range spec.Privileges {
		count += len(spec.Privileges[i].Commands)
	}
	grants := make([]Grant, 0, count)
	for i := range spec.Privileges {
		p := &spec.Privileges[i]
		head := users + " " + membersText(p.Hosts) + "="
		for _, e := range p.Effective() {
			g := m.grant(&e)
			g.Text = head + g.Text
			g.Users, g.By = matchKind(by, m), by.String()
			g.Exact = g.Users == MatchDirect && len(spec.Users) == 1
			g.Hosts = p.Hosts
			g.Spec = spec
			grants = append(grants, g)
		}
	}
	return grants
}

func (m *matcher) grant(e *sudoers.Effective) Grant {
	spec := e.Spec()
	return Grant{
		Pos:       e.Pos,
		Text:      spec.String(),
		Negated:   e.Negated,
		RunAs:     e.RunAs,
		Tags:      e.Tags,
		Command:   e.Command,
		Effective: *e,
		all:       m.coversAll(&e.CommandMember),
		root:      m.mayBeRoot(e.RunAs),
	}
}

// matchKind says what sort of member decided.
func matchKind(u *sudoers.Member, m *matcher) Match {
	switch u.Kind {
	case sudoers.MemberAll:
		return MatchAll
	case sudoers.MemberGroup:
		if m.subject.IsGroup() && sameName(u.Name, m.subject.Name, m.foldGroup) {
			return MatchDirect
		}
		return MatchGroup
	case sudoers.MemberNetgroup:
		return MatchNetgroup
	case sudoers.MemberAlias:
		if _, ok := m.aliases[aliasKey{sudoers.UserAlias, u.Name}]; ok {
			return MatchAlias
		}
	}
	return MatchDirect
}

// coversAll tells whether a command is ALL, or an alias in which ALL is not
// taken back by what follows it.
func (m *matcher) coversAll(c *sudoers.CommandMember) bool {
	if c.Command.Kind != sudoers.CommandAlias {
		return c.Command.Kind == sudoers.CommandAll && len(c.Digests) == 0
	}
	v, _ := m.inAlias(sudoers.CmndAlias, c.Command.Name, "ALL", func(a *sudoers.Alias) verdict {
		for i := len(a.Commands) - 1; i >= 0; i-- {
			if m.coversAll(&a.Commands[i]) {
				return member(true, a.Commands[i].Negated)
			}
		}
		return unspecified
	})
	return v == allow
}

// mayBeRoot tells whether a run-as list admits root.
func (m *matcher) mayBeRoot(r *sudoers.RunAs) bool {
	root := m.env.account("root")
	switch {
	case r == nil:
		return root.isName(m.runasDefault, m.foldUser)
	case len(r.Users) == 0:
		return sameName(m.subject.Name, "root", false)
	}
	v, _ := m.users(r.Users, sudoers.RunasAlias, root)
	return v == allow
}

// maxMembersText is the longest list that is part of the text of a grant as it is written. The text of each command of
// a rule has it.
const maxMembersText = 1 << 10

// membersText is a list as text, without the end of a long one.
func membersText(list []sudoers.Member) string {
	length := 0
	for i := range list {
		if length += len(list[i].Name) + len(", "); length > maxMembersText {
			return fmt.Sprintf("%s, … (%d in all)", joinMembers(list[:max(1, i)]), len(list))
		}
	}
	return joinMembers(list)
}

func joinMembers(list []sudoers.Member) string {
	words := make([]string, len(list))
	for i := range list {
		words[i] = list[i].String()
	}
	return strings.Join(words, ", ")
}
