package proxmox

import (
	"context"
	"slices"
	"strings"
)

// User is a PVE user with its tokens, as GET /access/users?full=1 tells it.
type User struct {
	ID                                  UserID
	Comment, Email, FirstName, LastName string
	RealmType                           string // "" when the realm does not exist
	Enabled                             bool
	Expire                              int64 // unix seconds, 0 never
	Groups                              []string
	Tokens                              []TokenInfo
}

// TokenInfo is what PVE tells about a token: everything but its secret.
type TokenInfo struct {
	ID                  string
	Comment             string
	Expire              int64 // unix seconds, 0 never
	PrivilegeSeparation bool
}

// userList is the list of users with an index by id.
type userList struct {
	all  []User
	byID map[UserID]*User
}

// Users returns the users that the token may see, sorted by id. The elements
// are shared with other callers and must not be changed.
func (c *Client) Users(ctx context.Context) ([]User, error) {
	l, err := c.userList(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(l.all), nil
}

func (c *Client) userList(ctx context.Context) (*userList, error) {
	return shared(ctx, c, "users", func(l *lists) **userList { return &l.users },
		func(l *userList) bool { return l == nil }, c.fetchUsers)
}

func (c *Client) fetchUsers(ctx context.Context) (*userList, error) {
	var raw []struct {
		UserID    string  `json:"userid"`
		Comment   string  `json:"comment"`
		Email     string  `json:"email"`
		FirstName string  `json:"firstname"`
		LastName  string  `json:"lastname"`
		RealmType string  `json:"realm-type"`
		Enable    integer `json:"enable"`
		Expire    integer `json:"expire"`
		Groups    string  `json:"groups"`
		Tokens    []struct {
			TokenID string  `json:"tokenid"`
			Comment string  `json:"comment"`
			Expire  integer `json:"expire"`
			Privsep integer `json:"privsep"`
		} `json:"tokens"`
	}
	if err := c.read(ctx, "/access/users?full=1", &raw); err != nil {
		return nil, err
	}
	l := &userList{all: make([]User, len(raw)), byID: make(map[UserID]*User, len(raw))}
	for i, r := range raw {
		u := User{ID: UserID(r.UserID), Comment: r.Comment, Email: r.Email, FirstName: r.FirstName, LastName: r.LastName,
			RealmType: r.RealmType, Enabled: r.Enable != 0, Expire: int64(r.Expire), Groups: splitList(r.Groups)}
		for _, t := range r.Tokens {
			u.Tokens = append(u.Tokens, TokenInfo{ID: t.TokenID, Comment: t.Comment, Expire: int64(t.Expire), PrivilegeSeparation: t.Privsep != 0})
		}
		slices.SortFunc(u.Tokens, func(a, b TokenInfo) int { return strings.Compare(a.ID, b.ID) })
		l.all[i] = u
	}
	slices.SortFunc(l.all, func(a, b User) int { return strings.Compare(string(a.ID), string(b.ID)) })
	for i := range l.all {
		l.byID[l.all[i].ID] = &l.all[i]
	}
	return l, nil
}
