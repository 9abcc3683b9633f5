package proxmox

import (
	"context"
	"slices"
	"strings"
)

// Group is a PVE group.
type Group struct {
	ID, Comment string
	Members     []string
}

// Groups returns the groups that the token may see, sorted by id.
func (c *Client) Groups(ctx context.Context) ([]Group, error) {
	groups, err := shared(ctx, c, "groups", func(l *lists) *[]Group { return &l.groups },
		func(g []Group) bool { return g == nil }, c.fetchGroups)
	return slices.Clone(groups), err
}

func (c *Client) fetchGroups(ctx context.Context) ([]Group, error) {
	var raw []struct {
		GroupID string `json:"groupid"`
		Comment string `json:"comment"`
		Users   string `json:"users"`
	}
	if err := c.read(ctx, "/access/groups", &raw); err != nil {
		return nil, err
	}
	groups := make([]Group, len(raw))
	for i, r := range raw {
		groups[i] = Group{ID: r.GroupID, Comment: r.Comment, Members: splitList(r.Users)}
	}
	slices.SortFunc(groups, func(a, b Group) int { return strings.Compare(a.ID, b.ID) })
	return groups, nil
}
