package proxmox

import (
	"context"
	"slices"
	"strings"
)

// Role is a named set of privileges.
type Role struct {
	ID         string
	Privileges []string // sorted
	BuiltIn    bool     // belongs to PVE and cannot be changed
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

// roleWritten is the effect of giving a role privileges, in addition to its own or instead of them. What the API token
// may do is asked again where it may hold the role.
func (c *Client) roleWritten(id string, privileges []string, added bool) effect {
	return func(l *lists) {
		if l.acl == nil || slices.ContainsFunc(l.acl.all, func(e ACLEntry) bool { return e.Role == id && (e.Type == "group" || e.of(c.self)) }) {
			l.permissions = nil
		}
		if l.roles == nil {
			return
		}
		role := Role{ID: id, Privileges: normalSet(privileges)}
		roles := slices.Clone(l.roles)
		at, known := slices.BinarySearchFunc(roles, id, func(r Role, id string) int { return strings.Compare(r.ID, id) })
		switch {
		case !known && added: // of a role that is not in the list
			l.roles = nil
			return
		case !known:
			roles = slices.Insert(roles, at, role)
		default:
			if added {
				role.Privileges = normalSet(slices.Concat(roles[at].Privileges, privileges))
			}
			role.BuiltIn = roles[at].BuiltIn
			roles[at] = role
		}
		l.roles = roles
	}
}
