package pvesim

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// userFields are the parameters that creation and update of a user share.
var userFields = schema{
	"enable": boolArg, "expire": secondsArg, "firstname": nameArg, "lastname": nameArg,
	"email": {max: 254, format: checkEmail}, "comment": {max: 2048}, "keys": {max: 4096, pattern: keysPattern},
	"groups": groupsArg, "userid": userIDArg,
}

func withParams(base schema, more schema) schema {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

var userEndpoints = []endpoint{
	{method: "GET", path: "/access/users", protected: true,
		params: schema{"full": boolArg, "enabled": boolArg}, run: listUsers},
	{method: "POST", path: "/access/users", protected: true, params: withParams(userFields, schema{"password": newSecret}),
		check: both(inRealm, userGroup(scopeCreate, "User.Modify")), run: createUser},
	{method: "GET", path: "/access/users/{userid}", params: schema{"userid": userIDArg},
		check: userGroup(scopeMember, "User.Modify", "Sys.Audit"), run: getUser},
	{method: "PUT", path: "/access/users/{userid}", protected: true,
		params: withParams(userFields, schema{"append": {kind: kindBoolean, requires: "groups"}}),
		check:  userGroup(scopeUpdate, "User.Modify"), run: updateUser},
	{method: "DELETE", path: "/access/users/{userid}", protected: true, params: schema{"userid": userIDArg},
		check: both(inRealm, userGroup(scopeMember, "User.Modify")), run: deleteUser},
}

// describe shows a user's own fields; unset strings are left out, except an email
// that the file has as empty field in the middle of a line.
func (u *user) describe() map[string]any {
	out := map[string]any{"enable": number(u.enable)}
	if u.expire != nil {
		out["expire"] = *u.expire
	}
	for name, v := range map[string]string{"firstname": u.first, "lastname": u.last, "comment": u.comment, "keys": u.keys} {
		if truthy(v) {
			out[name] = v
		}
	}
	if u.email != nil {
		out["email"] = *u.email
	}
	return out
}

func number(v bool) int {
	if v {
		return 1
	}
	return 0
}

// describe shows a token without its secret, which nothing shows ever again.
func (t *token) describe() map[string]any {
	out := map[string]any{"expire": t.expire, "privsep": number(t.privsep)}
	if truthy(t.comment) {
		out["comment"] = t.comment
	}
	return out
}

// listUsers shows the users that the caller may see, sorted by id: all with a
// privilege on /access/groups, else the members of groups on which it is held, and
// the caller itself.
func listUsers(c *call) (any, error) {
	privs := []string{"User.Modify", "Sys.Audit"}
	all := c.authid == rootUser || c.cfg.checkAny(c.authid, "/access/groups", privs) == nil
	list := []any{}
	domains := c.srv.domains()
	for _, id := range slices.Sorted(maps.Keys(c.cfg.users)) {
		u := c.cfg.users[id]
		if !all && c.authid != id && !c.cfg.seesMember(c.authid, id, privs) {
			continue
		}
		if c.given("enabled") && u.enable != c.flag("enabled", false) {
			continue
		}
		item := u.describe()
		item["userid"] = id
		if _, realm, err := splitUserID(id); err == nil && domains.byName[realm] != nil {
			item["realm-type"] = domains.byName[realm].kind
		}
		if c.flag("full", false) {
			item["groups"] = strings.Join(slices.Sorted(slices.Values(c.cfg.groupsOf(id))), ",")
			item["tokens"] = tokenArray(u)
		}
		list = append(list, item)
	}
	return list, nil
}

// tokenArray lists tokens sorted by id, nil when there is none.
func tokenArray(u *user) any {
	if len(u.tokens) == 0 {
		return nil
	}
	list := []any{}
	for _, id := range slices.Sorted(maps.Keys(u.tokens)) {
		item := u.tokens[id].describe()
		item["tokenid"] = id
		list = append(list, item)
	}
	return list
}

func getUser(c *call) (any, error) {
	id := c.arg("userid")
	u, err := c.cfg.user(id)
	if err != nil {
		return nil, err
	}
	out := u.describe()
	groups := slices.Sorted(slices.Values(c.cfg.groupsOf(id)))
	if groups == nil {
		groups = []string{}
	}
	out["groups"] = groups
	out["tokens"] = nil
	if len(u.tokens) > 0 {
		tokens := map[string]any{}
		for tid, t := range u.tokens {
			tokens[tid] = t.describe()
		}
		out["tokens"] = tokens
	}
	return out, nil
}

func createUser(c *call) (any, error) {
	id := c.arg("userid")
	return nil, c.update("create user failed", func(cfg *userConfig) error {
		if existing := c.srv.findUserLocked(cfg, id); existing != "" {
			return dief("user '%s' already exists", existing)
		}
		if c.given("password") {
			if err := c.srv.storePasswordLocked(id, c.arg("password")); err != nil {
				return err
			}
		}
		u := &user{enable: c.flag("enable", true), expire: new(int64), tokens: map[string]*token{}}
		cfg.users[id] = u
		if err := c.joinGroups(cfg, id, false); err != nil {
			return err
		}
		return c.fillUser(u)
	})
}

// findUserLocked returns the id under which a user exists already; in a realm that
// is not case-sensitive another spelling counts too. The caller holds mu.
func (s *Server) findUserLocked(cfg *userConfig, id string) string {
	if cfg.users[id] != nil {
		return id
	}
	_, realm, err := splitUserID(id)
	if err != nil {
		return ""
	}
	d := parseDomains(s.state.domainsCfg).byName[realm]
	if d == nil || d.options["case-sensitive"] != "0" {
		return ""
	}
	for other := range cfg.users {
		if strings.EqualFold(other, id) {
			return other
		}
	}
	return ""
}

// fillUser takes over the given parameters.
func (c *call) fillUser(u *user) error {
	for name, field := range map[string]*string{"firstname": &u.first, "lastname": &u.last, "comment": &u.comment, "keys": &u.keys} {
		if c.given(name) {
			*field = c.arg(name)
		}
	}
	if c.given("email") {
		email := falseToEmpty(c.arg("email"))
		u.email = &email
	}
	if c.given("enable") {
		u.enable = c.flag("enable", true)
	}
	if c.given("expire") {
		expire, err := strconv.ParseInt(c.arg("expire"), 10, 64)
		if err != nil {
			return dief("value '%s' is out of range", c.arg("expire"))
		}
		u.expire = &expire
	}
	return nil
}

// joinGroups puts a user into the groups of the parameter groups.
func (c *call) joinGroups(cfg *userConfig, id string, replace bool) error {
	if !c.given("groups") {
		return nil
	}
	if replace {
		for _, g := range cfg.groups {
			delete(g.users, id)
		}
	}
	for _, name := range splitList(c.arg("groups")) {
		g := cfg.groups[name]
		if g == nil {
			return dief("no such group '%s'", name)
		}
		g.users[id] = true
	}
	return nil
}

func updateUser(c *call) (any, error) {
	id := c.arg("userid")
	if _, err := c.cfg.user(id); err != nil {
		return nil, err
	}
	return nil, c.update("update user failed", func(cfg *userConfig) error {
		u, err := cfg.user(id)
		if err != nil {
			return err
		}
		if err := c.joinGroups(cfg, id, !c.flag("append", false)); err != nil {
			return err
		}
		return c.fillUser(u)
	})
}

// deleteUser removes a user with its memberships, ACL and password. ACL of its
// tokens stay in the file until the next write, and their secrets permanently.
func deleteUser(c *call) (any, error) {
	id := c.arg("userid")
	return nil, c.update("delete user failed", func(cfg *userConfig) error {
		if name, realm, err := splitUserID(id); err == nil && realm == realmPVE {
			delete(c.srv.state.shadow, name)
		}
		delete(cfg.users, id)
		delete(c.srv.state.factors, id)
		for _, g := range cfg.groups {
			delete(g.users, id)
		}
		for _, entry := range cfg.acl {
			delete(entry.users, id)
		}
		return nil
	})
}
