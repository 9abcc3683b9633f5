package proxmox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CheckPrincipal returns what would keep p from becoming real: values that PVE
// refuses or would not keep, and realms, groups, roles, privileges and ACL paths
// that this server does not know. When the server cannot be asked, one problem
// without field carries the error. Two lists are asked in the common case, none
// when the values themselves are wrong.
func (c *Client) CheckPrincipal(ctx context.Context, p Principal) []Problem {
	if problems := p.staticProblems(); len(problems) > 0 {
		return problems
	}
	k := checker{Client: c, p: p}
	for _, check := range []func(context.Context) error{k.realm, k.groups, k.privileges, k.roles, k.paths} {
		if err := check(ctx); err != nil {
			k.found.addErr("", err)
			break
		}
	}
	return k.found
}

// CheckCreate is [Client.CheckPrincipal] for a principal that is to be created:
// its user and its managed role must not exist.
func (c *Client) CheckCreate(ctx context.Context, p Principal) []Problem {
	problems := problemList(c.CheckPrincipal(ctx, p))
	if len(p.staticProblems()) > 0 {
		return problems
	}
	known, err := c.spelling(ctx, p.UserID)
	if err != nil {
		problems.addErr("", err)
		return problems
	}
	if known != "" {
		problems.addErr("user_id", &ExistsError{Kind: "user", ID: string(known)})
	}
	if p.Role != nil {
		problems.addFree(c.freeRole(ctx, p.UserID, *p.Role))
	}
	return problems
}

// addFree takes the result of freeRole.
func (l *problemList) addFree(_ *Role, err error) {
	if errors.Is(err, ErrExists) {
		l.addErr("role.id", err)
	} else {
		l.addErr("", err)
	}
}

// CheckUpdate returns what keeps have from becoming want although want by itself
// is fine: another user id, a token comment that an old server cannot clear, a new
// managed role that is somebody's already, a grant of the managed role that is
// given up. The server is asked for its version only when that matters.
func (c *Client) CheckUpdate(ctx context.Context, have, want Principal) []Problem {
	var l problemList
	if want.UserID.IsRootPAM() || have.UserID.IsRootPAM() {
		l.addErr("user_id", ErrRootPAM)
		return l
	}
	if have.UserID != want.UserID {
		l.add("user_id", fmt.Sprintf("a user cannot be renamed from %q to %q in PVE.", have.UserID, want.UserID), "Replace it.")
		return l
	}
	for _, id := range sortedKeys(want.Tokens) {
		old, kept := have.Tokens[id]
		if !kept || old.Comment == "" || want.Tokens[id].Comment != "" {
			continue
		}
		version, err := c.Version(ctx)
		if err != nil {
			l.addErr("", err)
			return l
		}
		if !version.AtLeast(tokenCommentMajor, tokenCommentMinor) {
			l = append(l, Problem{Field: tokenField(id) + ".comment", Err: errTokenComment,
				Msg: fmt.Sprintf("%s; this server runs %s", errTokenComment, version)})
		}
	}
	if want.Role != nil && (have.Role == nil || want.Role.ID != have.Role.ID) {
		l.addFree(c.freeRole(ctx, want.UserID, *want.Role))
	}
	if have.Role != nil && (want.Role == nil || want.Role.ID != have.Role.ID) {
		gone := have.Role.ID
		l.droppedRole("grants", want.Grants, gone)
		for _, id := range sortedKeys(want.Tokens) {
			l.droppedRole(tokenField(id)+".grants", want.Tokens[id].Grants, gone)
		}
	}
	return l
}

func (l *problemList) droppedRole(field string, grants []Grant, gone string) {
	for i, g := range grants {
		if g.Role == gone {
			l.add(fmt.Sprintf("%s[%d].role", field, i),
				fmt.Sprintf("role %q was managed with this user and is removed by this change, so it cannot be granted.", gone),
				"Keep the managed role, or grant another one.")
		}
	}
}

// checker compares a principal with what the server knows.
type checker struct {
	*Client
	p     Principal
	found problemList
}

func (k *checker) realm(ctx context.Context) error {
	realms, err := k.Realms(ctx)
	if err != nil {
		return fmt.Errorf("reading the realms: %w", err)
	}
	known := make([]string, len(realms))
	for i, r := range realms {
		known[i] = r.ID
	}
	if realm := k.p.UserID.Realm(); !slices.Contains(known, realm) {
		// PVE itself does not check, and the user could never log in.
		k.found.add("user_id", fmt.Sprintf("realm %q does not exist on this server.", realm), suggest(realm, known))
	}
	return nil
}

func (k *checker) groups(ctx context.Context) error {
	if len(k.p.Groups) == 0 {
		return nil
	}
	groups, err := k.Groups(ctx)
	if err != nil {
		return fmt.Errorf("reading the groups: %w", err)
	}
	known := make([]string, len(groups))
	for i, g := range groups {
		known[i] = g.ID
	}
	missing := without(k.p.Groups, known)
	if len(missing) == 0 {
		return nil
	}
	if err := k.require(ctx, seeGroups); err != nil {
		return err
	}
	for _, group := range missing {
		k.found.add("groups", fmt.Sprintf("group %q does not exist on this server.", group), suggest(group, known))
	}
	return nil
}

func (k *checker) privileges(ctx context.Context) error {
	if k.p.Role == nil {
		return nil
	}
	known, err := k.Privileges(ctx)
	if err != nil {
		return fmt.Errorf("reading the privileges: %w", err)
	}
	for _, name := range without(k.p.Role.Privileges, known) {
		version, err := k.Version(ctx)
		if err != nil {
			return fmt.Errorf("reading the version: %w", err)
		}
		fix := explainPrivilege(name, version)
		if fix == "" {
			fix = suggest(name, known)
		}
		k.found.add("role.privileges", fmt.Sprintf("privilege %q does not exist on this server (PVE %s).", name, version), fix)
	}
	return nil
}

// UnknownRoleError is the cause of a problem with a role that the server does not have, and that somebody may make: it
// has no name that PVE keeps for itself.
type UnknownRoleError struct{ Role string }

// Error names the role.
func (e *UnknownRoleError) Error() string { return fmt.Sprintf("role %q does not exist", e.Role) }

// UnknownRoles returns the problems of grants of such roles.
func (c *Client) UnknownRoles(ctx context.Context, p Principal) ([]Problem, error) {
	k := checker{Client: c, p: p}
	err := k.roles(ctx)
	return slices.DeleteFunc(k.found, func(p Problem) bool { return !errors.As(p.Err, new(*UnknownRoleError)) }), err
}

func (k *checker) roles(ctx context.Context) error {
	var known []string
	check := func(field string, grants []Grant) error {
		for i, g := range grants {
			if k.p.Role != nil && g.Role == k.p.Role.ID {
				continue
			}
			if known == nil {
				roles, err := k.Roles(ctx)
				if err != nil {
					return fmt.Errorf("reading the roles: %w", err)
				}
				for _, r := range roles {
					known = append(known, r.ID)
				}
				if k.p.Role != nil {
					known = append(known, k.p.Role.ID)
				}
			}
			if !slices.Contains(known, g.Role) {
				problem := Problem{Field: fmt.Sprintf("%s[%d].role", field, i), Msg: fmt.Sprintf("role %q does not exist on this server.", g.Role), Fix: suggest(g.Role, known)}
				if ValidateRoleID(g.Role) == nil {
					problem.Err = &UnknownRoleError{Role: g.Role}
				}
				k.found = append(k.found, problem)
			}
		}
		return nil
	}
	return k.eachGrants(check)
}

// paths finds ACL paths that are valid only on other releases.
func (k *checker) paths(ctx context.Context) error {
	return k.eachGrants(func(field string, grants []Grant) error {
		for i, g := range grants {
			major, minor := pathSince(g.Path)
			if major == 0 {
				continue
			}
			version, err := k.Version(ctx)
			if err != nil {
				return fmt.Errorf("reading the version: %w", err)
			}
			if !version.AtLeast(major, minor) {
				k.found.add(fmt.Sprintf("%s[%d].path", field, i),
					fmt.Sprintf("ACL path %q exists from PVE %d.%d on; this server runs %s.", g.Path, major, minor, version), "")
			}
		}
		return nil
	})
}

// eachGrants calls check for the grants of the user and of each token.
func (k *checker) eachGrants(check func(field string, grants []Grant) error) error {
	if err := check("grants", k.p.Grants); err != nil {
		return err
	}
	for _, id := range sortedKeys(k.p.Tokens) {
		if err := check(tokenField(id)+".grants", k.p.Tokens[id].Grants); err != nil {
			return err
		}
	}
	return nil
}

// pathSince returns the release that introduced an ACL path, 0.0 for paths of
// all supported releases.
func pathSince(path string) (major, minor int) {
	for _, tree := range []struct {
		prefix       string
		major, minor int
	}{{"/sdn/fabrics", 9, 0}, {"/sdn/prefix-lists", 9, 2}, {"/sdn/route-maps", 9, 2}} {
		if path == tree.prefix || strings.HasPrefix(path, tree.prefix+"/") {
			return tree.major, tree.minor
		}
	}
	return 0, 0
}

// explainPrivilege tells what became of a privilege between PVE 8 and 9. It only
// explains; what exists is the server's word.
func explainPrivilege(name string, version Version) string {
	switch {
	case name == "VM.Monitor" && version.AtLeast(9, 0):
		return "PVE 9 removed VM.Monitor: guest agent commands need VM.GuestAgent.Audit, .FileRead, .FileWrite, .FileSystemMgmt or .Unrestricted, the QEMU monitor needs Sys.Audit or Sys.Modify."
	case strings.HasPrefix(name, "VM.GuestAgent.") && !version.AtLeast(9, 0):
		return "The VM.GuestAgent privileges came with PVE 9; on PVE 8 VM.Monitor covers guest agent commands."
	case name == "VM.Replicate" && !version.AtLeast(9, 0):
		return "VM.Replicate came with PVE 9; PVE 8 has no privilege of its own for replication."
	}
	return ""
}
