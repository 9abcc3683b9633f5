package proxmox

import (
	"context"
	"fmt"
	"slices"
)

// RightsOfAll returns a resolver for all users, groups and tokens of the shared lists. The members of pools are asked
// for only if they matter to somebody, see [Client.RightsOf]; poolsHidden says why they could not be had, and the
// resolver then knows none. Unlike RightsOf it does not ask whether PVE hides something: the caller does that, and says
// so.
func (c *Client) RightsOfAll(ctx context.Context) (rights *Rights, poolsHidden, err error) {
	rights, err = c.Rights(ctx)
	if err != nil {
		return nil, nil, err
	}
	users, err := c.userList(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the users: %w", err)
	}
	if !slices.ContainsFunc(users.all, func(u User) bool { return rights.poolsMatter(u.ID, nil) }) {
		return rights, nil, nil
	}
	pools, err := c.Pools(ctx)
	if err != nil {
		return rights, fmt.Errorf("reading the pools: %w", err), nil
	}
	withPools := *rights
	withPools.pools = pools
	return &withPools, nil, nil
}
