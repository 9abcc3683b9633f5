package session

import (
	"slices"
	"sync"
)

// A Claim is a subject that another resource of the same run already manages.
type Claim struct {
	// Name is the name of the other resource. Subject is empty for everyone.
	Name, Subject string
}

// claims are the subjects of the resources of one run.
type claims struct {
	sync.Mutex
	made  map[claimKey]claimed
	names map[string][]named // by what they are
}

type claimKey struct{ what, name string }

type claimed struct{ subjects, nodes []string }

// Claim notes what a resource is about and returns which of its subjects another one of the run, under another name, is
// about on one of the same nodes. No subjects mean everyone, which is a subject of its own; no nodes mean all. A
// resource that is planned again replaces what it said before.
func (c *Clients) Claim(what, name string, subjects, nodes []string) []Claim {
	if len(subjects) == 0 {
		subjects = []string{""}
	}
	c.claims.Lock()
	defer c.claims.Unlock()
	if c.claims.made == nil {
		c.claims.made = map[claimKey]claimed{}
	}
	var taken []Claim
	for key, other := range c.claims.made {
		if key.what != what || key.name == name || !meet(nodes, other.nodes) {
			continue
		}
		for _, subject := range subjects {
			if slices.Contains(other.subjects, subject) {
				taken = append(taken, Claim{Name: key.name, Subject: subject})
			}
		}
	}
	c.claims.made[claimKey{what, name}] = claimed{subjects, nodes}
	return taken
}

// meet tells whether two lists of nodes have one in common. None means all.
func meet(a, b []string) bool {
	return a == nil || b == nil || slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
}
