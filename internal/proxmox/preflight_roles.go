package proxmox

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// missingForRoles adds the grants that PVE refuses because of their role. A caller who
// may change the ACL of a path without Permissions.Modify, by a privilege of
// storages, guests or pools, hands out only roles of which the token itself has
// every privilege there, with propagation where the grant propagates, and never
// NoAccess (PVE::API2::ACL). Paths that are missing as a whole are left out.
func (o ownPermissions) missingForRoles(ctx context.Context, missing []Missing, p Principal) ([]Missing, error) {
	refused := func(path string) bool {
		return slices.ContainsFunc(missing, func(m Missing) bool { return m.Path == path && slices.Contains(m.Privileges, permissionsModify) })
	}
	for _, g := range p.allGrants() {
		if len(modifyPrivileges(g.Path)) == 1 || refused(g.Path) {
			continue
		}
		may, err := o.satisfy(ctx, Missing{Path: g.Path, Privileges: []string{permissionsModify}})
		if err != nil {
			return nil, err
		}
		if may {
			continue
		}
		exact, err := o.at(ctx, g.Path)
		if err != nil {
			return nil, err
		}
		lacks, err := o.lacksOfRole(ctx, exact[g.Path], g, p.Role)
		if err != nil {
			return nil, err
		}
		if lacks != "" {
			missing = append(missing, Missing{Path: g.Path, Privileges: []string{permissionsModify}, For: lacks})
		}
	}
	return missing, nil
}

const permissionsModify = "Permissions.Modify"

// lacksOfRole says why a token that holds these privileges may not hand out the
// role of a grant, "" when it may. managed is the user's own role, which PVE need
// not have yet. A role that nobody knows is the matter of [Client.CheckPrincipal].
func (c *Client) lacksOfRole(ctx context.Context, held map[string]bool, g Grant, managed *Role) (string, error) {
	role := managed
	if role == nil || role.ID != g.Role {
		var err error
		if role, err = c.role(ctx, g.Role); err != nil {
			return "", fmt.Errorf("reading the roles: %w", err)
		}
	}
	switch {
	case role == nil:
		return "", nil
	case role.ID == noAccess:
		return "grant the role NoAccess there", nil
	}
	var lacks []string
	for _, name := range role.Privileges {
		if propagate, has := held[name]; !has || g.Propagate && !propagate {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) == 0 {
		return "", nil
	}
	how := ""
	if g.Propagate {
		how = " with propagation"
	}
	return fmt.Sprintf("grant the role %s there%s; without it PVE lets the token hand out only privileges that it has there itself, and it lacks %s",
		role.ID, how, strings.Join(lacks, ", ")), nil
}
