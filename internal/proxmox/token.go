package proxmox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// tokenRequest is the body of POST and PUT of a token. Privilege separation has
// no "leave as it is": it is part of every request.
type tokenRequest struct {
	Privsep    int     `json:"privsep"`
	Expire     int64   `json:"expire"`
	Comment    *string `json:"comment,omitempty"`
	Regenerate *int    `json:"regenerate,omitempty"` // PUT only, since PVE 9.2
}

// createToken makes a token and returns its secret, which PVE tells only once.
func (c *Client) createToken(ctx context.Context, user UserID, id string, t Token) (secret string, err error) {
	body := tokenRequest{Privsep: *flag(t.PrivilegeSeparation), Expire: t.Expire}
	if t.OneRun {
		t.Comment = c.oneRun(user, id)
	}
	if t.Comment != "" {
		body.Comment = &t.Comment
	}
	var made struct {
		Value string `json:"value"`
	}
	err = c.writeToken(ctx, user, id, http.MethodPost, &body, &made)
	switch {
	case alreadyExists(err):
		return "", &ExistsError{Kind: "token", ID: user.Token(id)}
	case err != nil:
		return "", err
	case made.Value == "":
		return "", &Error{Method: http.MethodPost, Path: displayPath(tokenPath(user, id)), Status: http.StatusOK,
			Message: "the answer holds no secret for the new token"}
	}
	return made.Value, nil
}

// changeToken sets comment, expiry and privilege separation of a token, which
// keeps its secret. The comment is sent only when it changes, because PVE before
// 9.1 ignores an empty one.
func (c *Client) changeToken(ctx context.Context, user UserID, id string, have, want Token) error {
	body := tokenRequest{Privsep: *flag(want.PrivilegeSeparation), Expire: want.Expire}
	if have.Comment != want.Comment {
		body.Comment = &want.Comment
	}
	return c.writeToken(ctx, user, id, http.MethodPut, &body, nil)
}

// deleteToken removes a token; its secret stops working at once.
func (c *Client) deleteToken(ctx context.Context, user UserID, id string) error {
	return c.writeToken(ctx, user, id, http.MethodDelete, nil, nil)
}

// writeToken refuses ids that would lead to another path. Their length does not
// matter here: a token that somebody else made can be removed whatever its name.
func (c *Client) writeToken(ctx context.Context, user UserID, id, method string, body, out any) error {
	if !tokenPattern.MatchString(id) {
		return fmt.Errorf("%s of token refused: %w", method, ValidateTokenID(id))
	}
	change := userWritten(user, false)
	if method == http.MethodDelete {
		change = nil
	}
	return c.writeAbout(ctx, user, change, method, tokenPath(user, id), body, out)
}

func tokenPath(user UserID, id string) string {
	return joinPath("access", "users", string(user), "token", id)
}

// tokenCommentMajor and tokenCommentMinor name the first release on which an empty comment removes
// the stored one (libpve-access-control 9.0.4).
const (
	tokenCommentMajor = 9
	tokenCommentMinor = 1
)

// errTokenComment explains what older servers cannot do.
var errTokenComment = errors.New("PVE before 9.1 cannot remove a token's comment, only replace it; write another comment, or recreate the token under another id")
