package pvesim

import (
	"regexp"
	"strings"
)

// endpoint is one method of the API.
type endpoint struct {
	method string
	path   string // with {parameter} components
	// open needs no authentication.
	open bool
	// noToken is closed to API tokens (allowtoken => 0).
	noToken bool
	// protected is run by pvedaemon and not by pveproxy itself.
	protected bool
	params    schema
	check     check // nil: everyone who is authenticated
	run       func(*call) (any, error)
}

// check is a permission check; it sees parameters before they are verified.
type check func(*call) error

// call is one request on its way through the checks.
type call struct {
	srv    *Server
	cfg    *userConfig // as it was when the call began; read-only
	authid string      // NAME@REALM or NAME@REALM!TOKEN, "" when open
	raw    rawParams
	args   map[string]string // verified
}

// arg returns a parameter, verified or, in permission checks, raw.
func (c *call) arg(name string) string {
	if c.args != nil {
		return c.args[name]
	}
	v := c.raw[name]
	if v.kind == "ARRAY" {
		return strings.Join(v.list, ",")
	}
	return v.text
}

// given tells whether a parameter was sent.
func (c *call) given(name string) bool {
	if c.args == nil {
		_, ok := c.raw[name]
		return ok
	}
	_, ok := c.args[name]
	return ok
}

// flag returns a boolean parameter.
func (c *call) flag(name string, unset bool) bool {
	if !c.given(name) {
		return unset
	}
	return c.arg(name) == "1"
}

// endpoints is the whole API of a release.
func (s *Server) endpoints() []endpoint {
	var all []endpoint
	for _, part := range [][]endpoint{indexEndpoints, nodeEndpoints, userEndpoints, tokenEndpoints(s.opts.Version),
		tfaEndpoints, groupEndpoints, roleEndpoints(s.privs), aclEndpoints, permissionEndpoints, domainEndpoints(s.opts.Version),
		ticketEndpoints(s.opts.Version, s.privs), passwordEndpoints, poolEndpoints, storageEndpoints, deedEndpoints(s.opts.Version)} {
		all = append(all, part...)
	}
	return all
}

var blank = regexp.MustCompile(`\s`)

// find looks an endpoint up and returns the parameters that its path holds. A
// path component with a space matches no parameter.
func (s *Server) find(method, path string) (*endpoint, rawParams, error) {
	parts := components(path)
	for i := range s.api {
		e := &s.api[i]
		if e.method != method {
			continue
		}
		if params, ok := matchPath(components(e.path), parts); ok {
			return e, params, nil
		}
	}
	return nil, nil, &notImplementedError{method, path}
}

func matchPath(template, parts []string) (rawParams, bool) {
	if len(template) != len(parts) {
		return nil, false
	}
	params := rawParams{}
	for i, t := range template {
		name, isParam := strings.CutPrefix(t, "{")
		if !isParam {
			if t != parts[i] {
				return nil, false
			}
			continue
		}
		if blank.MatchString(parts[i]) {
			return nil, false
		}
		params[strings.TrimSuffix(name, "}")] = value{text: parts[i]}
	}
	return params, true
}

// components splits a path; empty ones, from double or final slashes, do not count.
func components(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}
