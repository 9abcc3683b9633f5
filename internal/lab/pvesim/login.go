package pvesim

import (
	"regexp"
	"strings"
)

// ticketEndpoints are logins. They are open, and closed to API tokens.
func ticketEndpoints(version string, p *privileges) []endpoint {
	privs := privList(p)
	privs.requires = "path"
	login := schema{"username": {required: true, max: 64}, "realm": {format: checkRealm, max: 32}, "password": {required: true},
		"otp": textArg, "path": {max: 64, requires: "privs"}, "privs": privs, "new-format": boolArg, "tfa-challenge": textArg}
	vnc := schema{"authid": {required: true, max: 64}, "vncticket": {required: true}, "path": {required: true, max: 64},
		"privs": {required: true, list: true, format: privs.format}}
	return []endpoint{
		{method: "GET", path: "/access/ticket", open: true, run: func(*call) (any, error) { return nil, nil }},
		{method: "POST", path: "/access/ticket", open: true, noToken: true, protected: true, params: login, run: createTicket},
		// No console is simulated, so that no ticket for one is ever valid.
		{method: "POST", path: "/access/vncticket", open: version != Version84, noToken: true, protected: true, params: vnc,
			run: func(*call) (any, error) { return nil, errLogin }},
	}
}

// errLogin is what every refused login gets.
var errLogin = &unauthorisedError{reason: "authentication failure", body: true}

// createTicket logs in with a password, or with a ticket of the same user or of
// root@pam in its place. With path and privs it only tells whether they are held.
func createTicket(c *call) (any, error) {
	userid := c.arg("username")
	if c.given("realm") {
		userid += "@" + c.arg("realm")
	}
	if !c.srv.login(userid, c.arg("password")) || c.given("otp") {
		return nil, errLogin
	}
	out := map[string]any{"username": userid, "cap": c.cfg.capabilities(userid)}
	if c.given("path") {
		if c.cfg.checkAll(userid, c.arg("path"), splitList(c.arg("privs"))) != nil {
			return nil, errLogin
		}
		return out, nil
	}
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	now := c.srv.opts.Now()
	out["ticket"] = c.srv.ticketLocked(userid, now)
	out["CSRFPreventionToken"] = c.srv.csrfLocked(userid, now)
	return out, nil
}

// login checks a password or a ticket in its place.
func (s *Server) login(userid, password string) bool {
	if strings.HasPrefix(password, "PVE:") {
		s.mu.Lock()
		defer s.mu.Unlock()
		by, ok := s.verifyTicketLocked(password)
		return ok && (by == userid || by == rootUser) && s.usableLocked(userid) == nil
	}
	return s.checkPassword(userid, password)
}

// capabilityPrivs are the privileges that matter to a part of PVE's web page.
var capabilityPrivs = map[string]*regexp.Regexp{
	"vms":     regexp.MustCompile(`^VM\.|^Permissions\.Modify$`),
	"access":  regexp.MustCompile(`^(User|Group)\.|^Permissions\.Modify$`),
	"storage": regexp.MustCompile(`^Datastore\.|^Permissions\.Modify$`),
	"nodes":   regexp.MustCompile(`^Sys\.|^Permissions\.Modify$`),
	"sdn":     regexp.MustCompile(`^SDN\.|^Permissions\.Modify$`),
	"mapping": regexp.MustCompile(`^Mapping\.|^Permissions\.Modify$`),
	"dc":      regexp.MustCompile(`^Sys\.(Audit|Modify)$|^SDN\.`),
}

// capabilities tells the web page which of its parts to show to a user.
func (c *userConfig) capabilities(userid string) map[string]map[string]int {
	out := map[string]map[string]int{}
	paths := []string{"/", "/access", "/nodes", "/sdn", "/storage", "/vms", "/mapping"}
	for path := range c.acl {
		paths = append(paths, path)
	}
	for part := range capabilityPrivs {
		out[part] = map[string]int{}
	}
	for _, path := range paths {
		part := "dc"
		if parts := components(path); len(parts) > 0 {
			part = parts[0]
		}
		wanted := capabilityPrivs[part]
		if wanted == nil {
			continue
		}
		for name := range c.permissions(userid, path) {
			if wanted.MatchString(name) {
				out[part][name] = 1
			}
		}
	}
	return out
}
