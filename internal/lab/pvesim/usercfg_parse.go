package pvesim

import (
	"net/url"
	"strconv"
	"strings"
)

// parseUserConfig reads user.cfg as PVE does: what it does not understand or what
// refers to something that does not exist is left out, and so is gone with the
// next write.
func parseUserConfig(text string, privs *privileges) *userConfig {
	cfg := newUserConfig(privs)
	for line := range strings.Lines(text) {
		fields := splitFields(line)
		if len(fields) < 2 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		kind, fields := fields[0], fields[1:]
		switch kind {
		case "user":
			cfg.parseUser(fields)
		case "token":
			cfg.parseToken(fields)
		case "group":
			cfg.parseGroup(fields)
		case "pool":
			cfg.parsePool(fields)
		case "role":
			cfg.parseRole(fields, privs)
		case "acl":
			cfg.parseACL(fields)
		}
	}
	return cfg
}

// splitFields separates at colons, trims each field and drops empty ones at the
// end, as Perl's split does.
func splitFields(line string) []string {
	fields := strings.Split(strings.TrimRight(line, "\r\n"), ":")
	for len(fields) > 0 && fields[len(fields)-1] == "" {
		fields = fields[:len(fields)-1]
	}
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	return fields
}

// at returns a field, empty when the line was shorter.
func at(fields []string, i int) string {
	if i < len(fields) {
		return fields[i]
	}
	return ""
}

func (c *userConfig) parseUser(f []string) {
	id := at(f, 0)
	if checkUserID(id) != nil {
		return
	}
	expire, err := strconv.ParseInt(at(f, 2), 10, 64)
	if err != nil || expire < 0 {
		if truthy(at(f, 2)) {
			return
		}
		expire = 0
	}
	u := &user{enable: truthy(at(f, 1)), expire: &expire, first: decodeText(at(f, 3)), last: decodeText(at(f, 4)),
		comment: decodeText(at(f, 6)), keys: at(f, 7), tokens: map[string]*token{}}
	if len(f) > 5 {
		u.email = &f[5]
	}
	c.users[id] = u
}

func (c *userConfig) parseToken(f []string) {
	userid, id, ok := splitTokenID(at(f, 0))
	if !ok || c.users[userid] == nil {
		return
	}
	expire, err := strconv.ParseInt(at(f, 1), 10, 64)
	if err != nil {
		expire = 0
	}
	c.users[userid].tokens[id] = &token{expire: expire, privsep: truthy(at(f, 2)), comment: decodeText(at(f, 3))}
}

func (c *userConfig) parseGroup(f []string) {
	id := at(f, 0)
	// A group "0" is false in Perl and taken for a bad name.
	if !truthy(id) || checkGroupID(id) != nil {
		return
	}
	g := &group{users: map[string]bool{}, comment: decodeText(at(f, 2))}
	for _, userid := range splitList(at(f, 1)) {
		if c.users[userid] != nil {
			g.users[userid] = true
		}
	}
	c.groups[id] = g
}

func (c *userConfig) parsePool(f []string) {
	id := at(f, 0)
	if !truthy(id) || checkPoolID(id) != nil {
		return
	}
	p := &pool{comment: decodeText(at(f, 1)), vms: map[string]bool{}, storage: map[string]bool{}}
	for _, vm := range splitList(at(f, 2)) {
		p.vms[vm] = true
	}
	for _, storage := range splitList(at(f, 3)) {
		p.storage[storage] = true
	}
	c.pools[id] = p
}

func (c *userConfig) parseRole(f []string, privs *privileges) {
	id := at(f, 0)
	if !truthy(id) || checkRoleID(id) != nil || privs.roles[id] != nil {
		return
	}
	set := privSet{}
	for _, name := range splitList(at(f, 1)) {
		if privs.all[name] {
			set[name] = true
		}
	}
	c.roles[id] = set
}

func (c *userConfig) parseACL(f []string) {
	propagate := truthy(at(f, 0))
	path, ok := normalisePath(at(f, 1))
	if !ok {
		return
	}
	for _, role := range splitList(at(f, 3)) {
		if c.roles[role] == nil {
			continue
		}
		for _, principal := range splitList(at(f, 2)) {
			c.parseGrant(path, principal, role, propagate)
		}
	}
}

// parseGrant adds one principal of an acl line when it exists.
func (c *userConfig) parseGrant(path, principal, role string, propagate bool) {
	if name, ok := strings.CutPrefix(principal, "@"); ok {
		if c.groups[name] != nil {
			c.grantsAt(path).groups.add(name, role, propagate)
		}
		return
	}
	if c.users[principal] != nil {
		c.grantsAt(path).users.add(principal, role, propagate)
		return
	}
	if userid, id, ok := splitTokenID(principal); ok {
		if _, err := c.token(userid, id); err == nil {
			c.grantsAt(path).tokens.add(principal, role, propagate)
		}
	}
}

// decodeText undoes encodeText. Text that PVE did not write stays as it is.
func decodeText(v string) string {
	if text, err := url.PathUnescape(v); err == nil {
		return text
	}
	return v
}
