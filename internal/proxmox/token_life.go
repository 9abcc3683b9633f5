package proxmox

import (
	"context"
	"errors"
	"fmt"
)

// ReadToken returns one token of a user with its ACL entries. The result is nil
// without an error only when the token is proven absent, as for
// [Client.ReadPrincipal].
func (c *Client) ReadToken(ctx context.Context, user UserID, id string) (*Token, error) {
	if err := checkToken(user, id); err != nil {
		return nil, err
	}
	if err := c.RequireVisibility(ctx); err != nil {
		return nil, err
	}
	p, err := c.ReadPrincipal(ctx, user, "")
	if err != nil || p == nil {
		return nil, err
	}
	t, exists := p.Tokens[id]
	if !exists {
		return nil, nil
	}
	return &t, nil
}

func checkToken(user UserID, id string) error {
	if err := user.check(); err != nil {
		return err
	}
	return ValidateTokenID(id)
}

// CreateToken makes a token with its ACL entries and returns the secret, which
// PVE never tells again. A token that exists is an *[ExistsError]; an absent user
// an error that says so. When granting fails the token is removed again; when
// that fails too, the error is a *[PartialError] with the secret.
func (c *Client) CreateToken(ctx context.Context, user UserID, id string, t Token) (secret string, err error) {
	want, err := Principal{UserID: user, Tokens: map[string]Token{id: t}}.prepare()
	if err != nil {
		return "", err
	}
	owner, err := c.ReadPrincipal(ctx, user, "")
	switch {
	case err != nil:
		return "", err
	case owner == nil:
		return "", fmt.Errorf("there is no user %q on this server: create it before its token", user)
	}
	if _, exists := owner.Tokens[id]; exists {
		return "", &ExistsError{Kind: "token", ID: user.Token(id)}
	}
	t = want.Tokens[id]
	secret, err = c.makeToken(ctx, user, id, t)
	if errors.As(err, new(*leftoverError)) {
		exists := &Principal{UserID: user, Tokens: map[string]Token{id: t}}
		return "", &PartialError{Op: "create", Exists: exists, Err: fmt.Errorf("creating token %s: %w", user.Token(id), err)}
	}
	if err != nil {
		return "", fmt.Errorf("creating token %s: %w", user.Token(id), err)
	}
	done := []string{"created token " + user.Token(id)}
	var granted []Grant
	for _, batch := range batchGrants(t.Grants) {
		err = c.putGrants(ctx, holder{user, id}, batch.grants(), false, func(what string) { done = append(done, what) })
		if err != nil {
			break
		}
		granted = append(granted, batch.grants()...)
	}
	if err == nil {
		return secret, nil
	}
	err = fmt.Errorf("granting roles to %s: %w", user.Token(id), err)
	cleanup, cancel := cleanupContext(ctx)
	defer cancel()
	undoErr := c.removeToken(cleanup, user, id, granted)
	if undoErr == nil {
		return "", fmt.Errorf("%w (the token was removed again)", err)
	}
	partial := &PartialError{Op: "create", Done: done, Secrets: Secrets{id: secret}, Err: err, UndoErr: undoErr}
	if now, readErr := c.ReadToken(cleanup, user, id); readErr != nil || now != nil {
		if now == nil {
			now = &Token{PrivilegeSeparation: t.PrivilegeSeparation, Expire: t.Expire, Comment: t.Comment}
		}
		partial.Exists = &Principal{UserID: user, Tokens: map[string]Token{id: *now}}
	}
	return "", partial
}

// UpdateToken moves a token from have to want, adding ACL entries before it
// removes others. The secret stays.
func (c *Client) UpdateToken(ctx context.Context, user UserID, id string, have, want Token) error {
	before := Principal{UserID: user, Tokens: map[string]Token{id: have}}
	after := Principal{UserID: user, Tokens: map[string]Token{id: want}}
	if problems := c.CheckUpdate(ctx, before, after); len(problems) > 0 {
		return &InvalidError{problems}
	}
	after, err := after.prepare()
	if err != nil {
		return err
	}
	u := updater{Client: c, have: before.normal(), want: after, id: user, secrets: Secrets{}}
	for _, step := range []func(context.Context) error{u.addGrants, u.changeTokens, u.revokeGrants} {
		if err := step(ctx); err != nil {
			if len(u.done) == 0 {
				return err
			}
			return &PartialError{Op: "update", Done: u.done, Err: err}
		}
	}
	return nil
}

// ErrTokenGone means that somebody removed a token that was to be changed.
var ErrTokenGone = errors.New("somebody removed it")

// ProlongToken lets PVE accept a separated token until expire, in Unix seconds. What the
// token is now is asked anew, since a run that lasts has old lists: one that is gone is an
// error of [ErrTokenGone] and is not made again, and one whose separation somebody switched
// off is separated again.
func (c *Client) ProlongToken(ctx context.Context, user UserID, id string, expire int64) error {
	c.dropLists()
	have, err := c.ReadToken(ctx, user, id)
	switch {
	case err != nil:
		return err
	case have == nil:
		return ErrTokenGone
	}
	want := *have
	want.Expire, want.PrivilegeSeparation = expire, true
	err = c.changeToken(ctx, user, id, *have, want)
	if IsNotFound(err) {
		return ErrTokenGone // between reading and writing
	}
	return err
}

// ErrNoRegenerate means that the server cannot give a token another secret.
var ErrNoRegenerate = errors.New("this PVE cannot renew the secret of a token in place, which came with PVE 9.2")

// CanRegenerate returns an error of [ErrNoRegenerate] when the server is older
// than PVE 9.2.
func (c *Client) CanRegenerate(ctx context.Context) error {
	version, err := c.Version(ctx)
	if err != nil {
		return err
	}
	if !version.AtLeast(9, 2) {
		return fmt.Errorf("%w; the server runs %s", ErrNoRegenerate, version)
	}
	return nil
}

// RegenerateToken gives a token a new secret, and the settings of want with it;
// ACL entries stay. The old secret is dead at once. After an error the old secret
// may be dead too, so that the caller must try again.
func (c *Client) RegenerateToken(ctx context.Context, user UserID, id string, have, want Token) (secret string, err error) {
	if err := checkToken(user, id); err != nil {
		return "", err
	}
	if err := c.CanRegenerate(ctx); err != nil {
		return "", err
	}
	body := tokenRequest{Privsep: *flag(want.PrivilegeSeparation), Expire: want.Expire, Regenerate: flag(true)}
	if have.Comment != want.Comment {
		body.Comment = &want.Comment
	}
	var made struct {
		Value string `json:"value"`
	}
	if err := c.writeToken(ctx, user, id, "PUT", &body, &made); err != nil {
		return "", fmt.Errorf("renewing the secret of %s: %w", user.Token(id), err)
	}
	if made.Value == "" {
		return "", fmt.Errorf("renewing the secret of %s: the answer holds no secret", user.Token(id))
	}
	return made.Value, nil
}

// DeleteToken removes the ACL entries of a token and then the token. What is
// gone already is fine.
func (c *Client) DeleteToken(ctx context.Context, user UserID, id string, known Token) error {
	if err := checkToken(user, id); err != nil {
		return err
	}
	c.dropLists() // an old list would hide what others added
	now, err := c.ReadToken(ctx, user, id)
	var hidden *VisibilityError
	switch {
	case errors.As(err, &hidden):
		return c.removeToken(ctx, user, id, known.Grants)
	case err != nil:
		return err
	case now == nil:
		return nil
	}
	return c.removeToken(ctx, user, id, now.Grants)
}

// removeToken deletes a token. With it PVE forgets the token's ACL entries; their
// lines stay in user.cfg until the next write, unless they are revoked before.
// Where PVE refuses that, the token goes all the same.
func (c *Client) removeToken(ctx context.Context, user UserID, id string, grants []Grant) error {
	revokeErr := c.revokeBefore(ctx, holder{user, id}, grants)
	err := c.deleteToken(ctx, user, id)
	if err == nil || IsNotFound(err) || c.userGone(ctx, user, err) {
		return nil
	}
	return fmt.Errorf("removing token %s: %w", user.Token(id), errors.Join(revokeErr, err))
}
