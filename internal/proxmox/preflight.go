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
	return c.missing(ctx, p, p.normal().needs)
}

// MissingTokenPrivileges is [Client.MissingPrivileges] for one token of a user
// that is managed elsewhere and belongs to groups.
func (c *Client) MissingTokenPrivileges(ctx context.Context, user UserID, groups []string, t Token) ([]Missing, error) {
	p := Principal{UserID: user, Groups: groups, Tokens: map[string]Token{"token": t}}
	if _, err := p.prepare(); err != nil {
		return nil, err
	}
	return c.missing(ctx, p, func(held Permissions) []Missing { return append(p.userNeeds(held), p.aclNeeds()...) })
}

// missing compares needs with what the token holds, and the roles of the grants
// too.
func (c *Client) missing(ctx context.Context, p Principal, needs func(Permissions) []Missing) ([]Missing, error) {
	listed, err := c.Permissions(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking what the API token may do: %w", err)
	}
	own := ownPermissions{Client: c, listed: listed, exact: map[string]Permissions{}}
	var missing []Missing
	for _, need := range needs(listed) {
		satisfied, err := own.satisfy(ctx, need)
		if err != nil {
			return nil, err
		}
		if !satisfied {
			missing = append(missing, need)
		}
	}
	return own.missingForRoles(ctx, missing, p.normal())
}

// ownPermissions is what the configured token may do: as the shared list has it,
// and exactly for the paths where that was not enough.
type ownPermissions struct {
	*Client
	listed Permissions
	exact  map[string]Permissions
}

func (o ownPermissions) satisfy(ctx context.Context, need Missing) (bool, error) {
	if o.listed.inherits(need) {
		return true, nil
	}
	exact, err := o.at(ctx, need.Path)
	return exact.satisfies(need), err
}

// at asks for one path, once.
func (o ownPermissions) at(ctx context.Context, path string) (Permissions, error) {
	if exact, asked := o.exact[path]; asked {
		return exact, nil
	}
	exact, err := o.permissionsAt(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("asking what the API token may do on %s: %w", path, err)
	}
	o.exact[path] = exact
	return exact, nil
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
	for _, g := range p.allGrants() {
		paths = append(paths, g.Path)
	}
	for _, path := range normalSet(paths) {
		needs = append(needs, Missing{Path: path, Privileges: modifyPrivileges(path), For: "change the ACL there"})
	}
	return needs
}

// allGrants are the ACL entries of the user and of its tokens, each once.
func (p Principal) allGrants() []Grant {
	all := slices.Clone(p.Grants)
	for _, t := range p.Tokens {
		all = append(all, t.Grants...)
	}
	return normalGrants(all)
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
