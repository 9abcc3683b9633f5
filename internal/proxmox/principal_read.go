package proxmox

import (
	"context"
	"fmt"
)

// ReadPrincipal returns what PVE holds for a user: also the tokens, ACL entries
// and groups that somebody else gave it. managedRole names the role that belongs
// to the user, "" for none; Role is nil when PVE does not have it. UserID is what
// PVE spells, which may differ from id in a realm that ignores letter case.
//
// The result is nil without an error only when the user is proven absent. A
// token that may not see everything gets a *[VisibilityError] instead, because
// every missing part would look like drift.
func (c *Client) ReadPrincipal(ctx context.Context, id UserID, managedRole string) (*Principal, error) {
	if err := id.check(); err != nil {
		return nil, err
	}
	if managedRole != "" {
		if err := ValidateRoleID(managedRole); err != nil {
			return nil, err
		}
	}
	if err := c.RequireVisibility(ctx); err != nil {
		return nil, err
	}
	users, err := c.userList(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the users: %w", err)
	}
	if id, err = c.spelling(ctx, id); err != nil || id == "" {
		return nil, err
	}
	u := users.byID[id]
	acl, err := c.aclList(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the ACL: %w", err)
	}
	p := &Principal{UserID: id, Comment: u.Comment, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName,
		Enabled: u.Enabled, Expire: u.Expire, Groups: normalSet(u.Groups),
		Grants: acl.grants("user", string(id)), Tokens: make(map[string]Token, len(u.Tokens))}
	for _, t := range u.Tokens {
		p.Tokens[t.ID] = Token{Comment: t.Comment, Expire: t.Expire, PrivilegeSeparation: t.PrivilegeSeparation,
			Grants: acl.grants("token", id.Token(t.ID)), OneRun: t.Comment == c.oneRun(id, t.ID)}
	}
	if managedRole != "" {
		p.Role, err = c.role(ctx, managedRole)
		if err != nil {
			return nil, fmt.Errorf("reading the roles: %w", err)
		}
	}
	return p, nil
}

// grants returns the entries of one holder, sorted by path and role.
func (l *aclList) grants(kind, id string) []Grant {
	entries := l.byHolder[aclHolder{kind, id}]
	grants := make([]Grant, len(entries))
	for i, e := range entries {
		grants[i] = Grant{Path: e.Path, Role: e.Role, Propagate: e.Propagate}
	}
	return grants
}

// role returns one role of the list, nil when it is absent. Roles are shown to
// every token, so an absence can be believed.
func (c *Client) role(ctx context.Context, id string) (*Role, error) {
	roles, err := c.Roles(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		if r.ID == id {
			return &Role{ID: r.ID, Privileges: normalSet(r.Privileges), BuiltIn: r.BuiltIn}, nil
		}
	}
	return nil, nil
}
