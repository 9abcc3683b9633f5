package proxmox

import "slices"

// Within tells whether a user or token may do, by r, nothing that it may not do by
// other, on no path and no farther below it. An ACL entry hides what groups and
// higher paths grant, so that entries alone cannot tell: taking one away may give.
func (r *Rights) Within(other *Rights, authID string) bool {
	paths := slices.Concat(r.Paths(authID), other.Paths(authID), r.memberPaths(), other.memberPaths())
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		before := other.At(authID, path)
		for name, right := range r.At(authID, path) {
			had, has := before[name]
			if !has || right.Propagate && !had.Propagate {
				return false
			}
		}
	}
	return true
}

// memberPaths are the paths of what is in pools, which has the pool's roles too.
func (r *Rights) memberPaths() []string {
	var paths []string
	for _, members := range r.poolMembers() {
		for _, guest := range members.Guests {
			paths = append(paths, "/vms/"+guest)
		}
		for _, storage := range members.Storages {
			paths = append(paths, "/storage/"+storage)
		}
	}
	return paths
}

// Revives tells whether p lets its user, or a token that both have, log in when
// other does not: enabled again, or with a later expiry.
func (p Principal) Revives(other Principal) bool {
	if p.Enabled && !other.Enabled || later(p.Expire, other.Expire) {
		return true
	}
	for id, token := range p.Tokens {
		if have, exists := other.Tokens[id]; exists && later(token.Expire, have.Expire) {
			return true
		}
	}
	return false
}

// later compares expiries; 0 is never.
func later(expire, than int64) bool {
	return than != 0 && (expire == 0 || expire > than)
}
