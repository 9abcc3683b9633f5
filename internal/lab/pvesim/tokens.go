package pvesim

import "strconv"

// tokenEndpoints are the calls on a user's tokens. PVE 8.4 cannot remove a comment
// and only PVE 9.2 can renew a secret.
func tokenEndpoints(version string) []endpoint {
	fields := schema{"userid": userIDArg, "tokenid": tokenIDArg, "comment": textArg, "expire": secondsArg, "privsep": boolArg}
	update := withParams(fields, nil)
	if version != Version84 {
		update["delete"] = param{list: true}
	}
	if version == Version92 {
		update["regenerate"] = boolArg
	}
	allowed := either(self, userGroup(scopeMember, "User.Modify"))
	one := schema{"userid": userIDArg, "tokenid": tokenIDArg}
	const path = "/access/users/{userid}/token/{tokenid}"
	return []endpoint{
		{method: "GET", path: "/access/users/{userid}/token", params: schema{"userid": userIDArg}, check: allowed, run: listTokens},
		{method: "GET", path: path, params: one, check: allowed, run: getToken},
		{method: "POST", path: path, protected: true, params: fields, check: allowed, run: createToken},
		{method: "PUT", path: path, protected: true, params: update, check: allowed, run: updateToken},
		{method: "DELETE", path: path, protected: true, params: one, check: allowed, run: deleteToken},
	}
}

// listTokens lists tokens in random order, as Perl's hashes and Go's maps do.
func listTokens(c *call) (any, error) {
	u, err := c.cfg.user(c.arg("userid"))
	if err != nil {
		return nil, err
	}
	list := []any{}
	for id, t := range u.tokens {
		item := t.describe()
		item["tokenid"] = id
		list = append(list, item)
	}
	return list, nil
}

func getToken(c *call) (any, error) {
	t, err := c.cfg.token(c.arg("userid"), c.arg("tokenid"))
	if err != nil {
		return nil, err
	}
	return t.describe(), nil
}

// createToken answers the secret once. In info the given values come back as
// strings, whatever they were sent as, and the default of privsep as a number.
func createToken(c *call) (any, error) {
	userid, id := c.arg("userid"), c.arg("tokenid")
	u, err := c.cfg.user(userid)
	if err != nil {
		return nil, err
	}
	if u.tokens[id] != nil {
		return nil, paramsError{"tokenid": "Token already exists."}
	}
	info := map[string]any{"privsep": 1}
	t := &token{privsep: true}
	if err := c.fillToken(t, info); err != nil {
		return nil, err
	}
	if !truthy(t.comment) {
		delete(info, "comment")
	}
	if !c.srv.waitForLock(LockTokenCfg) {
		// The text of the inner lock keeps a line feed of its own.
		return nil, dief("generating token failed: %s\n", lockTimeout(LockTokenCfg))
	}
	full, secret := userid+"!"+id, ""
	err = c.update("generating token failed", func(cfg *userConfig) error {
		u, err := cfg.user(userid)
		if err != nil {
			return err
		}
		if u.tokens[id] != nil {
			return dief("Token already exists.")
		}
		u.tokens[id] = t
		secret = c.srv.issueLocked(full)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"info": info, "value": secret, "full-tokenid": full}, nil
}

// fillToken takes over the given parameters and echoes them as strings.
func (c *call) fillToken(t *token, echo map[string]any) error {
	if c.given("privsep") {
		t.privsep = c.flag("privsep", true)
		echo["privsep"] = c.arg("privsep")
	}
	if c.given("expire") {
		expire, err := strconv.ParseInt(c.arg("expire"), 10, 64)
		if err != nil {
			return dief("value '%s' is out of range", c.arg("expire"))
		}
		t.expire = expire
		echo["expire"] = c.arg("expire")
	}
	if c.given("comment") {
		t.comment = c.arg("comment")
		echo["comment"] = t.comment
	}
	return nil
}

// updateToken answers the settings: changed ones as strings, others as numbers.
func updateToken(c *call) (any, error) {
	userid, id := c.arg("userid"), c.arg("tokenid")
	if _, err := c.cfg.token(userid, id); err != nil {
		return nil, err
	}
	var out map[string]any
	err := c.update("updating token info failed", func(cfg *userConfig) error {
		t, err := cfg.token(userid, id)
		if err != nil {
			return err
		}
		for _, name := range splitList(c.arg("delete")) {
			if name != "comment" {
				return paramsError{"delete": "unknown option '" + name + "'"}
			}
			t.comment = ""
		}
		out = t.describe()
		old := t.comment
		if err := c.fillToken(t, out); err != nil {
			return err
		}
		if t.comment == "" && c.srv.opts.Version == Version84 {
			// Only since pve-access-control 9.0.4 an empty comment clears the old one.
			t.comment = old
		}
		delete(out, "comment")
		if truthy(t.comment) {
			out["comment"] = t.comment
		}
		if c.flag("regenerate", false) {
			full := userid + "!" + id
			out["value"], out["full-tokenid"] = c.srv.issueLocked(full), full
		}
		return nil
	})
	return out, err
}

// deleteToken removes a token and its secret. Its ACL lines stay until the next
// write, unseen.
func deleteToken(c *call) (any, error) {
	userid, id := c.arg("userid"), c.arg("tokenid")
	if _, err := c.cfg.token(userid, id); err != nil {
		return nil, err
	}
	return nil, c.update("deleting token failed", func(cfg *userConfig) error {
		u, err := cfg.user(userid)
		if err != nil {
			return err
		}
		delete(u.tokens, id)
		delete(c.srv.state.secrets, userid+"!"+id)
		return nil
	})
}
