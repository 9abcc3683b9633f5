package pvesim

import "maps"

// rootUser is the account that exists always and has all privileges.
const rootUser = "root@pam"

// userConfig is the parsed user.cfg of PVE (pve-access-control, user.cfg format).
type userConfig struct {
	users  map[string]*user
	groups map[string]*group
	roles  map[string]privSet
	pools  map[string]*pool
	acl    map[string]*aclEntry // by normalised path
}

// user is a user line with the token lines that belong to it.
type user struct {
	enable bool
	expire *int64 // seconds since 1970, 0 is never; nil for a root@pam that no line names
	first  string
	last   string
	// email is nil when the line ended before it: then the API does not show it,
	// while an empty field in the middle of a line is shown as "".
	email   *string
	comment string
	keys    string
	tokens  map[string]*token
}

type token struct {
	expire  int64 // seconds since 1970, 0 is never
	privsep bool
	comment string
}

type group struct {
	users   map[string]bool
	comment string
}

type pool struct {
	comment string
	vms     map[string]bool
	storage map[string]bool
}

// grants maps a principal to its roles, and a role to its propagate flag.
type grants map[string]map[string]bool

// aclEntry is what the lines of one path grant.
type aclEntry struct {
	users  grants
	groups grants
	tokens grants
}

func newACLEntry() *aclEntry {
	return &aclEntry{users: grants{}, groups: grants{}, tokens: grants{}}
}

func (g grants) add(principal, role string, propagate bool) {
	if g[principal] == nil {
		g[principal] = map[string]bool{}
	}
	g[principal][role] = propagate
}

func (g grants) remove(principal, role string) {
	delete(g[principal], role)
	if len(g[principal]) == 0 {
		delete(g, principal)
	}
}

// newUserConfig returns a configuration that holds what PVE adds by itself: the
// built-in roles and root@pam, which a line of the file may replace.
func newUserConfig(privs *privileges) *userConfig {
	root := &user{enable: true, tokens: map[string]*token{}}
	return &userConfig{users: map[string]*user{rootUser: root}, groups: map[string]*group{}, pools: map[string]*pool{},
		roles: maps.Clone(privs.roles), acl: map[string]*aclEntry{}}
}

// user returns the user or dies with PVE's text.
func (c *userConfig) user(id string) (*user, error) {
	if u := c.users[id]; u != nil {
		return u, nil
	}
	return nil, dief("no such user ('%s')", id)
}

// token returns a user's token or dies with PVE's text.
func (c *userConfig) token(userid, id string) (*token, error) {
	u, err := c.user(userid)
	if err != nil {
		return nil, err
	}
	if t := u.tokens[id]; t != nil {
		return t, nil
	}
	return nil, dief("no such token '%s' for user '%s'", id, userid)
}

// groupsOf lists the groups of a user.
func (c *userConfig) groupsOf(userid string) []string {
	var ids []string
	for id, g := range c.groups {
		if g.users[userid] {
			ids = append(ids, id)
		}
	}
	return ids
}

// grantsAt returns the entry of a path to be changed.
func (c *userConfig) grantsAt(path string) *aclEntry {
	if c.acl[path] == nil {
		c.acl[path] = newACLEntry()
	}
	return c.acl[path]
}
