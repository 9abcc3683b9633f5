package pvesim

// Second factors: nobody has one.
var tfaEndpoints = []endpoint{
	{method: "GET", path: "/access/users/{userid}/tfa", protected: true,
		params: schema{"userid": userIDArg, "multiple": boolArg},
		check:  either(self, userGroup(scopeMember, "User.Modify", "Sys.Audit")), run: userTFATypes},
	{method: "PUT", path: "/access/users/{userid}/unlock-tfa", protected: true, params: schema{"userid": userIDArg},
		check: userGroup(scopeMember, "User.Modify"), run: func(*call) (any, error) { return 0, nil }},
	{method: "GET", path: "/access/tfa", protected: true, run: noTFA},
	{method: "GET", path: "/access/tfa/{userid}", protected: true, params: schema{"userid": userIDArg},
		check: either(self, userGroup(scopeMember, "User.Modify", "Sys.Audit")), run: noTFA},
}

func noTFA(*call) (any, error) { return []any{}, nil }

func userTFATypes(c *call) (any, error) {
	if c.flag("multiple", false) {
		return map[string]any{"user": []any{}}, nil
	}
	return map[string]any{}, nil
}
