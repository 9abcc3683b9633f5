package proxmox

import "context"

// Permissions maps path to privilege to whether it also holds below the path.
type Permissions map[string]map[string]bool

// Permissions returns what the configured token itself may do: paths with at
// least one privilege, from the fixed trees and every path that has an ACL.
func (c *Client) Permissions(ctx context.Context) (Permissions, error) {
	return shared(ctx, c, "permissions", func(l *lists) *Permissions { return &l.permissions },
		func(p Permissions) bool { return p == nil },
		func(ctx context.Context) (Permissions, error) { return c.fetchPermissions(ctx, "") })
}

func (c *Client) fetchPermissions(ctx context.Context, query string) (Permissions, error) {
	var decoded map[string]map[string]integer
	if err := c.read(ctx, "/access/permissions"+query, &decoded); err != nil {
		return nil, err
	}
	permissions := make(Permissions, len(decoded))
	for path, privileges := range decoded {
		permissions[path] = make(map[string]bool, len(privileges))
		for name, propagate := range privileges {
			permissions[path][name] = propagate != 0
		}
	}
	return permissions, nil
}
