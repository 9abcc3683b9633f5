package proxmox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// cleanupTime bounds undoing and looking after a failure; the caller's context
// may be over by then.
const cleanupTime = 2 * time.Minute

// cleanupContext lets cleanup go on when ctx was cancelled.
func cleanupContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
}

// CreatePrincipal makes user, role, tokens and ACL entries in this order, so
// that nothing has power before all of its parts exist, and returns the secrets
// by token id; PVE never tells them again. The user comes first: whatever is left
// half-way is found and removed by its user.
//
// A user or managed role that exists already is an *[ExistsError] and nothing is
// changed, except that a role that no ACL entry grants is taken over if it has
// these very privileges or the name of [ManagedRoleID]: it is what an interrupted run, or somebody who removed the user
// by hand, left behind. When a later step fails, what this call made is removed again and
// the step's error is returned; when that fails too, the error is a
// *[PartialError].
func (c *Client) CreatePrincipal(ctx context.Context, p Principal, options ...CreateOption) (secrets map[string]string, err error) {
	p, err = p.prepare()
	if err != nil {
		return nil, err
	}
	// Reading back what was made needs the same, and a lost answer can be
	// judged only by lists that are complete.
	if err := c.RequireVisibility(ctx); err != nil {
		return nil, err
	}
	free, err := c.refuseExisting(ctx, p)
	if err != nil {
		return nil, err
	}
	b := builder{takenOver: free, Client: c, want: p, made: Principal{UserID: p.UserID, Tokens: map[string]Token{}}, secrets: Secrets{}}
	for _, option := range options {
		option(&b)
	}
	if err := b.build(ctx); err != nil {
		return nil, b.undo(ctx, err)
	}
	return b.secrets, nil
}

// CreateOption changes how [Client.CreatePrincipal] creates.
type CreateOption func(*builder)

// WithPassword gives the new user a password. PVE lets an API token set one only
// here and never changes it for one.
func WithPassword(password string) CreateOption {
	return func(b *builder) { b.password = password }
}

// refuseExisting returns an *ExistsError for what is there before the first
// write, and otherwise the managed role that exists and is free, nil for none.
func (c *Client) refuseExisting(ctx context.Context, p Principal) (free *Role, err error) {
	known, err := c.spelling(ctx, p.UserID)
	if err != nil {
		return nil, err
	}
	if known != "" {
		return nil, &ExistsError{Kind: "user", ID: string(known)}
	}
	if p.Role == nil {
		return nil, nil
	}
	return c.freeRoleNow(ctx, p.UserID, *p.Role)
}

// builder makes a principal and remembers what it made.
type builder struct {
	*Client
	want        Principal
	takenOver   *Role     // the managed role as it was before, when it exists already
	changedRole bool      // it may have other privileges now
	made        Principal // parts that exist, or may exist, because of this call
	userMade    bool
	password    string // sent with the user, then never again
	secrets     Secrets
	done        []string
}

func (b *builder) log(what string) { b.done = append(b.done, what) }

func (b *builder) build(ctx context.Context) error {
	err := b.makeUser(ctx, b.want, b.password)
	if mayExist(err) {
		b.userMade = true
		b.log("created user " + string(b.want.UserID))
	}
	if err != nil {
		return fmt.Errorf("creating user %s: %w", b.want.UserID, err)
	}
	if err := b.provideRole(ctx); err != nil {
		return err
	}
	for _, id := range sortedKeys(b.want.Tokens) {
		secret, err := b.makeToken(ctx, b.want.UserID, id, b.want.Tokens[id])
		if err != nil {
			return fmt.Errorf("creating token %s: %w", b.want.UserID.Token(id), err)
		}
		b.secrets[id] = secret
		b.log("created token " + b.want.UserID.Token(id))
	}
	if err := b.putGrants(ctx, holder{user: b.want.UserID}, b.want.Grants, false, b.log); err != nil {
		return fmt.Errorf("granting roles to %s: %w", b.want.UserID, err)
	}
	for _, id := range sortedKeys(b.want.Tokens) {
		if err := b.putGrants(ctx, holder{b.want.UserID, id}, b.want.Tokens[id].Grants, false, b.log); err != nil {
			return fmt.Errorf("granting roles to %s: %w", b.want.UserID.Token(id), err)
		}
	}
	return nil
}

// provideRole makes the managed role, or takes over the one that is free.
func (b *builder) provideRole(ctx context.Context) error {
	role := b.want.Role
	switch {
	case role == nil:
		return nil
	case b.takenOver != nil:
		if err := b.takeOver(ctx, *role); err != nil {
			return fmt.Errorf("taking over role %s: %w", role.ID, err)
		}
		return nil
	}
	err := b.makeRole(ctx, *role)
	if mayExist(err) {
		b.made.Role = role
		b.log("created role " + role.ID)
	}
	if err != nil {
		return fmt.Errorf("creating role %s: %w", role.ID, err)
	}
	return nil
}

// takeOver gives a role that exists the privileges that are wanted.
func (b *builder) takeOver(ctx context.Context, role Role) error {
	if slices.Equal(b.takenOver.Privileges, normalSet(role.Privileges)) {
		return nil
	}
	b.changedRole = true
	err := b.setPrivileges(ctx, role)
	if err == nil || unknownOutcome(err) {
		b.log("gave role " + role.ID + " other privileges")
	}
	return err
}

// undo removes what was made and returns cause, or a *PartialError when
// something is left.
func (b *builder) undo(ctx context.Context, cause error) error {
	if len(b.done) == 0 {
		return cause
	}
	ctx, cancel := cleanupContext(ctx)
	defer cancel()
	err := b.takeBack(ctx)
	if err == nil {
		return fmt.Errorf("%w (what had been created before was removed again)", cause)
	}
	partial := &PartialError{Op: "create", Done: b.done, Err: cause, UndoErr: err}
	managed := ""
	if b.made.Role != nil {
		managed = b.made.Role.ID
	}
	if now, readErr := b.ReadPrincipal(ctx, b.want.UserID, managed); readErr != nil {
		partial.Secrets = b.secrets // which of them still work is unknown
	} else if now != nil {
		partial.Exists = now
		partial.Secrets = Secrets{}
		for id, secret := range b.secrets {
			if _, left := now.Tokens[id]; left {
				partial.Secrets[id] = secret
			}
		}
	}
	return partial
}

// takeBack removes what this call made, and nothing else: with a user PVE removes
// its tokens and every ACL entry of both. A role that was taken over gets the
// privileges that it had.
func (b *builder) takeBack(ctx context.Context) error {
	if b.userMade {
		if err := b.removeUser(ctx, b.want.UserID); err != nil {
			return err
		}
	}
	switch {
	case b.made.Role != nil:
		if err := twice(func() error { return b.deleteRole(ctx, b.made.Role.ID) }); err != nil && !IsNotFound(err) {
			return fmt.Errorf("removing role %s: %w", b.made.Role.ID, err)
		}
	case b.takenOver != nil && b.changedRole:
		if err := b.setPrivileges(ctx, *b.takenOver); err != nil && !IsNotFound(err) {
			return fmt.Errorf("giving role %s its privileges back: %w", b.takenOver.ID, err)
		}
	}
	return nil
}

// makeRole creates a role. When the answer is lost it looks: the role was absent
// before, so one with exactly these privileges is ours.
func (c *Client) makeRole(ctx context.Context, r Role) error {
	err := c.createRole(ctx, r)
	if !unknownOutcome(err) {
		return err
	}
	ctx, cancel := cleanupContext(ctx)
	defer cancel()
	now, lookErr := c.role(ctx, r.ID)
	switch {
	case lookErr != nil:
		return &unsureError{err, lookErr}
	case now == nil:
		return err
	case len(without(now.Privileges, r.Privileges)) > 0 || len(without(r.Privileges, now.Privileges)) > 0:
		return &ExistsError{Kind: "role", ID: r.ID} // somebody was faster
	}
	return nil
}

// mayExist tells of the result of makeRole or makeUser whether the object exists,
// or may exist, because of that call.
func mayExist(err error) bool {
	var unsure *unsureError
	return err == nil || errors.As(err, &unsure)
}

// makeUser creates the user, looking when the answer is lost as makeRole does. A
// user that exists has its password: PVE sets that first.
func (c *Client) makeUser(ctx context.Context, p Principal, password string) error {
	err := c.createUser(ctx, p, password)
	if !unknownOutcome(err) {
		return err
	}
	ctx, cancel := cleanupContext(ctx)
	defer cancel()
	users, lookErr := c.userList(ctx)
	switch {
	case lookErr != nil:
		return &unsureError{err, lookErr}
	case users.byID[p.UserID] == nil:
		return err
	case !changedAttributes(*users.byID[p.UserID], p).empty():
		return &ExistsError{Kind: "user", ID: string(p.UserID)}
	}
	return nil
}

// makeToken creates a token that did not exist before. When the answer is lost,
// so is the secret: a token that was made is removed, and one new attempt
// follows.
func (c *Client) makeToken(ctx context.Context, user UserID, id string, t Token) (secret string, err error) {
	secret, err = c.createToken(ctx, user, id, t)
	if !unknownOutcome(err) {
		return secret, err
	}
	cleanup, cancel := cleanupContext(ctx)
	defer cancel()
	if goneErr := c.deleteToken(cleanup, user, id); goneErr != nil && !IsNotFound(goneErr) {
		return "", &leftoverError{err, goneErr}
	}
	if ctx.Err() != nil {
		return "", err
	}
	secret, again := c.createToken(ctx, user, id, t)
	if unknownOutcome(again) {
		if goneErr := c.deleteToken(cleanup, user, id); goneErr != nil && !IsNotFound(goneErr) {
			return "", &leftoverError{again, goneErr}
		}
	}
	return secret, again
}
