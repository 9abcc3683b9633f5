package proxmox

import (
	"context"
	"slices"
	"strings"
)

// Realm is an authentication domain.
type Realm struct {
	ID, Type, Comment string
}

// Realms returns the authentication realms, sorted by id. PVE shows them to
// everybody.
func (c *Client) Realms(ctx context.Context) ([]Realm, error) {
	realms, err := shared(ctx, c, "realms", func(l *lists) *[]Realm { return &l.realms },
		func(r []Realm) bool { return r == nil }, c.fetchRealms)
	return slices.Clone(realms), err
}

func (c *Client) fetchRealms(ctx context.Context) ([]Realm, error) {
	var raw []struct {
		Realm   string `json:"realm"`
		Type    string `json:"type"`
		Comment string `json:"comment"`
	}
	if err := c.read(ctx, "/access/domains", &raw); err != nil {
		return nil, err
	}
	realms := make([]Realm, len(raw))
	for i, r := range raw {
		realms[i] = Realm{ID: r.Realm, Type: r.Type, Comment: r.Comment}
	}
	slices.SortFunc(realms, func(a, b Realm) int { return strings.Compare(a.ID, b.ID) })
	return realms, nil
}
