package pvesim

import (
	"maps"
	"slices"
)

// Second factors: what the browser of a user registers. A token cannot, so that tests give them with
// [Server.AddSecondFactor].
var tfaEndpoints = []endpoint{
	{method: "GET", path: "/access/users/{userid}/tfa", protected: true,
		params: schema{"userid": userIDArg, "multiple": boolArg},
		check:  either(self, userGroup(scopeMember, "User.Modify", "Sys.Audit")), run: userTFATypes},
	{method: "PUT", path: "/access/users/{userid}/unlock-tfa", protected: true, params: schema{"userid": userIDArg},
		check: userGroup(scopeMember, "User.Modify"), run: func(*call) (any, error) { return 0, nil }},
	{method: "GET", path: "/access/tfa", protected: true, run: listFactors},
	{method: "GET", path: "/access/tfa/{userid}", protected: true, params: schema{"userid": userIDArg},
		check: either(self, userGroup(scopeMember, "User.Modify", "Sys.Audit")), run: userFactors},
}

// AddSecondFactor gives a user a second factor, as the user does in a browser.
func (s *Server) AddSecondFactor(userid, kind string, enabled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.factors == nil {
		s.state.factors = map[string][]any{}
	}
	entry := map[string]any{"id": kind + "-1", "type": kind, "description": "", "created": 1700000000}
	if !enabled {
		entry["enable"] = 0
	}
	s.state.factors[userid] = append(s.state.factors[userid], entry)
}

// RemoveSecondFactors takes all second factors from a user, as an administrator does in a browser.
func (s *Server) RemoveSecondFactors(userid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.state.factors, userid)
}

// factorsOf are the second factors of a user.
func (s *Server) factorsOf(userid string) []any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]any{}, s.state.factors[userid]...)
}

// listFactors shows those of all users to whom sees them, and of the others the caller's own.
func listFactors(c *call) (any, error) {
	privs := []string{"User.Modify", "Sys.Audit"}
	all := c.authid == rootUser || c.cfg.checkAny(c.authid, "/access/groups", privs) == nil
	list := []any{}
	for _, id := range slices.Sorted(maps.Keys(c.cfg.users)) {
		entries := c.srv.factorsOf(id)
		if len(entries) > 0 && (all || c.authid == id || c.cfg.seesMember(c.authid, id, privs)) {
			list = append(list, map[string]any{"userid": id, "entries": entries})
		}
	}
	return list, nil
}

func userFactors(c *call) (any, error) { return c.srv.factorsOf(c.arg("userid")), nil }

func userTFATypes(c *call) (any, error) {
	if c.flag("multiple", false) {
		return map[string]any{"user": []any{}}, nil
	}
	return map[string]any{}, nil
}
