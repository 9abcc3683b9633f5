package proxmox

import (
	"context"
	"maps"
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

// maxWritten is how many users are asked for one by one after they were written. The list costs PVE less than more.
const maxWritten = 8

// userWritten is the effect of writing attributes or tokens of a user, or its memberships: it is asked for again.
func userWritten(id UserID, groups bool) effect {
	return func(l *lists) {
		if groups {
			l.groups = nil
		}
		if l.users != nil {
			l.older, l.written, l.users = l.users, nil, nil
		}
		if l.older != nil && !slices.Contains(l.written, id) {
			l.written = append(slices.Clone(l.written), id)
		}
	}
}

// AskAgain has PVE asked anew for a user and its tokens. The shared lists may be as old as the run: what is decided by
// them is not about what others change meanwhile.
func (c *Client) AskAgain(id UserID) { c.patchLists(userWritten(id, false)) }

func (c *Client) fetchUsers(ctx context.Context) (*userList, error) {
	if l := c.currentLists(); l.older != nil && len(l.written) <= maxWritten {
		if users, err := c.refreshUsers(ctx, l.older, l.written); err == nil {
			return users, nil
		}
	}
	return c.fetchAllUsers(ctx)
}

// refreshUsers is a list in which some users are as PVE has them now. What is not told of each by itself is an error.
func (c *Client) refreshUsers(ctx context.Context, older *userList, written []UserID) (*userList, error) {
	fresh := make(map[UserID]User, len(written))
	for _, id := range written {
		u, err := c.fetchUser(ctx, id)
		if err != nil {
			return nil, err
		}
		fresh[id] = u
	}
	all := slices.DeleteFunc(slices.Clone(older.all), func(u User) bool { _, again := fresh[u.ID]; return again })
	return newUserList(slices.AppendSeq(all, maps.Values(fresh))), nil
}

// fetchUser asks for one user.
func (c *Client) fetchUser(ctx context.Context, id UserID) (User, error) {
	var raw struct {
		Comment   string   `json:"comment"`
		Email     string   `json:"email"`
		FirstName string   `json:"firstname"`
		LastName  string   `json:"lastname"`
		Enable    integer  `json:"enable"`
		Expire    integer  `json:"expire"`
		Groups    []string `json:"groups"`
		Tokens    map[string]struct {
			Comment string  `json:"comment"`
			Expire  integer `json:"expire"`
			Privsep integer `json:"privsep"`
		} `json:"tokens"`
	}
	if err := c.read(ctx, joinPath("access", "users", string(id)), &raw); err != nil {
		return User{}, err
	}
	realms, err := c.Realms(ctx)
	if err != nil {
		return User{}, err
	}
	u := User{ID: id, Comment: raw.Comment, Email: raw.Email, FirstName: raw.FirstName, LastName: raw.LastName, Enabled: raw.Enable != 0, Expire: int64(raw.Expire),
		Groups: normalSet(raw.Groups)}
	for _, realm := range realms {
		if realm.ID == id.Realm() {
			u.RealmType = realm.Type
		}
	}
	for _, name := range sortedKeys(raw.Tokens) {
		t := raw.Tokens[name]
		u.Tokens = append(u.Tokens, TokenInfo{ID: name, Comment: t.Comment, Expire: int64(t.Expire), PrivilegeSeparation: t.Privsep != 0})
	}
	return u, nil
}

// newUserList sorts and indexes users.
func newUserList(all []User) *userList {
	slices.SortFunc(all, func(a, b User) int { return strings.Compare(string(a.ID), string(b.ID)) })
	l := &userList{all: all, byID: make(map[UserID]*User, len(all))}
	for i := range all {
		l.byID[all[i].ID] = &all[i]
	}
	return l
}

func (c *Client) fetchAllUsers(ctx context.Context) (*userList, error) {
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
	all := make([]User, len(raw))
	for i, r := range raw {
		u := User{ID: UserID(r.UserID), Comment: r.Comment, Email: r.Email, FirstName: r.FirstName, LastName: r.LastName,
			RealmType: r.RealmType, Enabled: r.Enable != 0, Expire: int64(r.Expire), Groups: splitList(r.Groups)}
		for _, t := range r.Tokens {
			u.Tokens = append(u.Tokens, TokenInfo{ID: t.TokenID, Comment: t.Comment, Expire: int64(t.Expire), PrivilegeSeparation: t.Privsep != 0})
		}
		slices.SortFunc(u.Tokens, func(a, b TokenInfo) int { return strings.Compare(a.ID, b.ID) })
		all[i] = u
	}
	return newUserList(all), nil
}
