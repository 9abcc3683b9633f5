package proxmox

import (
	"context"
	"net/http"
	"strings"
)

// userRequest is the body of POST and PUT /access/users. A nil field is not
// sent, so that empty, zero and false can be.
type userRequest struct {
	UserID    *UserID `json:"userid,omitempty"`
	Password  *string `json:"password,omitempty"` // POST only
	Comment   *string `json:"comment,omitempty"`
	Email     *string `json:"email,omitempty"`
	FirstName *string `json:"firstname,omitempty"`
	LastName  *string `json:"lastname,omitempty"`
	Enable    *int    `json:"enable,omitempty"`
	Expire    *int64  `json:"expire,omitempty"`
	Groups    *string `json:"groups,omitempty"`
	Append    *int    `json:"append,omitempty"` // add to groups instead of replacing them
}

// empty tells whether the request would change nothing.
func (r userRequest) empty() bool { return r == userRequest{} }

// createUser makes the user with all its attributes. Nothing is written when a
// group does not exist.
func (c *Client) createUser(ctx context.Context, p Principal, password string) error {
	groups := strings.Join(p.Groups, ",")
	body := userRequest{UserID: &p.UserID, Enable: flag(p.Enabled), Expire: &p.Expire}
	for _, text := range []struct {
		value *string
		slot  **string
	}{
		{&p.Comment, &body.Comment}, {&p.Email, &body.Email},
		{&p.FirstName, &body.FirstName}, {&p.LastName, &body.LastName}, {&groups, &body.Groups}, {&password, &body.Password},
	} {
		if *text.value != "" {
			*text.slot = text.value
		}
	}
	err := c.writeAbout(ctx, p.UserID, userWritten(p.UserID, body.Groups != nil), http.MethodPost, "/access/users", &body, nil)
	if alreadyExists(err) {
		return &ExistsError{Kind: "user", ID: string(p.UserID)}
	}
	return err
}

// changeUser sends the given attributes and leaves the others.
func (c *Client) changeUser(ctx context.Context, id UserID, body userRequest) error {
	return c.writeAbout(ctx, id, userWritten(id, body.Groups != nil), http.MethodPut, joinPath("access", "users", string(id)), &body, nil)
}

// deleteUser removes the user; PVE removes its tokens, memberships and own ACL
// entries with it.
func (c *Client) deleteUser(ctx context.Context, id UserID) error {
	return c.writeAbout(ctx, id, nil, http.MethodDelete, joinPath("access", "users", string(id)), nil, nil)
}
