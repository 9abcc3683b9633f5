package pvesim

import "strings"

// Checks in the vocabulary of PVE::RPCEnvironment.

// onPath wants all privileges on a fixed path.
func onPath(path string, privs ...string) check {
	return func(c *call) error { return c.cfg.checkAll(c.authid, path, privs) }
}

// anyOnPath wants one of the privileges on a fixed path.
func anyOnPath(path string, privs ...string) check {
	return func(c *call) error { return c.cfg.checkAny(c.authid, path, privs) }
}

// onPool wants privileges on the pool that the parameter poolid names.
func onPool(privs ...string) check {
	return func(c *call) error { return c.cfg.checkAll(c.authid, "/pool/"+c.arg("poolid"), privs) }
}

// both wants all checks to pass and fails with the first that does not.
func both(checks ...check) check {
	return func(c *call) error {
		for _, ck := range checks {
			if err := ck(c); err != nil {
				return err
			}
		}
		return nil
	}
}

// either wants one check to pass. When none does it fails without saying why, also
// where an alone check would have said that the user does not exist.
func either(checks ...check) check {
	return func(c *call) error {
		for _, ck := range checks {
			if ck(c) == nil {
				return nil
			}
		}
		return &forbiddenError{}
	}
}

// self wants the caller to be the user that the call is about. A token is never
// the user that owns it.
func self(c *call) error {
	if _, _, err := splitUserID(c.arg("userid")); err != nil {
		return err
	}
	if _, err := c.cfg.user(c.arg("userid")); err != nil {
		return err
	}
	if c.authid != c.arg("userid") {
		return &forbiddenError{}
	}
	return nil
}

// inRealm wants Realm.AllocateUser on the realm of the user that the call is about.
func inRealm(c *call) error {
	_, realm, err := splitUserID(c.arg("userid"))
	if err != nil {
		return err
	}
	return c.cfg.checkAll(c.authid, "/access/realm/"+realm, []string{"Realm.AllocateUser"})
}

// groupScope tells which groups a userGroup check looks at.
type groupScope int

const (
	scopeMember groupScope = iota // the groups that the user is in
	scopeCreate                   // the groups that the call names
	scopeUpdate                   // both
)

// userGroup wants one of the privileges on /access/groups, or, for less than
// that, on the groups of the user and those that the call names.
func userGroup(scope groupScope, privs ...string) check {
	return func(c *call) error {
		userid := c.arg("userid")
		if _, _, err := splitUserID(userid); err != nil {
			return err
		}
		if scope == scopeMember {
			if _, err := c.cfg.user(userid); err != nil {
				return err
			}
		}
		if c.cfg.checkAny(c.authid, "/access/groups", privs) == nil {
			return nil
		}
		if scope != scopeMember {
			if err := c.namedGroups(privs); err != nil {
				return err
			}
		}
		if scope == scopeCreate || c.cfg.seesMember(c.authid, userid, privs) {
			return nil
		}
		return &forbiddenError{}
	}
}

// namedGroups wants a privilege on every group of the parameter groups, of which
// there must be one.
func (c *call) namedGroups(privs []string) error {
	names := splitList(c.arg("groups"))
	if len(names) == 0 {
		return &forbiddenError{"/access/groups, " + strings.Join(privs, "|")}
	}
	for _, name := range names {
		if err := c.cfg.checkAny(c.authid, "/access/groups/"+name, privs); err != nil {
			return err
		}
	}
	return nil
}

// seesMember tells whether a user is in a group on which one of the privileges is
// held.
func (c *userConfig) seesMember(authid, userid string, privs []string) bool {
	for _, id := range c.groupsOf(userid) {
		if c.checkAny(authid, "/access/groups/"+id, privs) == nil {
			return true
		}
	}
	return false
}
