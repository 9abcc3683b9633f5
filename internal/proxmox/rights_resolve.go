package proxmox

import (
	"cmp"
	"slices"
	"strings"
)

// noAccess is the role that takes all others away.
const noAccess = "NoAccess"

// heldRole is a role that somebody has on a path, with the entries it comes from.
type heldRole struct {
	propagate bool
	sources   []Source
}

// resolve adds up the privileges of the roles that holders have on a path. own
// entries hide those of groups on the same level.
func (r *Rights) resolve(own, groups []aclHolder, path string) map[string]Right {
	roles := r.rolesAt(own, groups, path)
	if _, none := roles[noAccess]; none {
		return map[string]Right{}
	}
	// Members of a pool also have the pool's roles, on exactly this path.
	for pool, members := range r.poolMembers() {
		if !members.has(path) {
			continue
		}
		for id, role := range r.rolesAt(own, groups, "/pool/"+pool) {
			if id == noAccess {
				return map[string]Right{}
			}
			if _, has := roles[id]; has {
				continue
			}
			sources := slices.Clone(role.sources)
			for i := range sources {
				sources[i].Pool = pool
			}
			roles[id] = heldRole{sources: sources}
		}
	}
	rights := map[string]Right{}
	for id, role := range roles {
		for _, name := range r.privileges(id) {
			right := rights[name]
			right.Propagate = right.Propagate || role.propagate
			right.Sources = append(right.Sources, role.sources...)
			rights[name] = right
		}
	}
	for name, right := range rights {
		slices.SortFunc(right.Sources, compareSources)
		right.Sources = slices.Compact(right.Sources)
		rights[name] = right
	}
	return rights
}

// rolesAt walks from the root to the path. On each level the holder's own
// entries, or else those of its groups together, replace what came from above;
// an entry that does not propagate counts on its own path only
// (PVE::AccessControl::roles). Where two groups grant one role on one path with
// different propagation, PVE takes either by chance; here it propagates, the worse
// case.
func (r *Rights) rolesAt(own, groups []aclHolder, path string) map[string]heldRole {
	current := map[string]heldRole{}
	for level := range levels(path) {
		if found := r.rolesOn(own, level, level == path); len(found) > 0 {
			current = found
		} else if found := r.rolesOn(groups, level, level == path); len(found) > 0 {
			current = found
		}
	}
	return current
}

// rolesOn are the roles of entries on one level that reach the path asked for.
func (r *Rights) rolesOn(holders []aclHolder, level string, final bool) map[string]heldRole {
	var found map[string]heldRole
	for _, h := range holders {
		for _, g := range r.entries(h)[level] {
			if !final && !g.propagate {
				continue
			}
			if found == nil {
				found = map[string]heldRole{}
			}
			role := found[g.role]
			role.propagate = role.propagate || g.propagate
			role.sources = append(role.sources, Source{Type: h.kind, Holder: h.id, Role: g.role, Path: level})
			found[g.role] = role
		}
	}
	return found
}

// levels yields a normal path and its parents, the root first.
func levels(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if !yield("/") || path == "/" {
			return
		}
		for i := 1; ; {
			next := strings.IndexByte(path[i:], '/')
			if next < 0 {
				yield(path)
				return
			}
			if !yield(path[:i+next]) {
				return
			}
			i += next + 1
		}
	}
}

func compareSources(a, b Source) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Type, b.Type), strings.Compare(a.Holder, b.Holder),
		strings.Compare(a.Role, b.Role), strings.Compare(a.Pool, b.Pool))
}
