package proxmox

import (
	"context"
	"errors"
	"fmt"
)

// DeletePrincipal removes ACL entries, tokens, the user and its managed role, in
// this order, because PVE refuses to touch ACL entries of users and roles that
// are gone and leaves entries of tokens behind. Besides what have lists, it
// removes what PVE shows for the user now. Parts that are gone already are fine.
func (c *Client) DeletePrincipal(ctx context.Context, have Principal) error {
	if err := have.UserID.check(); err != nil {
		return err
	}
	managed := ""
	if have.Role != nil {
		if err := ValidateRoleID(have.Role.ID); err != nil {
			return err
		}
		managed = have.Role.ID
	}
	c.dropLists() // an old list would hide what others added
	have = have.normal()
	now, err := c.ReadPrincipal(ctx, have.UserID, managed)
	var hidden *VisibilityError
	switch {
	case errors.As(err, &hidden):
		return c.removeParts(ctx, have, true) // what is known can still go
	case err != nil:
		return err
	case now == nil:
		return c.removeParts(ctx, Principal{UserID: have.UserID, Role: have.Role}, false)
	}
	now.Role = have.Role
	return c.removeParts(ctx, *now, true)
}

// removeParts removes the listed grants and tokens, the user if wanted, and the
// role, going on after what is absent. PVE drops what is left of the user's own
// entries with the user.
func (c *Client) removeParts(ctx context.Context, p Principal, user bool) error {
	discard := func(string) {}
	if user {
		for _, id := range sortedKeys(p.Tokens) {
			if err := c.putGrants(ctx, holder{p.UserID, id}, p.Tokens[id].Grants, true, discard); err != nil {
				return fmt.Errorf("revoking roles from %s: %w", p.UserID.Token(id), err)
			}
		}
		if err := c.putGrants(ctx, holder{user: p.UserID}, p.Grants, true, discard); err != nil {
			return fmt.Errorf("revoking roles from %s: %w", p.UserID, err)
		}
		for _, id := range sortedKeys(p.Tokens) {
			err := c.deleteToken(ctx, p.UserID, id)
			if err != nil && !IsNotFound(err) && !c.userGone(ctx, p.UserID, err) {
				return fmt.Errorf("removing token %s: %w", p.UserID.Token(id), err)
			}
		}
		if err := c.deleteUser(ctx, p.UserID); err != nil && !IsNotFound(err) && !c.userGone(ctx, p.UserID, err) {
			return fmt.Errorf("removing user %s: %w", p.UserID, err)
		}
	}
	if p.Role != nil {
		if err := c.deleteRole(ctx, p.Role.ID); err != nil && !IsNotFound(err) {
			return fmt.Errorf("removing role %s: %w", p.Role.ID, err)
		}
	}
	return nil
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
