package proxmox

import (
	"slices"
	"strings"
)

// Right is one privilege that somebody holds on a path.
type Right struct {
	Propagate bool     // holds below the path too
	Sources   []Source // the ACL entries that give it, at least one, sorted
}

// Source is the ACL entry that a right comes from.
type Source struct {
	Type   string // "user", "group" or "token"
	Holder string // user, group or token id of the entry
	Role   string
	Path   string // of the entry, which may be above the path of the right
	Pool   string // pool id if the right comes from membership in a pool; "" otherwise
}

// String tells the source as a reviewer reads it.
func (s Source) String() string {
	text := "role " + s.Role + " on " + s.Path
	if s.Type == "group" {
		text += " through group " + s.Holder
	}
	if s.Pool != "" {
		text += " as member of pool " + s.Pool
	}
	return text
}

// Rights resolves who may do what, from the lists of users, roles and ACL
// entries, by the rules of PVE::AccessControl::roles and
// PVE::RPCEnvironment::permissions. It is a value of its own: a later write does
// not change it.
type Rights struct {
	builtIn map[string]bool                      // roles that belong to PVE
	roles   map[string][]string                  // privileges by role
	acl     map[aclHolder]map[string][]roleGrant // by holder and path
	groups  map[UserID][]string                  // memberships
	tokens  map[string]bool                      // privilege separation by full token id
	owned   map[UserID][]string                  // full token ids
	pools   map[string]PoolMembers               // by pool id
	over    *Rights                              // what this overlays, nil for none
}

// roleGrant is what an ACL entry adds to its holder and path.
type roleGrant struct {
	role      string
	propagate bool
}

// PoolMembers are the guests and storages of a pool.
type PoolMembers struct {
	Guests   []string // VMIDs
	Storages []string
}

// has reports whether an ACL path belongs to a member.
func (m PoolMembers) has(path string) bool {
	if id, ok := strings.CutPrefix(path, "/vms/"); ok {
		return slices.Contains(m.Guests, id)
	}
	id, ok := strings.CutPrefix(path, "/storage/")
	return ok && slices.Contains(m.Storages, id)
}

func newRights(users *userList, roles []Role, acl *aclList) *Rights {
	r := &Rights{builtIn: map[string]bool{}, roles: make(map[string][]string, len(roles)), acl: make(map[aclHolder]map[string][]roleGrant, len(acl.byHolder)),
		groups: make(map[UserID][]string, len(users.all)), tokens: make(map[string]bool, len(users.all)), owned: make(map[UserID][]string, len(users.all))}
	for _, role := range roles {
		r.roles[role.ID] = role.Privileges
		r.builtIn[role.ID] = role.BuiltIn
	}
	for holder, entries := range acl.byHolder {
		paths := make(map[string][]roleGrant, len(entries))
		for _, e := range entries {
			paths[e.Path] = append(paths[e.Path], roleGrant{e.Role, e.Propagate})
		}
		r.acl[holder] = paths
	}
	for _, u := range users.all {
		r.groups[u.ID] = u.Groups
		for _, t := range u.Tokens {
			full := u.ID.Token(t.ID)
			r.tokens[full] = t.PrivilegeSeparation
			r.owned[u.ID] = append(r.owned[u.ID], full)
		}
	}
	return r
}

// With returns the rights as they will be once p is what PVE holds: its groups,
// its managed role, its own ACL entries and those of its tokens replace what the
// lists say.
func (r *Rights) With(p Principal) *Rights {
	p = p.normal()
	planned := &Rights{roles: map[string][]string{}, acl: map[aclHolder]map[string][]roleGrant{},
		groups: map[UserID][]string{p.UserID: p.Groups}, tokens: map[string]bool{}, over: r}
	if p.Role != nil {
		planned.roles[p.Role.ID] = p.Role.Privileges
	}
	planned.acl[aclHolder{"user", string(p.UserID)}] = grantsByPath(p.Grants)
	for id, t := range p.Tokens {
		full := p.UserID.Token(id)
		planned.tokens[full] = t.PrivilegeSeparation
		planned.acl[aclHolder{"token", full}] = grantsByPath(t.Grants)
	}
	return planned
}

func grantsByPath(grants []Grant) map[string][]roleGrant {
	paths := make(map[string][]roleGrant, len(grants))
	for _, g := range grants {
		paths[g.Path] = append(paths[g.Path], roleGrant{g.Role, g.Propagate})
	}
	return paths
}

// The lookups below ask the overlay first.

func (r *Rights) privileges(role string) []string {
	if own, ok := r.roles[role]; ok || r.over == nil {
		return own
	}
	return r.over.privileges(role)
}

func (r *Rights) entries(h aclHolder) map[string][]roleGrant {
	if own, ok := r.acl[h]; ok || r.over == nil {
		return own
	}
	return r.over.entries(h)
}

func (r *Rights) groupsOf(user UserID) []string {
	if own, ok := r.groups[user]; ok || r.over == nil {
		return own
	}
	return r.over.groupsOf(user)
}

func (r *Rights) separation(token string) (separated, exists bool) {
	if own, ok := r.tokens[token]; ok || r.over == nil {
		return own, ok
	}
	return r.over.separation(token)
}

func (r *Rights) poolMembers() map[string]PoolMembers {
	if r.pools != nil || r.over == nil {
		return r.pools
	}
	return r.over.poolMembers()
}

// At returns the privileges of a user or token (user@realm!token) on a path, by
// name. root@pam has every privilege without any entry, which shows as a right
// without source.
func (r *Rights) At(authID, path string) map[string]Right {
	path = NormalizeACLPath(path)
	user, token := splitAuthID(authID)
	if token == "" {
		return r.ofUser(user, path)
	}
	separated, exists := r.separation(authID)
	if !exists {
		return map[string]Right{}
	}
	owner := r.ofUser(user, path)
	if !separated {
		return owner
	}
	// PVE::RPCEnvironment::compile_acl_path: what both have, as far down as both.
	both := map[string]Right{}
	for name, right := range r.resolve([]aclHolder{{"token", authID}}, nil, path) {
		if of, ok := owner[name]; ok {
			both[name] = Right{Propagate: right.Propagate && of.Propagate, Sources: right.Sources}
		}
	}
	return both
}

func (r *Rights) ofUser(user UserID, path string) map[string]Right {
	if user == "root@pam" {
		all := map[string]Right{}
		for _, name := range r.privileges("Administrator") {
			all[name] = Right{Propagate: true}
		}
		return all
	}
	var groups []aclHolder
	for _, group := range r.groupsOf(user) {
		groups = append(groups, aclHolder{"group", group})
	}
	return r.resolve([]aclHolder{{"user", string(user)}}, groups, path)
}

// Paths returns where entries of a user or token, or of its user's groups, stand:
// the paths on which its rights may differ from those above. Sorted.
func (r *Rights) Paths(authID string) []string {
	user, token := splitAuthID(authID)
	holders := []aclHolder{{"user", string(user)}}
	for _, group := range r.groupsOf(user) {
		holders = append(holders, aclHolder{"group", group})
	}
	if token != "" {
		holders = append(holders, aclHolder{"token", authID})
	}
	var paths []string
	for _, h := range holders {
		for path := range r.entries(h) {
			paths = append(paths, path)
		}
	}
	return normalSet(paths)
}

// splitAuthID splits "user@realm!token"; token is "" for a user.
func splitAuthID(id string) (user UserID, token string) {
	if i := strings.LastIndexByte(id, '!'); i >= 0 && strings.Contains(id[:i], "@") {
		return UserID(id[:i]), id[i+1:]
	}
	return UserID(id), ""
}

// Members returns the users of a group, sorted.
func (r *Rights) Members(group string) []UserID {
	seen := map[UserID]bool{}
	var members []UserID
	for at := r; at != nil; at = at.over {
		for user := range at.groups {
			if !seen[user] && slices.Contains(r.groupsOf(user), group) {
				members = append(members, user)
			}
			seen[user] = true
		}
	}
	slices.Sort(members)
	return members
}

// Knows tells whether the server has a privilege of this name.
func (r *Rights) Knows(privilege string) bool {
	return slices.Contains(r.privileges("Administrator"), privilege)
}

// BuiltIn tells whether a role belongs to PVE, so that nobody can change it.
func (r *Rights) BuiltIn(role string) bool {
	if r.over != nil {
		return r.over.BuiltIn(role)
	}
	return r.builtIn[role]
}

// GroupsOf returns the groups of a user.
func (r *Rights) GroupsOf(user UserID) []string { return slices.Clone(r.groupsOf(user)) }

// Groups are those that have a member or an entry, sorted.
func (r *Rights) Groups() []string {
	var ids []string
	for at := r; at != nil; at = at.over {
		for user := range at.groups {
			ids = append(ids, r.groupsOf(user)...)
		}
		for holder := range at.acl {
			if holder.kind == "group" {
				ids = append(ids, holder.id)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Joining returns the rights once a user is a member of further groups.
func (r *Rights) Joining(user UserID, groups []string) *Rights {
	return &Rights{groups: map[UserID][]string{user: normalSet(append(r.GroupsOf(user), groups...))}, over: r}
}

// Key is the same for users with the same rights on every path: those without entries of their own have the rights of
// their groups.
func (r *Rights) Key(authID string) string {
	user, token := splitAuthID(authID)
	if token != "" || user == "root@pam" || len(r.entries(aclHolder{"user", string(user)})) > 0 {
		return "user " + authID + " in " + strings.Join(normalSet(r.GroupsOf(user)), ",")
	}
	return "in " + strings.Join(normalSet(r.GroupsOf(user)), ",")
}
