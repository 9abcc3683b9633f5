package escalation

import (
	"slices"
	"strings"
)

// actor is somebody whom the holder is or can act as: a user or token, or a user in further groups. The id "" is a new
// user.
type actor struct {
	id     string
	groups []string
	Rights
}

// team is everyone whom one person can act as. What one of them can give, all have.
type team struct {
	world  World
	actors []actor
	root   bool            // root@pam is among them
	gives  map[string]bool // by path: one of the actors can give every right there
}

func (w World) team(actors ...actor) *team {
	return &team{world: w, actors: actors, gives: map[string]bool{}}
}

// allocates is the privilege with which somebody hands out the own rights on a path below: PVE lets it grant roles that
// hold no more (pve-access-control PVE/API2/ACL.pm update_acl, PVE/RPCEnvironment.pm check_perm_modify).
var allocates = map[string]string{"/vms/": "VM.Allocate", "/storage/": "Datastore.Allocate", "/pool/": "Pool.Allocate"}

// has tells whether an actor has a privilege on a path, or somebody of the team can give it.
func (t *team) has(a actor, path, privilege string) bool {
	if a.Has(path, privilege) || t.given(path) {
		return true
	}
	for below, allocate := range allocates {
		if name, is := strings.CutPrefix(path, below); is && name != "" {
			return slices.ContainsFunc(t.actors, func(other actor) bool { return other.Has(path, allocate) && other.Has(path, privilege) })
		}
	}
	return false
}

// given tells whether somebody of the team can give every right on a path, there or from above.
func (t *team) given(path string) bool {
	if path == "" {
		return false
	}
	gives, known := t.gives[path]
	if !known {
		gives = slices.ContainsFunc(t.actors, func(a actor) bool { return a.Has(path, modifies) }) || t.given(parent(path))
		t.gives[path] = gives
	}
	return gives
}

// held is what an actor has as one of the team.
func (t *team) held(a actor) Held {
	held := Held{Paths: a.Paths, PVE8: t.world.PVE8, Has: a.Has}
	if len(t.actors) < 2 {
		return held
	}
	for _, other := range t.actors {
		held.Paths = append(slices.Clone(held.Paths), other.Paths...)
	}
	slices.Sort(held.Paths)
	held.Paths = slices.Compact(held.Paths)
	held.Has = func(path, privilege string) bool { return t.has(a, path, privilege) }
	held.Apart = func(path, privilege string) bool {
		return slices.ContainsFunc(t.actors, func(other actor) bool { return t.has(other, path, privilege) })
	}
	return held
}

// leads tells whether somebody of the team leads to root without anybody else.
func (t *team) leads() bool {
	return t.root || slices.ContainsFunc(t.actors, func(a actor) bool { return len(FindPrivileges(t.held(a))) > 0 })
}

// close adds everyone whom one of the team can take over or make, until nobody is new, and returns the team. by tells
// who of them does so, nil for all.
func (t *team) close(by func(actor) bool) *team {
	for before := 0; before < len(t.actors); {
		before = len(t.actors)
		for _, a := range t.actors {
			if by == nil || by(a) {
				t.extend(a)
			}
		}
	}
	return t
}

// extend adds whom an actor can take over, put into groups, or make.
func (t *team) extend(a actor) {
	managed := t.managed(a)
	for _, member := range t.movable(a) {
		if member == rootPAM {
			t.root = true
			continue
		}
		t.add(actor{id: member, Rights: t.world.Rights(member)})
		t.join(member, managed)
	}
	if len(managed) > 0 && t.makes(a) {
		t.join("", managed)
	}
}

// join adds a user in each of the groups, and in all of them.
func (t *team) join(id string, groups []string) {
	for _, group := range groups {
		t.add(actor{id: id, groups: []string{group}, Rights: t.world.Rights(id, group)})
	}
	if len(groups) > 1 {
		t.add(actor{id: id, groups: groups, Rights: t.world.Rights(id, groups...)})
	}
}

// add adds somebody who has not the rights of another one.
func (t *team) add(a actor) {
	if !slices.ContainsFunc(t.actors, func(other actor) bool { return other.Key == a.Key }) {
		t.actors = append(t.actors, a)
		clear(t.gives)
	}
}

// managed are the groups whose members an actor manages.
func (t *team) managed(a actor) []string {
	return slices.DeleteFunc(slices.Clone(t.world.Groups), func(group string) bool { return !t.has(a, "/access/groups/"+group, "User.Modify") })
}

// movable are the members of the groups that an actor manages.
func (t *team) movable(a actor) []string {
	var members []string
	for _, group := range t.managed(a) {
		members = append(members, t.world.Members(group)...)
	}
	slices.Sort(members)
	return slices.Compact(members)
}

// makes tells whether an actor can make users of some realm.
func (t *team) makes(a actor) bool {
	paths := []string{"/access/realm/*"}
	for _, path := range t.held(a).Paths {
		if strings.HasPrefix(path, "/access/realm/") {
			paths = append(paths, path)
		}
	}
	return slices.ContainsFunc(paths, func(path string) bool { return t.has(a, path, "Realm.AllocateUser") })
}
