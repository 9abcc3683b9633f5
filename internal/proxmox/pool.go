package proxmox

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
)

// Pools returns the pools that the token may see (Pool.Audit), with their
// members, by id. PVE tells members only pool by pool: one request for the list
// and one for each pool, once per [Client].
func (c *Client) Pools(ctx context.Context) (map[string]PoolMembers, error) {
	return shared(ctx, c, "pools", func(l *lists) *map[string]PoolMembers { return &l.pools },
		func(p map[string]PoolMembers) bool { return p == nil }, c.fetchPools)
}

func (c *Client) fetchPools(ctx context.Context) (map[string]PoolMembers, error) {
	ids, err := c.placeIDs(ctx, places[0])
	if err != nil {
		return nil, err
	}
	pools := make(map[string]PoolMembers, len(ids))
	for _, id := range ids {
		var raw []struct {
			Members []struct {
				VMID    integer `json:"vmid"`
				Storage string  `json:"storage"`
			} `json:"members"`
		}
		if err := c.read(ctx, "/pools?poolid="+url.QueryEscape(id), &raw); err != nil {
			return nil, fmt.Errorf("reading pool %s: %w", id, err)
		}
		var members PoolMembers
		for _, r := range raw {
			for _, m := range r.Members {
				switch {
				case m.Storage != "":
					members.Storages = append(members.Storages, m.Storage)
				case m.VMID != 0:
					members.Guests = append(members.Guests, strconv.FormatInt(int64(m.VMID), 10))
				}
			}
		}
		pools[id] = PoolMembers{Guests: normalSet(members.Guests), Storages: normalSet(members.Storages)}
	}
	return pools, nil
}
