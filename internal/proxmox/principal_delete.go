package proxmox

import (
	"context"
	"fmt"
	"strings"
)

// KeptRole is a managed role that was not removed with its user because others
// hold it, or may hold it: with the role their access would be gone too.
type KeptRole struct {
	ID      string
	Holders []string // who holds it, and where; empty when that could not be found out
	Err     error    // why it could not be found out
}

// String says why the role is still there.
func (k KeptRole) String() string {
	if k.Err != nil {
		return fmt.Sprintf("role %s stays, since it could not be found out whether others hold it: %v", k.ID, k.Err)
	}
	return fmt.Sprintf("role %s stays, since others hold it: %s", k.ID, strings.Join(k.Holders, ", "))
}

// ChangeOption changes how [Client.UpdatePrincipal] and [Client.DeletePrincipal] work.
type ChangeOption func(*changeOptions)

type changeOptions struct{ kept func(KeptRole) }

// WhenRoleKept tells of a managed role that stays because of others.
func WhenRoleKept(tell func(KeptRole)) ChangeOption {
	return func(o *changeOptions) { o.kept = tell }
}

func applied(options []ChangeOption) changeOptions {
	o := changeOptions{kept: func(KeptRole) {}}
	for _, option := range options {
		option(&o)
	}
	return o
}

// DeletePrincipal removes the user and then its managed role. PVE removes with a
// user everything that belongs to it, regardless of who added it: memberships, ACL entries, tokens
// with theirs, and the password. A role that others hold stays. Parts that are
// gone already are fine.
func (c *Client) DeletePrincipal(ctx context.Context, have Principal, options ...ChangeOption) error {
	if err := have.UserID.check(); err != nil {
		return err
	}
	if have.Role != nil {
		if err := ValidateRoleID(have.Role.ID); err != nil {
			return err
		}
	}
	c.dropLists() // an old list would hide what others added
	role := have.Role != nil && c.mayRemoveRole(ctx, have.UserID, have.Role.ID, applied(options).kept)
	if !role {
		c.revokeTokens(ctx, have.UserID)
	}
	if err := c.removeUser(ctx, have.UserID); err != nil {
		return err
	}
	if !role {
		return nil
	}
	if err := c.deleteRole(ctx, have.Role.ID); err != nil && !IsNotFound(err) {
		return fmt.Errorf("removing role %s: %w", have.Role.ID, err)
	}
	return nil
}

// revokeTokens removes the ACL entries of a user's tokens. PVE deletes them with
// the user, and leaves their lines in user.cfg until the next write, by any client.
// Nothing depends on this, so a failure does not matter.
func (c *Client) revokeTokens(ctx context.Context, id UserID) {
	var now *Principal
	err := twice(func() (err error) { now, err = c.ReadPrincipal(ctx, id, ""); return err })
	if err != nil || now == nil {
		return
	}
	for _, token := range sortedKeys(now.Tokens) {
		if c.revokeBefore(ctx, holder{now.UserID, token}, now.Tokens[token].Grants) != nil {
			return
		}
	}
}

// revokeBefore takes the ACL entries of a token away that is to be removed.
func (c *Client) revokeBefore(ctx context.Context, h holder, grants []Grant) error {
	return twice(func() error { return c.putGrants(ctx, h, grants, true, func(string) {}) })
}

// twice does something again that failed. A removal continues without the steps that only help to leave nothing behind;
// what it leaves is in no state any more, so that no later run removes it.
func twice(try func() error) error {
	if try() == nil {
		return nil
	}
	return try()
}

// removeUser deletes a user that may be gone already.
func (c *Client) removeUser(ctx context.Context, id UserID) error {
	err := c.deleteUser(ctx, id)
	if err != nil && !IsNotFound(err) && !c.userGone(ctx, id, err) {
		return fmt.Errorf("removing user %s: %w", id, err)
	}
	return nil
}

// mayRemoveRole tells whether a managed role exists and nobody else than its user
// has ACL entries with it: PVE would remove those too.
func (c *Client) mayRemoveRole(ctx context.Context, user UserID, id string, kept func(KeptRole)) bool {
	c.dropLists() // old ones would hide whom others gave the role
	var role *Role
	err := twice(func() (err error) { role, err = c.role(ctx, id); return err })
	if err == nil && role == nil {
		return false // roles are shown to everyone
	}
	var holders []string
	err = twice(func() (err error) { holders, err = c.RoleHolders(ctx, user, id); return err })
	if err != nil || len(holders) > 0 {
		kept(KeptRole{ID: id, Holders: holders, Err: err})
		return false
	}
	return true
}

// userGone tells whether a bare 403 means that the user does not exist, which is
// how PVE answers token requests of absent users. It is believed only when the
// complete list says so.
func (c *Client) userGone(ctx context.Context, id UserID, err error) bool {
	if !IsPermission(err) {
		return false
	}
	now, readErr := c.ReadPrincipal(ctx, id, "")
	return readErr == nil && now == nil
}
