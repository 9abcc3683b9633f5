package proxmox

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// PathRights is what somebody may do on one path.
type PathRights struct {
	Path   string
	Rights map[string]Right // by privilege; empty where everything is taken away
}

// Rights returns the resolver of the shared lists. It needs users, roles and ACL,
// and knows no pools: see [Client.RightsOf].
func (c *Client) Rights(ctx context.Context) (*Rights, error) {
	return shared(ctx, c, "rights", func(l *lists) **Rights { return &l.rights },
		func(r *Rights) bool { return r == nil }, c.makeRights)
}

func (c *Client) makeRights(ctx context.Context) (*Rights, error) {
	users, err := c.userList(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the users: %w", err)
	}
	roles, err := c.Roles(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the roles: %w", err)
	}
	acl, err := c.aclList(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the ACL: %w", err)
	}
	return newRights(users, roles, acl), nil
}

// RightsOf returns the resolver that answers for a user with its tokens, as they
// are, or as they will be once p is written when p is not nil. The members of
// pools are asked for only if they could matter: when entries stand on a guest or
// storage and others above a pool.
func (c *Client) RightsOf(ctx context.Context, user UserID, p *Principal) (*Rights, error) {
	if err := c.RequireVisibility(ctx); err != nil {
		return nil, err
	}
	rights, err := c.Rights(ctx)
	if err != nil {
		return nil, err
	}
	if rights.poolsMatter(user, p) {
		rights, err = shared(ctx, c, "rights with pools", func(l *lists) **Rights { return &l.poolRights },
			func(r *Rights) bool { return r == nil }, func(ctx context.Context) (*Rights, error) {
				pools, err := c.Pools(ctx)
				if err != nil {
					return nil, fmt.Errorf("reading the pools: %w", err)
				}
				withPools := *rights
				withPools.pools = pools
				return &withPools, nil
			})
		if err != nil {
			return nil, err
		}
	}
	if p != nil {
		rights = rights.With(*p)
	}
	return rights, nil
}

// poolsMatter tells whether an entry of the user, its groups or its tokens names
// a guest or storage while another reaches /pool.
func (r *Rights) poolsMatter(user UserID, p *Principal) bool {
	var member, pool bool
	look := func(paths []string) {
		for _, path := range paths {
			member = member || strings.HasPrefix(path, "/vms/") || strings.HasPrefix(path, "/storage/")
			pool = pool || path == "/" || path == "/pool" || strings.HasPrefix(path, "/pool/")
		}
	}
	look(r.Paths(string(user)))
	for _, token := range r.owned[user] {
		look(r.Paths(token))
	}
	if p != nil {
		planned := r.With(*p)
		look(planned.Paths(string(user)))
		for id := range p.Tokens {
			look(planned.Paths(user.Token(id)))
		}
	}
	return member && pool
}

// Effective lists what a user or token may do on each path that an ACL entry of
// it or of its groups names, sorted by path. Between these paths rights change
// only by what propagates. A path is listed with no right when its entries take
// away what holds above it.
func (r *Rights) Effective(authID string) []PathRights {
	var all []PathRights
	for _, path := range r.Paths(authID) {
		all = append(all, PathRights{path, r.At(authID, path)})
	}
	return all
}

// VerifyRights asks PVE what a user or token may do and compares that with what
// is expected, privilege and propagation, on the paths of expected. It returns
// the differences in plain words.
func (c *Client) VerifyRights(ctx context.Context, authID string, expected []PathRights) ([]string, error) {
	told, err := c.fetchPermissions(ctx, "?userid="+url.QueryEscape(authID))
	if err != nil {
		return nil, fmt.Errorf("asking what %s may do: %w", authID, err)
	}
	var differences []string
	for _, want := range expected {
		have := told[want.Path]
		for _, name := range slices.Sorted(maps.Keys(want.Rights)) {
			propagate, held := have[name]
			switch {
			case !held:
				differences = append(differences, fmt.Sprintf("%s lacks %s on %s", authID, name, want.Path))
			case propagate != want.Rights[name].Propagate:
				differences = append(differences, fmt.Sprintf("%s has %s on %s with propagation %t, not %t", authID, name, want.Path, propagate, !propagate))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(have)) {
			if _, wanted := want.Rights[name]; !wanted {
				differences = append(differences, fmt.Sprintf("%s also has %s on %s", authID, name, want.Path))
			}
		}
	}
	return differences, nil
}
