package proxmox

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
)

// ACLEntry grants a role to a user, group or token on a path. Path, Type,
// Holder and Role together are its key; Propagate is its value.
type ACLEntry struct {
	Path      string
	Type      string // "user", "group" or "token"
	Holder    string // user id, group id or "user@realm!token"
	Role      string
	Propagate bool // also on the paths below
}

// aclList is the list of ACL entries with an index by type and holder.
type aclList struct {
	all      []ACLEntry
	byHolder map[aclHolder][]ACLEntry
}

type aclHolder struct{ kind, id string }

// ACL returns the access control entries that the token may see, in a stable
// order.
func (c *Client) ACL(ctx context.Context) ([]ACLEntry, error) {
	l, err := c.aclList(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(l.all), nil
}

func (c *Client) aclList(ctx context.Context) (*aclList, error) {
	return shared(ctx, c, "acl", func(l *lists) **aclList { return &l.acl },
		func(l *aclList) bool { return l == nil }, c.fetchACL)
}

func (c *Client) fetchACL(ctx context.Context) (*aclList, error) {
	var raw []struct {
		Path      string  `json:"path"`
		Type      string  `json:"type"`
		UGID      string  `json:"ugid"`
		RoleID    string  `json:"roleid"`
		Propagate integer `json:"propagate"`
	}
	if err := c.read(ctx, "/access/acl", &raw); err != nil {
		return nil, err
	}
	l := &aclList{all: make([]ACLEntry, len(raw)), byHolder: make(map[aclHolder][]ACLEntry)}
	for i, r := range raw {
		l.all[i] = ACLEntry{Path: r.Path, Type: r.Type, Holder: r.UGID, Role: r.RoleID, Propagate: r.Propagate != 0}
	}
	slices.SortFunc(l.all, compareACL)
	for _, e := range l.all {
		h := aclHolder{e.Type, e.Holder}
		l.byHolder[h] = append(l.byHolder[h], e)
	}
	return l, nil
}

func compareACL(a, b ACLEntry) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Type, b.Type),
		strings.Compare(a.Holder, b.Holder), strings.Compare(a.Role, b.Role))
}

// with is the list after a holder got grants, or lost those of their paths and roles.
func (l *aclList) with(h aclHolder, grants []Grant, remove bool) *aclList {
	type key struct{ path, role string }
	touched := make(map[key]bool, len(grants))
	for _, g := range grants {
		touched[key{g.Path, g.Role}] = true
	}
	after := &aclList{all: make([]ACLEntry, 0, len(l.all)+len(grants)), byHolder: maps.Clone(l.byHolder)}
	var own []ACLEntry
	for _, e := range l.all {
		isOwn := e.Type == h.kind && e.Holder == h.id
		if isOwn && touched[key{e.Path, e.Role}] {
			continue
		}
		after.all = append(after.all, e)
		if isOwn {
			own = append(own, e)
		}
	}
	if !remove {
		for _, g := range grants {
			e := ACLEntry{Path: g.Path, Type: h.kind, Holder: h.id, Role: g.Role, Propagate: g.Propagate}
			own = append(own, e)
			at, _ := slices.BinarySearchFunc(after.all, e, compareACL)
			after.all = slices.Insert(after.all, at, e)
		}
	}
	slices.SortFunc(own, compareACL)
	if len(own) == 0 {
		delete(after.byHolder, h)
	} else {
		after.byHolder[h] = own
	}
	return after
}
