package pvesim

import (
	"slices"
	"strings"
)

// held are the privileges that somebody has on a path, with their propagate flag.
type held map[string]bool

// permissions resolves what an authenticated id (user or token) may do on a path.
// A path that nobody checked before is taken as it is.
func (c *userConfig) permissions(authid, path string) held {
	if authid == rootUser {
		return c.everything()
	}
	if userid, id, ok := splitTokenID(authid); ok && c.users[authid] == nil {
		t, err := c.token(userid, id)
		if err != nil {
			return held{}
		}
		owner := c.permissions(userid, path)
		if !t.privsep {
			return owner
		}
		both := held{}
		for name, propagate := range c.resolve(authid, path) {
			if ownerPropagate, ok := owner[name]; ok {
				both[name] = propagate && ownerPropagate
			}
		}
		return both
	}
	if c.users[authid] == nil {
		return held{}
	}
	return c.resolve(authid, path)
}

// everything is what root@pam has on every path.
func (c *userConfig) everything() held {
	all := held{}
	for name := range c.roles["Administrator"] {
		all[name] = true
	}
	return all
}

// resolve adds up the privileges of the roles that the ACL gives on a path.
func (c *userConfig) resolve(principal, path string) held {
	roles := c.rolesAt(principal, path)
	if path != "/" {
		for role := range c.poolRoles(principal, path) {
			if _, ok := roles[role]; !ok {
				roles[role] = false
			}
		}
	}
	if _, none := roles[roleNoAccess]; none {
		return held{}
	}
	privs := held{}
	for role, propagate := range roles {
		for name := range c.roles[role] {
			privs[name] = privs[name] || propagate
		}
	}
	return privs
}

// rolesAt walks from the root to the path. On each level the principal's own
// entries, or else those of its groups, replace what was inherited; an entry that
// does not propagate counts on its own path only.
func (c *userConfig) rolesAt(principal, path string) map[string]bool {
	current := map[string]bool{}
	for _, level := range levels(path) {
		entry := c.acl[level]
		if entry == nil {
			continue
		}
		final := level == path || level == "/"+strings.Trim(path, "/")
		if _, _, isToken := splitTokenID(principal); isToken && c.users[principal] == nil {
			current = replaceWith(current, entry.tokens[principal], final)
			continue
		}
		if own := applicable(entry.users[principal], final); len(own) > 0 {
			current = own
			continue
		}
		merged := map[string]bool{}
		for _, id := range c.groupsOf(principal) {
			for role, propagate := range applicable(entry.groups[id], final) {
				merged[role] = merged[role] || propagate
			}
		}
		if len(merged) > 0 {
			current = merged
		}
	}
	return current
}

func replaceWith(current, roles map[string]bool, final bool) map[string]bool {
	if own := applicable(roles, final); len(own) > 0 {
		return own
	}
	return current
}

// applicable are the roles of an entry that reach the path asked for.
func applicable(roles map[string]bool, final bool) map[string]bool {
	out := map[string]bool{}
	for role, propagate := range roles {
		if final || propagate {
			out[role] = propagate
		}
	}
	return out
}

// poolRoles are the roles that a path has as member of a pool; they never
// propagate further.
func (c *userConfig) poolRoles(principal, path string) map[string]bool {
	roles := map[string]bool{}
	for id, p := range c.pools {
		vm, isVM := strings.CutPrefix(path, "/vms/")
		storage, isStorage := strings.CutPrefix(path, "/storage/")
		if (isVM && p.vms[vm]) || (isStorage && p.storage[storage]) {
			for role := range c.rolesAt(principal, "/pool/"+id) {
				roles[role] = false
			}
		}
	}
	return roles
}

// levels lists a path and its parents, the root first.
func levels(path string) []string {
	out := []string{"/"}
	prefix := ""
	for part := range strings.SplitSeq(path, "/") {
		if part != "" {
			prefix += "/" + part
			out = append(out, prefix)
		}
	}
	return out
}

// checkAll tells whether all privileges are held on a path.
func (c *userConfig) checkAll(authid, path string, privs []string) error {
	have := c.permissions(authid, path)
	for _, name := range privs {
		if _, ok := have[name]; !ok {
			return &forbiddenError{path + ", " + strings.Join(privs, ", ")}
		}
	}
	return nil
}

// checkAny tells whether one of the privileges is held on a path.
func (c *userConfig) checkAny(authid, path string, privs []string) error {
	have := c.permissions(authid, path)
	if slices.ContainsFunc(privs, func(name string) bool { _, ok := have[name]; return ok }) {
		return nil
	}
	return &forbiddenError{path + ", " + strings.Join(privs, "|")}
}

// checkModify reports whether a caller may change the permissions of a path. It needs
// Permissions.Modify, or the right to allocate below /storage, /vms or /pool.
func (c *userConfig) checkModify(authid, path string) error {
	privs := []string{"Permissions.Modify"}
	switch {
	case isBelow(path, "/storage/"):
		privs = append(privs, "Datastore.Allocate")
	case isBelow(path, "/vms/"):
		privs = append(privs, "VM.Allocate")
	case isBelow(path, "/pool/"):
		privs = append(privs, "Pool.Allocate")
	}
	return c.checkAny(authid, path, privs)
}

func isBelow(path, prefix string) bool {
	return strings.HasPrefix(path, prefix) && len(path) > len(prefix)
}
