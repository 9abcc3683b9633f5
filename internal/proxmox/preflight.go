package proxmox

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// MissingPrivileges returns what the configured token lacks to create, change
// and delete p: the privileges that PVE asks for at the paths of this principal,
// no others. The result is empty for a token that can do it all.
//
// The own permissions come from the shared list. Only what seems to be missing
// is asked for again by its path, because permissions that a guest or storage
// has through its pool are not in the list.
func (c *Client) MissingPrivileges(ctx context.Context, p Principal) ([]Missing, error) {
	if _, err := p.prepare(); err != nil {
		return nil, err
	}
	return c.missing(ctx, p.normal().needs)
}

// MissingTokenPrivileges is [Client.MissingPrivileges] for one token of a user
// that is managed elsewhere and belongs to groups.
func (c *Client) MissingTokenPrivileges(ctx context.Context, user UserID, groups []string, t Token) ([]Missing, error) {
	p := Principal{UserID: user, Groups: groups, Tokens: map[string]Token{"token": t}}
	if _, err := p.prepare(); err != nil {
		return nil, err
	}
	return c.missing(ctx, func(held Permissions) []Missing { return append(p.userNeeds(held), p.aclNeeds()...) })
}

// missing compares needs with what the token holds.
func (c *Client) missing(ctx context.Context, needs func(Permissions) []Missing) ([]Missing, error) {
	listed, err := c.Permissions(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking what the API token may do: %w", err)
	}
	var missing []Missing
	for _, need := range needs(listed) {
		if listed.inherits(need) {
			continue
		}
		exact, err := c.permissionsAt(ctx, need.Path)
		if err != nil {
			return nil, fmt.Errorf("asking what the API token may do on %s: %w", need.Path, err)
		}
		if !exact.satisfies(need) {
			missing = append(missing, need)
		}
	}
	return missing, nil
}

// needs lists what PVE checks in POST /access/users, /access/roles and token and
// in PUT /access/acl (the permissions entries of PVE::API2::User, ::Role and
// ::ACL; PVE::RPCEnvironment::check_perm_modify).
func (p Principal) needs(held Permissions) []Missing {
	needs := []Missing{{Path: "/access/realm/" + p.UserID.Realm(), Privileges: []string{"Realm.AllocateUser"}, For: "create users of this realm"}}
	needs = append(needs, p.userNeeds(held)...)
	if p.Role != nil {
		needs = append(needs, Missing{Path: "/access", Privileges: []string{"Sys.Modify"}, For: "manage the role " + p.Role.ID})
	}
	return append(needs, p.aclNeeds()...)
}

// userNeeds is what changing the user and its tokens takes.
func (p Principal) userNeeds(held Permissions) []Missing {
	everywhere := Missing{Path: "/access/groups", Privileges: []string{"User.Modify"}, For: "create and change the user and its tokens"}
	if len(p.Groups) == 0 || held.inherits(everywhere) {
		return []Missing{everywhere}
	}
	var needs []Missing // then it is enough to have it on all groups of the user
	for _, group := range p.Groups {
		needs = append(needs, Missing{Path: "/access/groups/" + group, Privileges: everywhere.Privileges, For: everywhere.For})
	}
	return needs
}

// aclNeeds is what writing the ACL entries takes.
func (p Principal) aclNeeds() []Missing {
	var needs []Missing
	var paths []string
	for _, g := range p.Grants {
		paths = append(paths, g.Path)
	}
	for _, t := range p.Tokens {
		for _, g := range t.Grants {
			paths = append(paths, g.Path)
		}
	}
	for _, path := range normalSet(paths) {
		needs = append(needs, Missing{Path: path, Privileges: modifyPrivileges(path), For: "change the ACL there"})
	}
	return needs
}

// modifyPrivileges are those that allow to change the ACL of a path. The second
// of storages, guests and pools covers only roles within one's own privileges.
func modifyPrivileges(path string) []string {
	for tree, privilege := range map[string]string{"/storage/": "Datastore.Allocate", "/vms/": "VM.Allocate", "/pool/": "Pool.Allocate"} {
		if strings.HasPrefix(path, tree) {
			return []string{"Permissions.Modify", privilege}
		}
	}
	return []string{"Permissions.Modify"}
}

// inherits tells whether a need is met by the nearest listed path at or above
// its own: entries of a nearer path replace those of farther ones.
func (p Permissions) inherits(need Missing) bool {
	for path := need.Path; ; {
		if held, listed := p[path]; listed {
			return slices.ContainsFunc(need.Privileges, func(name string) bool {
				propagate, ok := held[name]
				return ok && (propagate || path == need.Path)
			})
		}
		if path == "/" {
			return false
		}
		path = "/" + strings.TrimPrefix(path[:strings.LastIndexByte(path, '/')], "/")
	}
}

// permissionsAt asks for the own permissions on one path, which PVE answers
// exactly, pools included.
func (c *Client) permissionsAt(ctx context.Context, path string) (Permissions, error) {
	return c.fetchPermissions(ctx, "?path="+url.QueryEscape(path))
}
