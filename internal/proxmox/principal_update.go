package proxmox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// UpdatePrincipal moves PVE from have to want and returns the secrets of tokens
// that are new; the others keep theirs. have is what [Client.ReadPrincipal]
// returned; whatever it holds beyond want is removed.
//
// Everything is added before anything is removed, so that access which both
// states grant never pauses. Between the two PVE grants the union of both. A
// user that is to be disabled is disabled first, one that is to be enabled last.
//
// A managed role that has no place in want is removed, unless others hold it.
//
// A failure after the first write is a *[PartialError]; nothing is undone, since
// the next update continues from there.
func (c *Client) UpdatePrincipal(ctx context.Context, have, want Principal, options ...ChangeOption) (newSecrets map[string]string, err error) {
	if problems := c.CheckUpdate(ctx, have, want); len(problems) > 0 {
		return nil, &InvalidError{problems}
	}
	want, err = want.prepare()
	if err != nil {
		return nil, err
	}
	have = have.normal()
	u := updater{Client: c, changeOptions: applied(options), have: have, want: want, id: want.UserID, secrets: Secrets{}}
	for _, step := range []func(context.Context) error{
		u.widenRole, u.changeUserFirst, u.addGrants, u.addTokens, u.changeTokens,
		u.revokeGrants, u.removeTokens, u.changeUserLast, u.narrowRole,
	} {
		if err := step(ctx); err != nil {
			return nil, u.partial(ctx, err)
		}
	}
	return u.secrets, nil
}

// updater carries one update through its steps.
type updater struct {
	*Client
	changeOptions
	have, want Principal
	id         UserID
	secrets    Secrets
	done       []string
}

func (u *updater) log(what string) { u.done = append(u.done, what) }

// partial reports what was done, with the state that it left as far as it can
// be read.
func (u *updater) partial(ctx context.Context, cause error) error {
	if len(u.done) == 0 && !unknownOutcome(cause) {
		return cause
	}
	ctx, cancel := cleanupContext(ctx)
	defer cancel()
	managed := ""
	if u.want.Role != nil {
		managed = u.want.Role.ID
	} else if u.have.Role != nil {
		managed = u.have.Role.ID
	}
	now, err := u.ReadPrincipal(ctx, u.id, managed)
	if err != nil {
		now = nil
	}
	return &PartialError{Op: "update", Exists: now, Done: u.done, Secrets: u.secrets, Err: cause}
}

// sameRole tells whether the managed role keeps its name.
func (u *updater) sameRole() bool {
	return u.have.Role != nil && u.want.Role != nil && u.have.Role.ID == u.want.Role.ID
}

// widenRole creates a new managed role, or adds privileges to the present one.
func (u *updater) widenRole(ctx context.Context) error {
	role := u.want.Role
	switch {
	case role == nil:
		return nil
	case !u.sameRole():
		return u.newRole(ctx, *role)
	}
	added := without(role.Privileges, u.have.Role.Privileges)
	if len(added) == 0 {
		return nil
	}
	if err := u.addPrivileges(ctx, role.ID, added); err != nil {
		return fmt.Errorf("adding privileges to role %s: %w", role.ID, err)
	}
	u.log("added " + strings.Join(added, ", ") + " to role " + role.ID)
	return nil
}

// newRole creates a managed role, or takes over the one that exists and is the
// user's own, as after the state was lost.
func (u *updater) newRole(ctx context.Context, role Role) error {
	free, err := u.freeRoleNow(ctx, u.id, role)
	switch {
	case err != nil:
		return fmt.Errorf("creating role %s: %w", role.ID, err)
	case free == nil:
		if err := u.makeRole(ctx, role); err != nil {
			return fmt.Errorf("creating role %s: %w", role.ID, err)
		}
		u.log("created role " + role.ID)
	case !slices.Equal(free.Privileges, role.Privileges):
		if err := u.setPrivileges(ctx, role); err != nil {
			return fmt.Errorf("taking over role %s: %w", role.ID, err)
		}
		u.log("gave role " + role.ID + " other privileges")
	}
	return nil
}

// narrowRole removes privileges from the managed role, or the role itself when
// it has no place in the new state.
func (u *updater) narrowRole(ctx context.Context) error {
	old := u.have.Role
	switch {
	case old == nil:
		return nil
	case !u.sameRole():
		if !u.mayRemoveRole(ctx, u.id, old.ID, u.kept) {
			return nil
		}
		if err := u.deleteRole(ctx, old.ID); err != nil && !IsNotFound(err) {
			return fmt.Errorf("removing role %s: %w", old.ID, err)
		}
		u.log("removed role " + old.ID)
		return nil
	}
	removed := without(old.Privileges, u.want.Role.Privileges)
	if len(removed) == 0 {
		return nil
	}
	if err := u.setPrivileges(ctx, *u.want.Role); err != nil {
		return fmt.Errorf("removing privileges from role %s: %w", old.ID, err)
	}
	u.log("removed " + strings.Join(removed, ", ") + " from role " + old.ID)
	return nil
}

// changeUserFirst sends changed attributes and joins new groups.
func (u *updater) changeUserFirst(ctx context.Context) error {
	body := changedAttributes(u.have.user(), u.want)
	if u.want.Enabled {
		body.Enable = nil // last
	}
	if added := without(u.want.Groups, u.have.Groups); len(added) > 0 {
		groups := strings.Join(added, ",")
		body.Groups, body.Append = &groups, flag(true)
	} else {
		body.Groups = nil
	}
	return u.sendUser(ctx, body)
}

// changeUserLast leaves groups and enables the user.
func (u *updater) changeUserLast(ctx context.Context) error {
	var body userRequest
	if u.want.Enabled && !u.have.Enabled {
		body.Enable = flag(true)
	}
	if len(without(u.have.Groups, u.want.Groups)) > 0 {
		groups := strings.Join(u.want.Groups, ",")
		body.Groups = &groups
	}
	return u.sendUser(ctx, body)
}

func (u *updater) sendUser(ctx context.Context, body userRequest) error {
	if body.empty() {
		return nil
	}
	if err := u.changeUser(ctx, u.id, body); err != nil {
		return fmt.Errorf("changing user %s: %w", u.id, err)
	}
	u.log("changed user " + string(u.id))
	return nil
}

// addGrants adds what the user and its remaining tokens lack.
func (u *updater) addGrants(ctx context.Context) error {
	add, _ := diffGrants(u.have.Grants, u.want.Grants)
	if err := u.grant(ctx, holder{user: u.id}, add); err != nil {
		return err
	}
	for _, id := range u.keptTokens() {
		add, _ := diffGrants(u.have.Tokens[id].Grants, u.want.Tokens[id].Grants)
		if err := u.grant(ctx, holder{u.id, id}, add); err != nil {
			return err
		}
	}
	return nil
}

func (u *updater) grant(ctx context.Context, h holder, add []Grant) error {
	if err := u.putGrants(ctx, h, add, false, u.log); err != nil {
		return fmt.Errorf("granting roles to %s: %w", h, err)
	}
	return nil
}

// addTokens creates new tokens, each with its grants. One that exists although
// have does not know it is replaced, since its secret is lost.
func (u *updater) addTokens(ctx context.Context) error {
	for _, id := range sortedKeys(u.want.Tokens) {
		if _, kept := u.have.Tokens[id]; kept {
			continue
		}
		secret, err := u.makeToken(ctx, u.id, id, u.want.Tokens[id])
		if errors.Is(err, ErrExists) {
			// Nobody has recorded its secret, as after a run that was interrupted.
			if err = u.deleteToken(ctx, u.id, id); err == nil || IsNotFound(err) {
				secret, err = u.makeToken(ctx, u.id, id, u.want.Tokens[id])
			}
		}
		if err != nil {
			return fmt.Errorf("creating token %s: %w", u.id.Token(id), err)
		}
		u.secrets[id] = secret
		u.log("created token " + u.id.Token(id))
		if err := u.grant(ctx, holder{u.id, id}, u.want.Tokens[id].Grants); err != nil {
			return err
		}
	}
	return nil
}

// changeTokens sets comment, expiry and privilege separation where they differ.
func (u *updater) changeTokens(ctx context.Context) error {
	for _, id := range u.keptTokens() {
		have, want := u.have.Tokens[id], u.want.Tokens[id]
		if have.Comment == want.Comment && have.Expire == want.Expire && have.PrivilegeSeparation == want.PrivilegeSeparation {
			continue
		}
		if err := u.changeToken(ctx, u.id, id, have, want); err != nil {
			return fmt.Errorf("changing token %s: %w", u.id.Token(id), err)
		}
		u.log("changed token " + u.id.Token(id))
	}
	return nil
}

// revokeGrants removes what the user and its remaining tokens should not have.
func (u *updater) revokeGrants(ctx context.Context) error {
	for _, id := range u.keptTokens() {
		_, remove := diffGrants(u.have.Tokens[id].Grants, u.want.Tokens[id].Grants)
		if err := u.revoke(ctx, holder{u.id, id}, remove); err != nil {
			return err
		}
	}
	_, remove := diffGrants(u.have.Grants, u.want.Grants)
	return u.revoke(ctx, holder{user: u.id}, remove)
}

func (u *updater) revoke(ctx context.Context, h holder, remove []Grant) error {
	if err := u.putGrants(ctx, h, remove, true, u.log); err != nil {
		return fmt.Errorf("revoking roles from %s: %w", h, err)
	}
	return nil
}

// removeTokens deletes the tokens that have no place in the new state, their
// ACL entries first, because PVE leaves those in the file otherwise.
func (u *updater) removeTokens(ctx context.Context) error {
	for _, id := range sortedKeys(u.have.Tokens) {
		if _, kept := u.want.Tokens[id]; kept {
			continue
		}
		if err := u.revoke(ctx, holder{u.id, id}, u.have.Tokens[id].Grants); err != nil {
			return err
		}
		if err := u.deleteToken(ctx, u.id, id); err != nil && !IsNotFound(err) {
			return fmt.Errorf("removing token %s: %w", u.id.Token(id), err)
		}
		u.log("removed token " + u.id.Token(id))
	}
	return nil
}

// keptTokens are the tokens of both states, sorted.
func (u *updater) keptTokens() []string {
	return slices.DeleteFunc(sortedKeys(u.want.Tokens), func(id string) bool {
		_, kept := u.have.Tokens[id]
		return !kept
	})
}

// user returns the attributes of p in the form of the list.
func (p Principal) user() User {
	return User{ID: p.UserID, Comment: p.Comment, Email: p.Email, FirstName: p.FirstName, LastName: p.LastName,
		Enabled: p.Enabled, Expire: p.Expire, Groups: p.Groups}
}

// changedAttributes is the request that makes the user's own attributes those
// of want: groups replaced, empty texts cleared. Nothing differs when it is
// empty.
func changedAttributes(have User, want Principal) userRequest {
	var body userRequest
	text := func(have, want string) *string {
		if have == want {
			return nil
		}
		return &want
	}
	body.Comment = text(have.Comment, want.Comment)
	body.Email = text(have.Email, want.Email)
	body.FirstName = text(have.FirstName, want.FirstName)
	body.LastName = text(have.LastName, want.LastName)
	if have.Expire != want.Expire {
		body.Expire = &want.Expire
	}
	if have.Enabled != want.Enabled {
		body.Enable = flag(want.Enabled)
	}
	body.Groups = text(strings.Join(normalSet(have.Groups), ","), strings.Join(normalSet(want.Groups), ","))
	return body
}
