package pvesim

import "crypto/subtle"

// Realms that exist always.
const (
	realmPAM = "pam"
	realmPVE = "pve"
)

var passwordEndpoints = []endpoint{
	{method: "PUT", path: "/access/password", noToken: true, protected: true,
		params: schema{"userid": userIDArg, "password": {required: true, min: 8, max: 64}, "confirmation-password": {min: 5, max: 64}},
		check:  passwordCheck, run: changePassword},
}

// passwordCheck lets everyone change the own password and administrators those of
// others, and says what they lack.
func passwordCheck(c *call) error {
	if self(c) == nil {
		return nil
	}
	return both(inRealm, userGroup(scopeMember, "User.Modify"))(c)
}

// changePassword wants the caller's own password too, except from root@pam.
func changePassword(c *call) (any, error) {
	userid := c.arg("userid")
	if c.authid != rootUser {
		if !c.given("confirmation-password") {
			return nil, paramsError{"confirmation-password": "password is required to modify user"}
		}
		if !c.srv.checkPassword(c.authid, c.arg("confirmation-password")) {
			return nil, dief("invalid credentials")
		}
	}
	if _, err := c.cfg.user(userid); err != nil {
		return nil, err
	}
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	return nil, c.srv.storePasswordLocked(userid, c.arg("password"))
}

// storePasswordLocked sets a password where the realm keeps one. The caller holds
// mu.
func (s *Server) storePasswordLocked(userid, password string) error {
	name, realm, err := splitUserID(userid)
	if err != nil {
		return err
	}
	d := parseDomains(s.state.domainsCfg).byName[realm]
	switch {
	case d == nil:
		return dief("auth domain '%s' does not exist", realm)
	case realm == realmPAM:
		if _, ok := s.opts.PAMUsers[name]; !ok {
			return dief("change password failed: user '%s' does not exist", name)
		}
		s.opts.PAMUsers[name] = password
	case realm == realmPVE:
		s.state.shadow[name] = password
	default:
		return dief("can't set password on auth type '%s'", d.kind)
	}
	return nil
}

// checkPassword tells whether a user who may log in has this password.
func (s *Server) checkPassword(userid, password string) bool {
	name, realm, err := splitUserID(userid)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.usableLocked(userid) != nil {
		return false
	}
	want := ""
	switch realm {
	case realmPAM:
		want = s.opts.PAMUsers[name]
	case realmPVE:
		want = s.state.shadow[name]
	}
	return want != "" && subtle.ConstantTimeCompare([]byte(want), []byte(password)) == 1
}
