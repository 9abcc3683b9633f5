package proxmox

import (
	"context"
	"net/http"
	"strings"
)

// roleRequest is the body of POST and PUT /access/roles. Privileges are always
// sent: PVE empties a role when a PUT leaves them out.
type roleRequest struct {
	RoleID     string `json:"roleid,omitempty"` // POST only
	Privileges string `json:"privs"`
	Append     *int   `json:"append,omitempty"`
}

func (c *Client) createRole(ctx context.Context, r Role) error {
	if err := ValidateRoleID(r.ID); err != nil {
		return err
	}
	body := roleRequest{RoleID: r.ID, Privileges: strings.Join(r.Privileges, ",")}
	err := c.write(ctx, c.roleWritten(r.ID, r.Privileges, false), http.MethodPost, "/access/roles", &body, nil)
	if alreadyExists(err) {
		return &ExistsError{Kind: "role", ID: r.ID}
	}
	return err
}

// setPrivileges replaces the privileges of a role.
func (c *Client) setPrivileges(ctx context.Context, r Role) error {
	if err := ValidateRoleID(r.ID); err != nil {
		return err
	}
	body := roleRequest{Privileges: strings.Join(r.Privileges, ",")}
	return c.write(ctx, c.roleWritten(r.ID, r.Privileges, false), http.MethodPut, joinPath("access", "roles", r.ID), &body, nil)
}

// addPrivileges adds to the privileges of a role.
func (c *Client) addPrivileges(ctx context.Context, id string, privileges []string) error {
	if err := ValidateRoleID(id); err != nil {
		return err
	}
	body := roleRequest{Privileges: strings.Join(privileges, ","), Append: flag(true)}
	return c.write(ctx, c.roleWritten(id, privileges, true), http.MethodPut, joinPath("access", "roles", id), &body, nil)
}

// deleteRole removes a role and with it every ACL entry that grants it.
func (c *Client) deleteRole(ctx context.Context, id string) error {
	if err := ValidateRoleID(id); err != nil {
		return err
	}
	return c.write(ctx, nil, http.MethodDelete, joinPath("access", "roles", id), nil, nil)
}
