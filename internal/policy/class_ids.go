package policy

import (
	"fmt"
	"slices"
)

// idTarget is an account or a group by its name or by "#id". Where rules name both, they may mean the same one.
type idTarget struct {
	name    string
	id      *int
	assumed string // says that it has the id, where nobody knows
}

// maxAssumedIDs bounds the pairs of names without a known id and ids without a known name.
const maxAssumedIDs = 64

// withIDs gives targets their ids. An id that a name is known to have is left out: it is that one. With both
// (classesOf) a name whose id is not known also has each of the ids.
func (c *classes) withIDs(names []string, idOf func(string) *int, written func(string) bool, kind string) []idTarget {
	var targets []idTarget
	taken := map[int]bool{}
	for _, name := range names {
		if _, isID := parseID(name); !isID {
			if id := idOf(name); id != nil {
				taken[*id] = true
			}
		}
	}
	var ids []int
	var unknown []string
	for _, name := range names {
		t := idTarget{name: name, id: idOf(name)}
		if id, isID := parseID(name); isID {
			if taken[id] {
				continue
			}
			t.id, ids = &id, append(ids, id)
		} else if t.id == nil && written(name) {
			unknown = append(unknown, name)
		}
		targets = append(targets, t)
	}
	if !c.both {
		return targets
	}
	if len(unknown)*len(ids) > maxAssumedIDs {
		c.gap(fmt.Sprintf("the %ss that its rules name as targets may have any of the ids that others name", kind))
		return targets
	}
	for _, name := range unknown {
		for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
			targets = append(targets, idTarget{name, &id, fmt.Sprintf("the %s %s has the id %d", kind, name, id)})
		}
	}
	return targets
}

// userID is the id of an account, nil if it is not known.
func (c *classes) userID(name string) *int {
	if name == c.question.Subject.Name {
		return c.question.Subject.UID
	}
	return c.env.account(name).UID
}

// group is a request with the group as target.
func (t *idTarget) group(r Request) Request {
	r.RunAsGroup, r.RunAsGroupID, r.assumed = t.name, t.id, joinConditions(r.assumed, t.assumed)
	return r
}
