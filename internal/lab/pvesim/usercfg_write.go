package pvesim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// String writes user.cfg in PVE's own order: users with their tokens, groups,
// pools, roles and ACL, separated by empty lines.
func (c *userConfig) String() string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(c.users)) {
		u := c.users[id]
		fmt.Fprintf(&b, "user:%s:%s:%d:%s:%s:%s:%s:%s:\n", id, flag(u.enable), u.expires(), encodeText(u.first),
			encodeText(u.last), orEmpty(u.email), encodeText(u.comment), falseToEmpty(u.keys))
		for _, tid := range slices.Sorted(maps.Keys(u.tokens)) {
			t := u.tokens[tid]
			fmt.Fprintf(&b, "token:%s!%s:%d:%s:%s:\n", id, tid, t.expire, flag(t.privsep), encodeText(t.comment))
		}
	}
	b.WriteByte('\n')
	for _, id := range slices.Sorted(maps.Keys(c.groups)) {
		g := c.groups[id]
		fmt.Fprintf(&b, "group:%s:%s:%s:\n", id, joinKeys(g.users), encodeText(g.comment))
	}
	b.WriteByte('\n')
	for _, id := range slices.Sorted(maps.Keys(c.pools)) {
		p := c.pools[id]
		fmt.Fprintf(&b, "pool:%s:%s:%s:%s:\n", id, encodeText(p.comment), joinKeys(p.vms), joinKeys(p.storage))
	}
	b.WriteByte('\n')
	builtin := builtinRoles
	for _, id := range slices.Sorted(maps.Keys(c.roles)) {
		if builtin[id] == nil {
			fmt.Fprintf(&b, "role:%s:%s:\n", id, strings.Join(c.roles[id].sorted(), ","))
		}
	}
	b.WriteByte('\n')
	for _, path := range c.aclPaths() {
		c.acl[path].write(&b, path)
	}
	return b.String()
}

// write lists the grants of a path: one line for all principals that have the
// same roles with the same propagate flag. Roles of root@pam are never written.
func (e *aclEntry) write(b *strings.Builder, path string) {
	type line struct {
		propagate bool
		roles     string
	}
	lines := map[line][]string{}
	collect := func(prefix string, g grants) {
		for principal, roles := range g {
			if prefix == "" && principal == rootUser {
				continue
			}
			for _, propagate := range []bool{false, true} {
				var names []string
				for role, p := range roles {
					if p == propagate {
						names = append(names, role)
					}
				}
				if len(names) == 0 {
					continue
				}
				slices.Sort(names)
				key := line{propagate, strings.Join(names, ",")}
				lines[key] = append(lines[key], prefix+principal)
			}
		}
	}
	collect("@", e.groups)
	collect("", e.users)
	collect("", e.tokens)
	keys := slices.SortedFunc(maps.Keys(lines), func(x, y line) int {
		return cmp.Or(cmp.Compare(flag(x.propagate), flag(y.propagate)), cmp.Compare(x.roles, y.roles))
	})
	for _, key := range keys {
		slices.Sort(lines[key])
		fmt.Fprintf(b, "acl:%s:%s:%s:%s:\n", flag(key.propagate), path, strings.Join(lines[key], ","), key.roles)
	}
}

// aclPaths lists the paths with grants depth first, by component.
func (c *userConfig) aclPaths() []string {
	return slices.SortedFunc(maps.Keys(c.acl), func(x, y string) int {
		return slices.Compare(strings.Split(strings.Trim(x, "/"), "/"), strings.Split(strings.Trim(y, "/"), "/"))
	})
}

// expires is the expiry in seconds since 1970, 0 for never.
func (u *user) expires() int64 {
	if u.expire == nil {
		return 0
	}
	return *u.expire
}

// encodeText makes text fit into a field: control characters, colon, percent
// sign and all bytes beyond ASCII are percent-encoded. The text "0" is false in
// Perl and so lost.
func encodeText(v string) string {
	if !truthy(v) {
		return ""
	}
	var b strings.Builder
	for i := range len(v) {
		if ch := v[i]; ch < 0x20 || ch == ':' || ch == '%' || ch > 0x7e {
			fmt.Fprintf(&b, "%%%02X", ch)
		} else {
			b.WriteByte(ch)
		}
	}
	return b.String()
}

// asBytes is a text as it is read again after Perl wrote it to a file: one byte for each character while all of
// them are below 256, UTF-8 for the whole when there is any other, and each byte is a character again.
func asBytes(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return r > 0xff }) {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(rune(text[i]))
	}
	return b.String()
}

func flag(v bool) string {
	if v {
		return "1"
	}
	return "0"
}

func orEmpty(v *string) string {
	if v == nil {
		return ""
	}
	return *v
}

func falseToEmpty(v string) string {
	if truthy(v) {
		return v
	}
	return ""
}

func joinKeys(set map[string]bool) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), ",")
}
