package proxmox

import (
	"context"
	"fmt"
)

// lists are the shared answers between two writes. Every field is filled at most
// once; a write replaces the whole, so that an answer fetched before it cannot
// be stored after it.
type lists struct {
	users       *userList
	older       *userList // as users was before some of them were written
	written     []UserID  // these
	groups      []Group
	roles       []Role
	acl         *aclList
	realms      []Realm
	permissions Permissions
	version     *Version
	pools       map[string]PoolMembers
	poolIDs     []string
	storageIDs  []string
	rights      *Rights
	poolRights  *Rights
}

func (c *Client) currentLists() *lists {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists
}

// effect gives lists what a write that succeeded changed in PVE. It replaces values and
// changes none, since others hold them.
type effect func(*lists)

// patchLists makes the lists those after a write that succeeded, so that many
// writes do not have all lists read again after each. What is derived from several is derived anew.
func (c *Client) patchLists(change effect) {
	c.mu.Lock()
	defer c.mu.Unlock()
	patched := *c.lists
	patched.rights, patched.poolRights = nil, nil
	change(&patched)
	c.lists = &patched
}

// dropLists forgets what writes can change: all but version, realms, pools and
// storages, which pvesec never writes.
func (c *Client) dropLists() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists = &lists{version: c.lists.version, realms: c.lists.realms, pools: c.lists.pools, poolIDs: c.lists.poolIDs, storageIDs: c.lists.storageIDs}
}

// shared returns what slot points at, fetching it first if it is empty. Callers
// that come together share one request; it goes on when one of them gives up.
func shared[T any](ctx context.Context, c *Client, name string, slot func(*lists) *T, empty func(T) bool, fetch func(context.Context) (T, error)) (T, error) {
	l := c.currentLists()
	c.mu.Lock()
	have := *slot(l)
	c.mu.Unlock()
	if !empty(have) {
		return have, nil
	}
	key := fmt.Sprintf("%s of %p", name, l)
	result := c.flight.DoChan(key, func() (any, error) {
		c.mu.Lock()
		got := *slot(l)
		c.mu.Unlock()
		if !empty(got) {
			return got, nil // the flight before this one landed after the look above
		}
		got, err := fetch(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		*slot(l) = got
		c.mu.Unlock()
		return got, nil
	})
	var zero T
	select {
	case r := <-result:
		if r.Err != nil {
			return zero, r.Err
		}
		got, ok := r.Val.(T)
		if !ok {
			return zero, fmt.Errorf("list %s has the unexpected type %T; this is a bug in pvesec", name, r.Val)
		}
		return got, nil
	case <-ctx.Done():
		return zero, &UnreachableError{c.endpoint, context.Cause(ctx)}
	}
}
