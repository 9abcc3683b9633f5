package proxmox

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// place is a kind of thing that has an ACL path of its own, and a list of which a token may see a part.
type place struct {
	tree string // its ACL paths are below it
	list string // path of the list in the API
	// sees are the privileges of which PVE demands one for an entry of the list.
	sees []string
	slot func(*lists) *[]string
}

// The places that an administrator makes and removes by name. A guest is none: its ACL entries often come first, and
// PVE removes them with it.
var places = []place{
	{"/pool", "/pools", []string{"Pool.Audit"}, func(l *lists) *[]string { return &l.poolIDs }},
	{"/storage", "/storage", []string{"Datastore.Audit", "Datastore.AllocateSpace"}, func(l *lists) *[]string { return &l.storageIDs }},
}

// MissingPlaces are the ACL paths of some grants, in order, that are of a pool or a storage which the server does not
// have: PVE takes an entry of any path, and it allows nothing. A list is asked for only where a grant is about an entry
// of it, once per [Client]. What the token may not see is not said to be missing.
func (c *Client) MissingPlaces(ctx context.Context, grants []Grant) ([]string, error) {
	var missing []string
	for _, p := range places {
		for _, grant := range grants {
			name, within := strings.CutPrefix(grant.Path, p.tree+"/")
			if !within || slices.Contains(missing, grant.Path) {
				continue
			}
			ids, err := c.placeIDs(ctx, p)
			if err != nil {
				return nil, err
			}
			if slices.Contains(ids, name) {
				continue
			}
			if visible, err := c.seesPlace(ctx, p, grant.Path); err != nil || !visible {
				if err != nil {
					return nil, err
				}
				continue
			}
			missing = append(missing, grant.Path)
		}
	}
	slices.Sort(missing)
	return missing, nil
}

// placeIDs are the names in the list of a kind of places, as far as the token sees them.
func (c *Client) placeIDs(ctx context.Context, p place) ([]string, error) {
	return shared(ctx, c, p.list, p.slot, func(ids []string) bool { return ids == nil }, func(ctx context.Context) ([]string, error) {
		var raw []struct {
			PoolID  string `json:"poolid"`
			Storage string `json:"storage"`
		}
		if err := c.read(ctx, p.list, &raw); err != nil {
			return nil, fmt.Errorf("reading %s: %w", p.list, err)
		}
		ids := make([]string, 0, len(raw))
		for _, r := range raw {
			ids = append(ids, r.PoolID+r.Storage)
		}
		return ids, nil
	})
}

// seesPlace tells whether the token would see a place in its list. Its permissions name every path at which it has one
// and an ACL entry stands, so the nearest of the paths above decides; where an entry stands and the token has no
// permission, it sees nothing.
func (c *Client) seesPlace(ctx context.Context, p place, at string) (bool, error) {
	permissions, err := c.Permissions(ctx)
	if err != nil {
		return false, fmt.Errorf("asking what the API token may see: %w", err)
	}
	acl, err := c.aclList(ctx)
	if err != nil {
		return false, fmt.Errorf("reading the ACL: %w", err)
	}
	for above := at; above != "/"; above = path.Dir(above) {
		if _, named := permissions[above]; named {
			return permissions.satisfies(Missing{Path: above, Privileges: p.sees, Propagate: above != at}), nil
		}
		if slices.ContainsFunc(acl.all, func(e ACLEntry) bool { return e.Path == above }) {
			return false, nil
		}
	}
	return false, nil
}
