package proxmox

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Realm is an authentication domain.
type Realm struct {
	ID, Type, Comment string
	// TFA is the kind of second factor that the realm demands, "" for none.
	TFA string
}

// Realms returns the authentication realms, sorted by id. PVE shows them to
// everyone.
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
		TFA     string `json:"tfa"`
	}
	if err := c.read(ctx, "/access/domains", &raw); err != nil {
		return nil, err
	}
	realms := make([]Realm, len(raw))
	for i, r := range raw {
		realms[i] = Realm{ID: r.Realm, Type: r.Type, Comment: r.Comment, TFA: r.TFA}
	}
	slices.SortFunc(realms, func(a, b Realm) int { return strings.Compare(a.ID, b.ID) })
	return realms, nil
}

// ignoresCase tells whether a realm takes user names in any letter case for one.
// The realms pam and pve never do. PVE tells it in the realm's own settings only,
// for which the token needs Realm.Allocate or Sys.Audit on /access/realm.
func (c *Client) ignoresCase(ctx context.Context, realm string) (bool, error) {
	if realm == "pam" || realm == "pve" {
		return false, nil
	}
	var settings struct {
		CaseSensitive *integer `json:"case-sensitive"`
	}
	if err := c.read(ctx, joinPath("access", "domains", realm), &settings); err != nil {
		return false, fmt.Errorf("asking whether realm %s ignores the case of user names: %w", realm, err)
	}
	return settings.CaseSensitive != nil && *settings.CaseSensitive == 0, nil
}

// spelling returns the id under which PVE has a user, "" when it has none: the id
// itself, or one that differs in letter case where the realm ignores that. The
// realm is asked only when there is such another id.
func (c *Client) spelling(ctx context.Context, id UserID) (UserID, error) {
	users, err := c.userList(ctx)
	if err != nil {
		return "", fmt.Errorf("reading the users: %w", err)
	}
	if users.byID[id] != nil {
		return id, nil
	}
	for _, u := range users.all {
		if u.ID.Realm() != id.Realm() || !strings.EqualFold(u.ID.Name(), id.Name()) {
			continue
		}
		ignores, err := c.ignoresCase(ctx, id.Realm())
		switch {
		case err != nil:
			return "", err
		case ignores:
			return u.ID, nil
		}
		return "", nil
	}
	return "", nil
}

// SameUser tells whether two user ids mean one user: they are equal, or differ in
// letter case only and their realm ignores that.
func (c *Client) SameUser(ctx context.Context, a, b UserID) (bool, error) {
	if a == b || a.Realm() != b.Realm() || !strings.EqualFold(a.Name(), b.Name()) {
		return a == b, nil
	}
	return c.ignoresCase(ctx, a.Realm())
}
