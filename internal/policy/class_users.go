package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// ordinaryName stands for accounts that no policy names, ordinaryGroup for groups. Debian has both (base-passwd).
const (
	ordinaryName  = "nobody"
	ordinaryGroup = "nogroup"
)

// targets are the users and groups that rules on one host tell apart.
func (c *classes) targets(host Request) []Request {
	t := targetNames{}
	t.user("root")
	seen := map[*sudoers.RunAs]bool{}
	anyGroup := false // a rule lets its target have any group, as those without a list do until 1.9.13 (runAsUntil1913)
	for i := range c.policies {
		p := &c.policies[i]
		here := p.hosts.On(host)
		m := newMatcher(here, c.env)
		m.prepare(&host)
		for _, entry := range here.Entries {
			spec, ok := entry.(*sudoers.UserSpec)
			if !ok {
				continue
			}
			for _, g := range p.of[spec] {
				anyGroup = anyGroup || g.RunAs == nil && !m.resolves()
				if g.RunAs != nil && !seen[g.RunAs] && m.hosts(g.Hosts)&allow != 0 {
					seen[g.RunAs] = true
					if caller := c.question.Subject.Name; len(g.RunAs.Users) == 0 && !strings.HasPrefix(caller, "%") {
						t.user(caller) // the caller himself, whom -u may name as well
					}
					p.members(g.RunAs.Users, sudoers.RunasAlias, t.addUser)
					p.members(g.RunAs.Groups, sudoers.RunasAlias, t.addGroup)
				}
			}
		}
		p.bound(sudoers.ScopeRunAs, sudoers.RunasAlias, t.addUser)
		for _, e := range p.tree.Entries {
			if d, ok := e.(*sudoers.Defaults); ok {
				for k := range d.Settings {
					if s := &d.Settings[k]; s.Name == "runas_default" && s.Value != "" {
						t.user(s.Value)
					}
				}
			}
		}
	}
	if anyGroup && len(seen) > 0 { // where all rules are such, the group makes no difference
		t.group(ordinaryGroup)
	}
	if len(t.memberships) > maxMemberships {
		c.gap("its rules tell apart too many groups of target users")
		t.memberships = nil
	}
	users := c.withIDs(t.users, c.userID, func(name string) bool { return t.written[name] }, "account")
	groups := c.withIDs(t.groups, c.env.groupID, func(name string) bool { return t.written[":"+name] }, "group")
	if most := maxTargets >> len(t.memberships) / (len(groups) + 1); len(users) > most {
		c.gap(tooManyTargets)
		users, groups = users[:min(len(users), manyClasses)], groups[:min(len(groups), manyClasses)]
	}
	var requests []Request
	for _, user := range users {
		for set := range 1 << len(t.memberships) {
			target := account(c.env, user.name)
			if user.name == c.question.Subject.Name {
				target = c.question.Subject
			}
			if user.id != nil {
				target.UID = user.id
			}
			for i, membership := range t.memberships {
				if set&(1<<i) != 0 {
					membership(&target)
				}
			}
			request := host
			request.RunAsUser, request.assumed = &target, user.assumed
			requests = append(requests, request)
			for i := range groups {
				requests = append(requests, groups[i].group(request))
			}
		}
	}
	for i := range groups {
		requests = append(requests, groups[i].group(host))
	}
	// What is assumed comes last: of requests that nothing tells apart the first is kept.
	slices.SortStableFunc(requests, func(a, b Request) int { return cmp.Compare(min(1, len(a.assumed)), min(1, len(b.assumed))) })
	return requests
}

// account is a user by its name, or by "#uid".
func account(env *Environment, name string) Subject {
	s := env.account(name)
	if id, ok := parseID(name); ok {
		s.UID = &id
	}
	return s
}

func parseID(word string) (id int, ok bool) {
	_, err := fmt.Sscanf(word, "#%d", &id)
	return id, err == nil
}

// targetNames are the names in run-as lists.
type targetNames struct {
	users, groups []string
	known         map[string]bool // of users, and of groups behind a colon
	written       map[string]bool // those that rules name, and not an ordinary one in their place
	named         []string        // what memberships are about
	memberships   []func(*Subject)
}

func (t *targetNames) addUser(m sudoers.Member) {
	switch m.Kind {
	case sudoers.MemberAll:
		t.user(ordinaryName)
	case sudoers.MemberGroup, sudoers.MemberNetgroup:
		t.user(ordinaryName)
		if slices.Contains(t.named, m.Name) {
			return
		}
		t.named = append(t.named, m.Name)
		t.memberships = append(t.memberships, func(s *Subject) {
			name := m.Name[1:]
			switch id, ok := parseID(name); {
			case m.Kind == sudoers.MemberNetgroup:
				s.Netgroups = append(slices.Clone(s.Netgroups), name)
			case ok:
				s.GIDs = append(slices.Clone(s.GIDs), id)
			default:
				s.Groups = append(slices.Clone(s.Groups), name)
			}
		})
	case sudoers.MemberWord, sudoers.MemberAlias:
		t.user(m.Name)
		t.write(m.Name)
	}
}

func (t *targetNames) addGroup(m sudoers.Member) {
	switch m.Kind {
	case sudoers.MemberAll:
		t.group(ordinaryGroup)
	case sudoers.MemberWord, sudoers.MemberAlias:
		t.group(m.Name)
		t.write(":" + m.Name)
	}
}

func (t *targetNames) user(name string) {
	if t.isNew(name) {
		t.users = append(t.users, name)
	}
}

func (t *targetNames) group(name string) {
	if t.isNew(":" + name) {
		t.groups = append(t.groups, name)
	}
}

func (t *targetNames) write(name string) {
	if t.written == nil {
		t.written = map[string]bool{}
	}
	t.written[name] = true
}

func (t *targetNames) isNew(name string) bool {
	if t.known[name] {
		return false
	}
	if t.known == nil {
		t.known = map[string]bool{}
	}
	t.known[name] = true
	return true
}
