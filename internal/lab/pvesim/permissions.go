package pvesim

import (
	"regexp"
	"strings"
)

// authIDPattern is a user id or a token id.
var authIDPattern = regexp.MustCompile(`^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+(![A-Za-z][A-Za-z0-9.\-_]+)?$`)

var permissionEndpoints = []endpoint{
	{method: "GET", path: "/access/permissions",
		params: schema{"userid": {pattern: authIDPattern}, "path": textArg}, run: showPermissions},
}

// usualPaths are listed in addition to the paths of the ACL.
var usualPaths = []string{"/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"}

// showPermissions resolves what somebody may do: one's own always, those of one's
// own tokens too, others' with Sys.Audit on /access. An absent user has none.
func showPermissions(c *call) (any, error) {
	id := c.authid
	if c.given("userid") {
		id = c.arg("userid")
	}
	if id != c.authid && !strings.HasPrefix(id, c.authid+"!") {
		if err := c.cfg.checkAll(c.authid, "/access", []string{"Sys.Audit"}); err != nil {
			return nil, err
		}
	}
	out := map[string]any{}
	if c.given("path") {
		out[c.arg("path")] = c.cfg.permissions(id, c.arg("path")).numbers()
		return out, nil
	}
	paths := map[string]bool{}
	for _, path := range usualPaths {
		paths[path] = true
	}
	for path := range c.cfg.acl {
		paths[path] = true
	}
	for path := range paths {
		if have := c.cfg.permissions(id, path); len(have) > 0 {
			out[path] = have.numbers()
		}
	}
	return out, nil
}

// numbers shows privileges as the API does: 1 when they propagate, else 0.
func (h held) numbers() map[string]int {
	out := make(map[string]int, len(h))
	for name, propagate := range h {
		out[name] = number(propagate)
	}
	return out
}
