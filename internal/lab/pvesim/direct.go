package pvesim

import (
	"fmt"
	"net/url"
	"strings"
)

// Do runs a call as root@pam without the network, through the same checks and code
// as a request: for preparing a state, or for tampering as another admin would.
// path is like /access/users; params may be nil. The data is what the API would
// answer.
func (s *Server) Do(method, path string, params url.Values) (any, error) {
	e, inPath, err := s.find(method, path)
	if err != nil {
		return nil, err
	}
	sent := rawParams{}
	for name, values := range params {
		for _, v := range values {
			sent.add(name, v)
		}
	}
	data, err := s.dispatch(e, inPath, sent, rootUser, path, false)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return data, nil
}

func (s *Server) do(method, path string, params url.Values) error {
	_, err := s.Do(method, path, params)
	return err
}

// UserCfg is the text of user.cfg as PVE would write it now.
func (s *Server) UserCfg() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.userCfg
}

// SetUserCfg replaces user.cfg, as an editor on a node would.
func (s *Server) SetUserCfg(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setUserCfg(text)
}

// AddUser creates a user with optional parameters of POST /access/users.
func (s *Server) AddUser(userid string, params url.Values) error {
	all := url.Values{"userid": {userid}}
	for name, v := range params {
		all[name] = v
	}
	return s.do("POST", "/access/users", all)
}

// ChangeUser changes a user with parameters of PUT /access/users/{userid}.
func (s *Server) ChangeUser(userid string, params url.Values) error {
	return s.do("PUT", "/access/users/"+userid, params)
}

// DeleteUser removes a user.
func (s *Server) DeleteUser(userid string) error {
	return s.do("DELETE", "/access/users/"+userid, nil)
}

// AddGroup creates a group.
func (s *Server) AddGroup(groupid string) error {
	return s.do("POST", "/access/groups", url.Values{"groupid": {groupid}})
}

// AddPool creates a pool.
func (s *Server) AddPool(poolid string) error {
	return s.do("POST", "/pools", url.Values{"poolid": {poolid}})
}

// DeleteGroup removes a group with its memberships.
func (s *Server) DeleteGroup(groupid string) error {
	return s.do("DELETE", "/access/groups/"+groupid, nil)
}

// AddRole creates a role.
func (s *Server) AddRole(roleid string, privs ...string) error {
	return s.do("POST", "/access/roles", url.Values{"roleid": {roleid}, "privs": {strings.Join(privs, ",")}})
}

// ChangeRole replaces the privileges of a role.
func (s *Server) ChangeRole(roleid string, privs ...string) error {
	return s.do("PUT", "/access/roles/"+roleid, url.Values{"privs": {strings.Join(privs, ",")}})
}

// DeleteRole removes a role, also one in use.
func (s *Server) DeleteRole(roleid string) error {
	return s.do("DELETE", "/access/roles/"+roleid, nil)
}

// AddToken creates a token and returns its value as USER@REALM!TOKEN=SECRET.
func (s *Server) AddToken(userid, tokenid string, privsep bool) (string, error) {
	data, err := s.Do("POST", "/access/users/"+userid+"/token/"+tokenid, url.Values{"privsep": {flag(privsep)}})
	if err != nil {
		return "", err
	}
	fields, _ := data.(map[string]any)
	secret, _ := fields["value"].(string)
	return userid + "!" + tokenid + "=" + secret, nil
}

// ChangeToken changes a token with parameters of PUT …/token/{tokenid}.
func (s *Server) ChangeToken(userid, tokenid string, params url.Values) error {
	return s.do("PUT", "/access/users/"+userid+"/token/"+tokenid, params)
}

// DeleteToken removes a token.
func (s *Server) DeleteToken(userid, tokenid string) error {
	return s.do("DELETE", "/access/users/"+userid+"/token/"+tokenid, nil)
}

// GrantACL gives a role on a path to a principal: a user id, a token id, or a
// group with an @ in front.
func (s *Server) GrantACL(path, principal, roleid string, propagate bool) error {
	return s.do("PUT", "/access/acl", aclParams(path, principal, roleid, url.Values{"propagate": {flag(propagate)}}))
}

// RevokeACL takes a role on a path from a principal.
func (s *Server) RevokeACL(path, principal, roleid string) error {
	return s.do("PUT", "/access/acl", aclParams(path, principal, roleid, url.Values{"delete": {"1"}}))
}

func aclParams(path, principal, roleid string, params url.Values) url.Values {
	params.Set("path", path)
	params.Set("roles", roleid)
	if name, ok := strings.CutPrefix(principal, "@"); ok {
		params.Set("groups", name)
	} else if _, _, ok := splitTokenID(principal); ok {
		params.Set("tokens", principal)
	} else {
		params.Set("users", principal)
	}
	return params
}
