package pvesim

// index answers the list of what is below a path.
func index(names ...string) func(*call) (any, error) {
	return func(*call) (any, error) {
		list := []any{}
		for _, name := range names {
			list = append(list, map[string]any{"subdir": name})
		}
		return list, nil
	}
}

var indexEndpoints = []endpoint{
	{method: "GET", path: "/", run: index("version", "cluster", "nodes", "storage", "access", "pools")},
	{method: "GET", path: "/access", run: index("users", "groups", "roles", "acl", "domains", "openid", "tfa", "ticket", "password")},
	{method: "GET", path: "/version", run: func(c *call) (any, error) {
		r := c.srv.release
		return map[string]any{"release": r.release, "version": r.version, "repoid": r.repoid}, nil
	}},
}
