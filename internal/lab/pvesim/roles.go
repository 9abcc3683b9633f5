package pvesim

import "strings"

// privList is the parameter that lists privileges of a release.
func privList(p *privileges) param {
	return param{list: true, format: func(name string) error {
		if !p.all[name] {
			return dief("invalid privilege '%s'", name)
		}
		return nil
	}}
}

// roleEndpoints are the calls on roles.
func roleEndpoints(p *privileges) []endpoint {
	rolePrivs := privList(p)
	return []endpoint{
		{method: "GET", path: "/access/roles", run: listRoles},
		{method: "POST", path: "/access/roles", protected: true, params: schema{"roleid": roleIDArg, "privs": rolePrivs},
			check: onPath("/access", "Sys.Modify"), run: createRole},
		{method: "GET", path: "/access/roles/{roleid}", params: schema{"roleid": roleIDArg}, run: getRole},
		{method: "PUT", path: "/access/roles/{roleid}", protected: true,
			params: schema{"roleid": roleIDArg, "privs": rolePrivs, "append": {kind: kindBoolean, requires: "privs"}},
			check:  onPath("/access", "Sys.Modify"), run: updateRole},
		{method: "DELETE", path: "/access/roles/{roleid}", protected: true, params: schema{"roleid": roleIDArg},
			check: onPath("/access", "Sys.Modify"), run: deleteRole},
	}
}

// role returns a role or dies with PVE's text.
func (c *userConfig) role(id string) (privSet, error) {
	if r, ok := c.roles[id]; ok {
		return r, nil
	}
	return nil, dief("role '%s' does not exist", id)
}

// listRoles shows all roles in random order.
func listRoles(c *call) (any, error) {
	list := []any{}
	for id, set := range c.cfg.roles {
		_, special := builtinRoles[id]
		list = append(list, map[string]any{"roleid": id, "privs": strings.Join(set.sorted(), ","), "special": number(special)})
	}
	return list, nil
}

func getRole(c *call) (any, error) {
	set, err := c.cfg.role(c.arg("roleid"))
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for name := range set {
		out[name] = 1
	}
	return out, nil
}

func createRole(c *call) (any, error) {
	id := c.arg("roleid")
	if len(id) >= 3 && strings.EqualFold(id[:3], "PVE") {
		return nil, paramsError{"roleid": "cannot use role ID starting with the (case-insensitive) 'PVE' namespace"}
	}
	return nil, c.update("create role failed", func(cfg *userConfig) error {
		if _, ok := cfg.roles[id]; ok {
			return dief("role '%s' already exists", id)
		}
		cfg.roles[id] = privsOf(strings.Join(splitList(c.arg("privs")), " "))
		return nil
	})
}

// updateRole replaces the privileges; without privs the role is emptied.
func updateRole(c *call) (any, error) {
	id := c.arg("roleid")
	if _, special := builtinRoles[id]; special {
		return nil, dief("auto-generated role '%s' cannot be modified", id)
	}
	return nil, c.update("update role failed", func(cfg *userConfig) error {
		old, err := cfg.role(id)
		if err != nil {
			return err
		}
		set := privsOf(strings.Join(splitList(c.arg("privs")), " "))
		if c.flag("append", false) {
			for name := range old {
				set[name] = true
			}
		}
		cfg.roles[id] = set
		return nil
	})
}

// deleteRole removes a role, also one in use: its ACL entries are gone at once for
// readers, and from the file with the next write.
func deleteRole(c *call) (any, error) {
	id := c.arg("roleid")
	if _, special := builtinRoles[id]; special {
		return nil, dief("auto-generated role '%s' cannot be deleted", id)
	}
	return nil, c.update("delete role failed", func(cfg *userConfig) error {
		if _, err := cfg.role(id); err != nil {
			return err
		}
		delete(cfg.roles, id)
		return nil
	})
}
