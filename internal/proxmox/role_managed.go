package proxmox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// plainUserID matches the ids from which a role id can be made, and back, by
// writing "-" for the "@": the realm is what follows the last "-".
var plainUserID = regexp.MustCompile(`^[A-Za-z0-9._-]+@[A-Za-z0-9._]+$`)

var notInRoleID = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// managedPrefix begins the names of managed roles that nobody chose. It is not
// "pvesec", since PVE keeps every role id that begins with "PVE", in any case, for
// itself.
const managedPrefix = "restricted-"

// ManagedRoleID names the role that belongs to a user when nobody chose another
// name. No two users share one: where characters are lost, part of a hash of the
// user id follows, which begins with a digit as no realm does.
func ManagedRoleID(user UserID) string {
	name := managedPrefix + notInRoleID.ReplaceAllString(string(user), "-")
	if plainUserID.MatchString(string(user)) && len(name) <= maxIDLength {
		return name
	}
	sum := sha256.Sum256([]byte(user))
	suffix := "-0" + hex.EncodeToString(sum[:])[:15]
	return name[:min(len(name), maxIDLength-len(suffix))] + suffix
}

// OwnRole returns the id of the role that bears the user's own name, see
// [ManagedRoleID], and that this user or its tokens hold and nobody else; "" for
// none. Such a role was made for the user. Others that the user holds may be
// anybody's.
func (c *Client) OwnRole(ctx context.Context, user UserID) (string, error) {
	id := ManagedRoleID(user)
	role, err := c.role(ctx, id)
	if err != nil {
		return "", fmt.Errorf("reading the roles: %w", err)
	}
	if role == nil {
		return "", nil
	}
	others, err := c.RoleHolders(ctx, user, id)
	if err != nil || len(others) > 0 {
		return "", err
	}
	acl, err := c.aclList(ctx)
	if err != nil {
		return "", fmt.Errorf("reading the ACL: %w", err)
	}
	if !slices.ContainsFunc(acl.all, func(e ACLEntry) bool { return e.Role == id && e.of(user) }) {
		return "", nil
	}
	return id, nil
}

// freeRoleNow is freeRole by what PVE says now, where there is such a role: lists that are as old as the run hide whom
// others gave it since.
func (c *Client) freeRoleNow(ctx context.Context, user UserID, want Role) (*Role, error) {
	if role, err := c.role(ctx, want.ID); err == nil && role != nil {
		c.dropLists()
	}
	return c.freeRole(ctx, user, want)
}

// freeRole returns a role that exists and that a user may have as its own, nil
// when there is none of that name: nobody else holds it, and it has exactly these
// privileges or the user's own name. Another role of that name is an *ExistsError.
func (c *Client) freeRole(ctx context.Context, user UserID, want Role) (*Role, error) {
	role, err := c.role(ctx, want.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the roles: %w", err)
	}
	if role == nil {
		return nil, nil
	}
	others, err := c.RoleHolders(ctx, user, want.ID)
	if err != nil {
		return nil, err
	}
	ours := want.ID == ManagedRoleID(user) || slices.Equal(role.Privileges, normalSet(want.Privileges))
	if len(others) > 0 || !ours {
		return nil, &ExistsError{Kind: "role", ID: want.ID}
	}
	return role, nil
}

// RoleHolders returns who holds a role and where, other than a user and its
// tokens: "user b@pve on /vms". It is an error when the ACL cannot be seen whole.
func (c *Client) RoleHolders(ctx context.Context, user UserID, role string) ([]string, error) {
	if err := c.RequireVisibility(ctx); err != nil {
		return nil, err
	}
	acl, err := c.aclList(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the ACL: %w", err)
	}
	var others []string
	for _, e := range acl.all {
		if e.Role == role && !e.of(user) {
			others = append(others, e.Type+" "+e.Holder+" on "+e.Path)
		}
	}
	return others, nil
}

// of reports whether an entry belongs to a user or one of its tokens.
func (e ACLEntry) of(user UserID) bool {
	switch e.Type {
	case "user":
		return e.Holder == string(user)
	case "token":
		return strings.HasPrefix(e.Holder, user.Token(""))
	}
	return false
}
