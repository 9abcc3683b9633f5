package pvesim

var aclEndpoints = []endpoint{
	{method: "GET", path: "/access/acl", run: listACL},
	{method: "PUT", path: "/access/acl", protected: true, params: schema{
		"path": {required: true}, "roles": rolesArg, "users": usersArg, "groups": groupsArg, "tokens": tokensArg,
		"propagate": boolArg, "delete": boolArg,
	}, check: func(c *call) error { return c.cfg.checkModify(c.authid, c.arg("path")) }, run: changeACL},
}

// listACL shows everything to a caller with Sys.Audit on /access, else only the
// paths whose permissions the caller may change. Paths are sorted, within a path
// users come before groups before tokens, and within these the order is random.
func listACL(c *call) (any, error) {
	audit := c.cfg.checkAny(c.authid, "/access", []string{"Sys.Audit"}) == nil
	list := []any{}
	for _, path := range c.cfg.aclPaths() {
		if !audit && c.cfg.checkModify(c.authid, path) != nil {
			continue
		}
		entry := c.cfg.acl[path]
		for _, part := range []struct {
			kind   string
			grants grants
		}{{"user", entry.users}, {"group", entry.groups}, {"token", entry.tokens}} {
			for principal, roles := range part.grants {
				for role, propagate := range roles {
					list = append(list, map[string]any{"path": path, "type": part.kind, "ugid": principal,
						"roleid": role, "propagate": number(propagate)})
				}
			}
		}
	}
	return list, nil
}

// changeACL adds or removes roles for all named principals on a path, all or none.
func changeACL(c *call) (any, error) {
	if !truthy(c.arg("users")) && !truthy(c.arg("groups")) && !truthy(c.arg("tokens")) {
		const missing = "either 'users', 'groups' or 'tokens' is required."
		return nil, paramsError{"users": missing, "groups": missing, "tokens": missing}
	}
	remove := c.flag("delete", false)
	path, ok := normalisePath(c.arg("path"))
	if !remove && (!ok || !validACLPath(path, c.srv.opts.Version)) {
		return nil, paramsError{"path": "invalid ACL path '" + c.arg("path") + "'"}
	}
	return nil, c.update("ACL update failed", func(cfg *userConfig) error {
		change := aclChange{path: path, remove: remove, propagate: c.flag("propagate", true)}
		have := cfg.permissions(c.authid, path)
		for _, role := range splitList(c.arg("roles")) {
			privs, err := cfg.role(role)
			if err != nil {
				return err
			}
			if err := change.mayHandOut(role, privs, have); err != nil {
				return err
			}
			if err := change.apply(c, cfg, role); err != nil {
				return err
			}
		}
		return nil
	})
}

// aclChange is one call's change of the ACL.
type aclChange struct {
	path      string
	remove    bool
	propagate bool
}

// mayHandOut restricts callers who may change a path without Permissions.Modify:
// they hand out only what they have themselves, and with propagate only what they
// have with propagate. For the latter PVE's text is not recorded.
func (a aclChange) mayHandOut(role string, privs privSet, have held) error {
	if _, ok := have["Permissions.Modify"]; ok {
		return nil
	}
	verb := "add"
	if a.remove {
		verb = "remove"
	}
	const superset = " - requires 'Permissions.Modify' or superset of privileges."
	for name := range privs {
		propagate, ok := have[name]
		if !ok || (a.propagate && !propagate && !a.remove) {
			return paramsError{"role": "Cannot " + verb + " role '" + role + "'" + superset}
		}
	}
	if role == roleNoAccess {
		return paramsError{"role": "Cannot " + verb + " role '" + role + "' - requires 'Permissions.Modify'"}
	}
	return nil
}

// apply gives or takes one role.
func (a aclChange) apply(c *call, cfg *userConfig, role string) error {
	set := func(g grants, principal string) {
		if a.remove {
			g.remove(principal, role)
		} else {
			g.add(principal, role, a.propagate)
		}
	}
	entry := cfg.grantsAt(a.path)
	for _, id := range splitList(c.arg("groups")) {
		if _, err := cfg.group(id); err != nil {
			return err
		}
		set(entry.groups, id)
	}
	for _, id := range splitList(c.arg("users")) {
		if cfg.users[id] == nil {
			return dief("user '%s' does not exist", id)
		}
		set(entry.users, id)
	}
	for _, full := range splitList(c.arg("tokens")) {
		userid, id, _ := splitTokenID(full)
		if _, err := cfg.token(userid, id); err != nil {
			return err
		}
		set(entry.tokens, full)
	}
	return nil
}
