package escalation

import "strings"

// World is PVE's access control, as far as it decides whom somebody can take over and what that gives.
type World struct {
	// PVE8 is set for a server of release 8.
	PVE8 bool
	// Groups are the ids of all groups.
	Groups []string
	// Members are the users of a group.
	Members func(group string) []string
	// Rights are those of a user or token. With groups, they are those of the user as a member of these too, and of the
	// user "" as one who has nothing else.
	Rights func(id string, groups ...string) Rights
}

// Rights are the privileges of a user or token.
type Rights struct {
	// Key is the same for users with the same privileges on every path.
	Key string
	// Paths are the paths with ACL entries for it.
	Paths []string
	// Has reports whether it has a privilege on a path. The path can be a pattern: "/vms/*" is any guest without its
	// own ACL.
	Has func(path, privilege string) bool
}

// Reach returns the paths to root of a user or token, each once, in the order of their ids. What it can give itself
// counts, and what it can take over or join, in any number of steps, together with what it has itself.
func (w World) Reach(id string) []Finding {
	r := w.reach(id)
	if findings := r.findings(); len(findings) > 0 {
		return findings
	}
	// Several that lead nowhere one by one may do so together.
	if !w.team(r.self).close(nil).leads() {
		return nil
	}
	held := r.held()
	held.PowerfulMember, held.PowerfulGroup = r.anyMember, func(string) bool { return true }
	return FindPrivileges(held)
}

// Together returns the findings of [World.Reach] if nobody whom the user or token can become leads to root without
// another one: neither it nor the members and groups that it can take over or join.
func (w World) Together(id string) []Finding {
	r := w.reach(id)
	r.open = false
	if len(r.findings()) > 0 {
		return nil
	}
	return w.Reach(id)
}

func (w World) reach(id string) *reach {
	r := &reach{world: w, self: actor{id: id, Rights: w.Rights(id)}, known: map[string]bool{}}
	r.alone = w.team(r.self)
	r.open = !r.alone.leads()
	return r
}

// reach is the search of Reach.
type reach struct {
	world World
	self  actor
	alone *team
	open  bool            // the holder leads to root by nothing of its own
	known map[string]bool // who leads to root, by key
}

// held is what the holder has, with what this search knows of groups.
func (r *reach) held() Held {
	held := r.alone.held(r.self)
	if strings.Contains(r.self.id, "!") {
		held.Token = r.self.id
	}
	held.PowerfulMember, held.PowerfulGroup, held.AnyMember = r.member, r.group, r.anyMember
	return held
}

func (r *reach) findings() []Finding { return FindPrivileges(r.held()) }

// leads tells whether somebody leads to root, or, if the holder does not by itself, does so together with it.
func (r *reach) leads(other actor) bool {
	leads, known := r.known[other.Key]
	if !known {
		leads = r.world.team(other).close(nil).leads() ||
			r.open && r.world.team(other, r.self).close(func(a actor) bool { return a.id != r.self.id }).leads()
		r.known[other.Key] = leads
	}
	return leads
}

// member is one of a group that leads to root, "" for none.
func (r *reach) member(group string) string {
	for _, member := range r.world.Members(group) {
		if member == rootPAM || member != r.self.id && r.leads(actor{id: member, Rights: r.world.Rights(member)}) {
			return member
		}
	}
	return ""
}

// group tells whether a new user in a group leads to root, or one who can be moved into it and does not by itself, and
// no member does already.
func (r *reach) group(group string) bool {
	if r.member(group) != "" {
		return false
	}
	if r.leads(actor{groups: []string{group}, Rights: r.world.Rights("", group)}) {
		return true
	}
	for _, mover := range r.alone.movable(r.self) {
		if mover == rootPAM || mover == r.self.id && !r.open || mover != r.self.id && r.leads(actor{id: mover, Rights: r.world.Rights(mover)}) {
			continue
		}
		if r.leads(actor{id: mover, groups: []string{group}, Rights: r.world.Rights(mover, group)}) {
			return true
		}
	}
	return false
}

// anyMember is a member of a group, "" for none.
func (r *reach) anyMember(group string) string {
	for _, member := range r.world.Members(group) {
		return member
	}
	return ""
}

const rootPAM = "root@pam"
