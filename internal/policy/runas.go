package policy

import "github.com/pvesec/terraform-provider-pvesec/internal/sudoers"

// runAsMatches matches a run-as list against the target of -u and -g (match.c,
// runaslist_matches). Three forms of that function decide differently about -g.
func (m *matcher) runAsMatches(r *sudoers.RunAs) verdict {
	switch {
	case !m.resolves():
		return m.runAsUntil1913(r)
	case r == nil:
		return m.joinRunAs(member(m.runAs.user.isName(m.runasDefault, m.foldUser), false), nil)
	case len(r.Users) == 0:
		// The invoking user himself, where -u names him or -g is given alone.
		self := m.subject.Name == m.runAs.user.Name
		return m.joinRunAs(member(self || !m.runAs.userGiven && m.runAs.groupGiven, false), r.Groups)
	}
	user, _ := m.users(r.Users, sudoers.RunasAlias, m.runAs.user)
	return m.joinRunAs(user, r.Groups)
}

// joinRunAs joins what the user part says with the group part.
func (m *matcher) joinRunAs(user verdict, groups []sudoers.Member) verdict {
	if !m.runAs.groupGiven {
		return user
	}
	group := m.runAsGroups(groups, user)
	if m.strictGroups() && group == allow && user == unspecified && m.subject.Name == m.runAs.user.Name {
		user = allow
	}
	return bothParts(user, group)
}

func bothParts(user, group verdict) verdict {
	switch {
	case user == deny || group == deny:
		return deny
	case user == group:
		return user
	}
	return unspecified
}

// strictGroups tells whether the target's own groups count only if the target
// matched, as they do after 1.9.17.
func (m *matcher) strictGroups() bool {
	return m.env.Version.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 18})
}

// runAsGroups matches the group part, then the groups that the target user has
// (match.c, runas_grouplist_matches).
func (m *matcher) runAsGroups(members []sudoers.Member, user verdict) verdict {
	v, _ := list(members, func(g *sudoers.Member) verdict {
		if g.Kind == sudoers.MemberAlias {
			v, found := m.inAlias(sudoers.RunasAlias, g.Name, ":"+user.String(), func(a *sudoers.Alias) verdict {
				return m.runAsGroups(a.Members, user)
			})
			if found {
				return flip(v, g.Negated)
			}
		}
		return m.isRunAsGroup(g)
	})
	if v == unspecified && (user == allow || !m.strictGroups()) {
		return member(m.ownGroup(), false)
	}
	return v
}

// isRunAsGroup compares one member that is no alias with the group of -g.
func (m *matcher) isRunAsGroup(g *sudoers.Member) verdict {
	if g.Kind == sudoers.MemberAll {
		return member(true, g.Negated)
	}
	if g.Kind != sudoers.MemberWord && g.Kind != sudoers.MemberAlias {
		return unspecified
	}
	same := m.runAs.groupID != nil && isID(g.Name, *m.runAs.groupID)
	return member(same || sameName(g.Name, m.runAs.group, m.foldGroup), g.Negated)
}

// ownGroup tells whether the group of -g is one of the target user's own.
func (m *matcher) ownGroup() bool {
	if m.runAs.groupID != nil {
		for _, gid := range m.runAs.user.GIDs {
			if gid == *m.runAs.groupID {
				return true
			}
		}
	}
	return m.runAs.user.inGroup("%"+m.runAs.group, m.foldGroup)
}

// runAsUntil1913 matches as sudo 1.9.13 and older do (match.c, runaslist_matches
// there): a rule without a list lets -u runas_default have any group, -g alone does
// not look at the users, and the bodies of aliases go through the whole of it.
func (m *matcher) runAsUntil1913(r *sudoers.RunAs) verdict {
	if r == nil {
		if m.runAs.userGiven || !m.runAs.groupGiven {
			return flip(allow, !m.runAs.user.isName(m.runasDefault, m.foldUser))
		}
		return m.runAsParts(nil, nil)
	}
	if len(r.Users) == 0 && len(r.Groups) == 0 {
		return m.runAsParts([]sudoers.Member{{}}, nil)
	}
	return m.runAsParts(r.Users, r.Groups)
}

// runAsParts matches both parts. A member of no kind stands for the invoking user.
func (m *matcher) runAsParts(users, groups []sudoers.Member) verdict {
	user := unspecified
	if m.runAs.userGiven || !m.runAs.groupGiven {
		user, _ = list(users, m.runAsUser1913)
	}
	if !m.runAs.groupGiven {
		return user
	}
	if user == unspecified && m.subject.Name == m.runAs.user.Name {
		user = allow
	}
	group, _ := list(groups, func(g *sudoers.Member) verdict {
		if g.Kind == sudoers.MemberAlias {
			v, found := m.inAlias(sudoers.RunasAlias, g.Name, ":", func(a *sudoers.Alias) verdict {
				return m.runAsParts(nil, a.Members)
			})
			if found {
				return flip(v, g.Negated)
			}
		}
		return m.isRunAsGroup(g)
	})
	if group == unspecified && m.ownGroup() {
		group = allow
	}
	return bothParts(user, group)
}

func (m *matcher) runAsUser1913(u *sudoers.Member) verdict {
	switch u.Kind {
	case 0:
		return member(!m.runAs.userGiven || m.subject.Name == m.runAs.user.Name, u.Negated)
	case sudoers.MemberAlias:
		v, found := m.inAlias(sudoers.RunasAlias, u.Name, "", func(a *sudoers.Alias) verdict {
			return m.runAsParts(a.Members, nil)
		})
		if found {
			return flip(v, u.Negated)
		}
		return member(m.runAs.user.isName(u.Name, m.foldUser), u.Negated)
	}
	v, _ := m.users([]sudoers.Member{*u}, sudoers.RunasAlias, m.runAs.user)
	return v
}
