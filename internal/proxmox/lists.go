package proxmox

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// User is a PVE user with its tokens, as GET /access/users?full=1 tells it.
type User struct {
	ID                                  UserID
	Comment, Email, FirstName, LastName string
	RealmType                           string // "" when the realm does not exist
	Enabled                             bool
	Expire                              int64 // unix seconds, 0 never
	Groups                              []string
	Tokens                              []TokenInfo
}

// TokenInfo is what PVE tells about a token: everything but its secret.
type TokenInfo struct {
	ID                  string
	Comment             string
	Expire              int64 // unix seconds, 0 never
	PrivilegeSeparation bool
}

// Group is a PVE group.
type Group struct {
	ID, Comment string
	Members     []string
}

// Role is a named set of privileges.
type Role struct {
	ID         string
	Privileges []string // sorted
	BuiltIn    bool     // belongs to PVE and cannot be changed
}

// ACLEntry grants a role to a user, group or token on a path. Path, Type,
// Holder and Role together are its key; Propagate is its value.
type ACLEntry struct {
	Path      string
	Type      string // "user", "group" or "token"
	Holder    string // user id, group id or "user@realm!token"
	Role      string
	Propagate bool // also on the paths below
}

// Realm is an authentication domain.
type Realm struct {
	ID, Type, Comment string
}

// Permissions maps path to privilege to whether it also holds below the path.
type Permissions map[string]map[string]bool

// lists are the shared answers between two writes. Every field is filled at most
// once; a write replaces the whole, so that an answer fetched before it cannot
// be stored after it.
type lists struct {
	users       *userList
	groups      []Group
	roles       []Role
	acl         *aclList
	realms      []Realm
	permissions Permissions
	version     *Version
}

// userList is the list of users with an index by id.
type userList struct {
	all  []User
	byID map[UserID]*User
}

// aclList is the list of ACL entries with an index by type and holder.
type aclList struct {
	all      []ACLEntry
	byHolder map[aclHolder][]ACLEntry
}

type aclHolder struct{ kind, id string }

func (c *Client) currentLists() *lists {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists
}

// dropLists forgets what writes can change. The version stays.
func (c *Client) dropLists() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists = &lists{version: c.lists.version, realms: c.lists.realms}
}

// shared returns what slot points at, fetching it first if it is empty. Callers
// that come together share one request; it goes on when one of them gives up.
func shared[T any](ctx context.Context, c *Client, name string, slot func(*lists) *T, empty func(T) bool, fetch func(context.Context) (T, error)) (T, error) {
	l := c.currentLists()
	c.mu.Lock()
	have := *slot(l)
	c.mu.Unlock()
	if !empty(have) {
		return have, nil
	}
	key := fmt.Sprintf("%s of %p", name, l)
	result := c.flight.DoChan(key, func() (any, error) {
		got, err := fetch(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		*slot(l) = got
		c.mu.Unlock()
		return got, nil
	})
	var zero T
	select {
	case r := <-result:
		if r.Err != nil {
			return zero, r.Err
		}
		return r.Val.(T), nil
	case <-ctx.Done():
		return zero, &UnreachableError{c.endpoint, ctx.Err()}
	}
}

// Users returns the users that the token may see, sorted by id. The elements
// are shared with other callers and must not be changed.
func (c *Client) Users(ctx context.Context) ([]User, error) {
	l, err := c.userList(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(l.all), nil
}

func (c *Client) userList(ctx context.Context) (*userList, error) {
	return shared(ctx, c, "users", func(l *lists) **userList { return &l.users },
		func(l *userList) bool { return l == nil }, c.fetchUsers)
}

func (c *Client) fetchUsers(ctx context.Context) (*userList, error) {
	var raw []struct {
		UserID    string  `json:"userid"`
		Comment   string  `json:"comment"`
		Email     string  `json:"email"`
		FirstName string  `json:"firstname"`
		LastName  string  `json:"lastname"`
		RealmType string  `json:"realm-type"`
		Enable    integer `json:"enable"`
		Expire    integer `json:"expire"`
		Groups    string  `json:"groups"`
		Tokens    []struct {
			TokenID string  `json:"tokenid"`
			Comment string  `json:"comment"`
			Expire  integer `json:"expire"`
			Privsep integer `json:"privsep"`
		} `json:"tokens"`
	}
	if err := c.read(ctx, "/access/users?full=1", &raw); err != nil {
		return nil, err
	}
	l := &userList{all: make([]User, len(raw)), byID: make(map[UserID]*User, len(raw))}
	for i, r := range raw {
		u := User{ID: UserID(r.UserID), Comment: r.Comment, Email: r.Email, FirstName: r.FirstName, LastName: r.LastName,
			RealmType: r.RealmType, Enabled: r.Enable != 0, Expire: int64(r.Expire), Groups: splitList(r.Groups)}
		for _, t := range r.Tokens {
			u.Tokens = append(u.Tokens, TokenInfo{ID: t.TokenID, Comment: t.Comment, Expire: int64(t.Expire), PrivilegeSeparation: t.Privsep != 0})
		}
		slices.SortFunc(u.Tokens, func(a, b TokenInfo) int { return strings.Compare(a.ID, b.ID) })
		l.all[i] = u
	}
	slices.SortFunc(l.all, func(a, b User) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for i := range l.all {
		l.byID[l.all[i].ID] = &l.all[i]
	}
	return l, nil
}

// Groups returns the groups that the token may see, sorted by id.
func (c *Client) Groups(ctx context.Context) ([]Group, error) {
	groups, err := shared(ctx, c, "groups", func(l *lists) *[]Group { return &l.groups },
		func(g []Group) bool { return g == nil }, c.fetchGroups)
	return slices.Clone(groups), err
}

func (c *Client) fetchGroups(ctx context.Context) ([]Group, error) {
	var raw []struct {
		GroupID string `json:"groupid"`
		Comment string `json:"comment"`
		Users   string `json:"users"`
	}
	if err := c.read(ctx, "/access/groups", &raw); err != nil {
		return nil, err
	}
	groups := make([]Group, len(raw))
	for i, r := range raw {
		groups[i] = Group{ID: r.GroupID, Comment: r.Comment, Members: splitList(r.Users)}
	}
	slices.SortFunc(groups, func(a, b Group) int { return strings.Compare(a.ID, b.ID) })
	return groups, nil
}

// Roles returns all roles with their privileges, sorted by id. PVE shows them to
// every token.
func (c *Client) Roles(ctx context.Context) ([]Role, error) {
	roles, err := shared(ctx, c, "roles", func(l *lists) *[]Role { return &l.roles },
		func(r []Role) bool { return r == nil }, c.fetchRoles)
	return slices.Clone(roles), err
}

func (c *Client) fetchRoles(ctx context.Context) ([]Role, error) {
	var raw []struct {
		RoleID  string  `json:"roleid"`
		Privs   string  `json:"privs"`
		Special integer `json:"special"`
	}
	if err := c.read(ctx, "/access/roles", &raw); err != nil {
		return nil, err
	}
	roles := make([]Role, len(raw))
	for i, r := range raw {
		roles[i] = Role{ID: r.RoleID, Privileges: splitList(r.Privs), BuiltIn: r.Special != 0}
	}
	slices.SortFunc(roles, func(a, b Role) int { return strings.Compare(a.ID, b.ID) })
	return roles, nil
}

// Privileges returns the names of all privileges that the server knows, sorted.
// They differ between PVE versions and are those of the built-in role
// Administrator, which holds every one.
func (c *Client) Privileges(ctx context.Context) ([]string, error) {
	roles, err := c.Roles(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		if r.ID == "Administrator" {
			return slices.Clone(r.Privileges), nil
		}
	}
	return nil, &Error{Method: "GET", Path: "/access/roles", Status: 200, Message: "the list lacks the role Administrator, which every PVE has"}
}

// ACL returns the access control entries that the token may see, in a stable
// order.
func (c *Client) ACL(ctx context.Context) ([]ACLEntry, error) {
	l, err := c.aclList(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(l.all), nil
}

func (c *Client) aclList(ctx context.Context) (*aclList, error) {
	return shared(ctx, c, "acl", func(l *lists) **aclList { return &l.acl },
		func(l *aclList) bool { return l == nil }, c.fetchACL)
}

func (c *Client) fetchACL(ctx context.Context) (*aclList, error) {
	var raw []struct {
		Path      string  `json:"path"`
		Type      string  `json:"type"`
		UGID      string  `json:"ugid"`
		RoleID    string  `json:"roleid"`
		Propagate integer `json:"propagate"`
	}
	if err := c.read(ctx, "/access/acl", &raw); err != nil {
		return nil, err
	}
	l := &aclList{all: make([]ACLEntry, len(raw)), byHolder: make(map[aclHolder][]ACLEntry)}
	for i, r := range raw {
		l.all[i] = ACLEntry{Path: r.Path, Type: r.Type, Holder: r.UGID, Role: r.RoleID, Propagate: r.Propagate != 0}
	}
	slices.SortFunc(l.all, compareACL)
	for _, e := range l.all {
		h := aclHolder{e.Type, e.Holder}
		l.byHolder[h] = append(l.byHolder[h], e)
	}
	return l, nil
}

func compareACL(a, b ACLEntry) int {
	for _, d := range []int{strings.Compare(a.Path, b.Path), strings.Compare(a.Type, b.Type),
		strings.Compare(a.Holder, b.Holder), strings.Compare(a.Role, b.Role)} {
		if d != 0 {
			return d
		}
	}
	return 0
}

// Realms returns the authentication realms, sorted by id. PVE shows them to
// everybody.
func (c *Client) Realms(ctx context.Context) ([]Realm, error) {
	realms, err := shared(ctx, c, "realms", func(l *lists) *[]Realm { return &l.realms },
		func(r []Realm) bool { return r == nil }, c.fetchRealms)
	return slices.Clone(realms), err
}

func (c *Client) fetchRealms(ctx context.Context) ([]Realm, error) {
	var raw []struct {
		Realm   string `json:"realm"`
		Type    string `json:"type"`
		Comment string `json:"comment"`
	}
	if err := c.read(ctx, "/access/domains", &raw); err != nil {
		return nil, err
	}
	realms := make([]Realm, len(raw))
	for i, r := range raw {
		realms[i] = Realm{ID: r.Realm, Type: r.Type, Comment: r.Comment}
	}
	slices.SortFunc(realms, func(a, b Realm) int { return strings.Compare(a.ID, b.ID) })
	return realms, nil
}

// Permissions returns what the configured token itself may do: paths with at
// least one privilege, from the fixed trees and every path that has an ACL.
func (c *Client) Permissions(ctx context.Context) (Permissions, error) {
	return shared(ctx, c, "permissions", func(l *lists) *Permissions { return &l.permissions },
		func(p Permissions) bool { return p == nil }, c.fetchPermissions)
}

func (c *Client) fetchPermissions(ctx context.Context) (Permissions, error) {
	var decoded map[string]map[string]integer
	if err := c.read(ctx, "/access/permissions", &decoded); err != nil {
		return nil, err
	}
	permissions := make(Permissions, len(decoded))
	for path, privileges := range decoded {
		permissions[path] = make(map[string]bool, len(privileges))
		for name, propagate := range privileges {
			permissions[path][name] = propagate != 0
		}
	}
	return permissions, nil
}
