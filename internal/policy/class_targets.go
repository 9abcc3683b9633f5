package policy

import (
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// What classes may cost. Beyond, the answer is a gap.
const (
	// maxClassWork bounds the commands and hosts of rules that are looked at in all classes together.
	maxClassWork = 1 << 20
	// maxTargetWork bounds the members of run-as lists that the targets on one host are compared with.
	maxTargetWork = 1 << 25
	// maxTargets bounds the pairs of users and groups on one host.
	maxTargets = 1 << 16
)

const tooManyTargets = "it tells too many targets or hosts apart for its size"

// affordable cuts the requests on a host down to what is left of the work, and counts it.
func (c *classes) affordable(requests []Request) []Request {
	size := 1
	for i := range c.policies {
		for _, entry := range c.policies[i].hosts.On(requests[0]).Entries {
			size += entrySize(entry)
		}
	}
	if most := max(1, (maxClassWork-c.work)/size); len(requests) > most {
		c.gap(tooManyTargets)
		requests = requests[:most]
	}
	c.work += size * len(requests)
	return requests
}

func entrySize(entry sudoers.Entry) int {
	size := 1
	if spec, ok := entry.(*sudoers.UserSpec); ok {
		for i := range spec.Privileges {
			size += len(spec.Privileges[i].Hosts) + len(spec.Privileges[i].Commands)
		}
	}
	return size
}

// targetLists are the lists of a policy that say something about the target.
type targetLists struct {
	tree *sudoers.Tree
	m    *matcher
	list []*sudoers.RunAs
}

func (c *classes) targetLists(host Request) (lists []targetLists, cost int) {
	for i := range c.policies {
		t := targetLists{tree: c.policies[i].hosts.On(host)}
		t.m = newMatcher(t.tree, c.env)
		cost += len(t.tree.Entries)
		seen := map[*sudoers.RunAs]bool{nil: true}
		t.list = append(t.list, nil)
		for _, entry := range t.tree.Entries {
			switch e := entry.(type) {
			case *sudoers.Defaults:
				if e.Scope == sudoers.ScopeRunAs {
					t.list = append(t.list, &sudoers.RunAs{Users: e.Members})
				}
			case *sudoers.UserSpec:
				for k := range e.Privileges {
					for _, command := range e.Privileges[k].Commands {
						if !seen[command.RunAs] {
							seen[command.RunAs] = true
							t.list = append(t.list, command.RunAs)
						}
					}
				}
			}
		}
		for _, r := range t.list {
			cost++
			if r != nil {
				cost += len(r.Users) + len(r.Groups)
			}
		}
		lists = append(lists, t)
	}
	return lists, cost
}

// distinct keeps one of the requests on a host that no run-as list tells apart, the first, where there are many.
// Whether the target is root, or the caller himself, is told apart as well.
func (c *classes) distinct(requests []Request) []Request {
	if len(requests) <= c.question.manyClasses() {
		return requests
	}
	lists, cost := c.targetLists(requests[0])
	if len(requests)*cost > maxTargetWork {
		c.gap(tooManyTargets)
		return requests[:manyClasses]
	}
	seen := map[string]bool{}
	var key []byte
	return slices.DeleteFunc(requests, func(r Request) bool {
		key = append(key[:0], targetKind(r))
		for i := range lists {
			l := &lists[i]
			l.m.prepare(&r)
			l.m.settings(l.tree, &r)
			for _, list := range l.list {
				key = append(key, byte(l.m.runAsMatches(list)))
			}
		}
		known := seen[string(key)]
		seen[string(key)] = true
		return known
	})
}

// targetKind is what matters about a target whatever the lists say.
func targetKind(r Request) byte {
	var kind byte
	if r.RunAsGroup != "" {
		kind |= 1
	}
	if r.RunAsUser == nil {
		return kind
	}
	kind |= 2
	if r.RunAsUser.Name == "root" || r.RunAsUser.UID != nil && *r.RunAsUser.UID == 0 {
		kind |= 4
	}
	if r.RunAsUser.Name == r.Subject.Name {
		kind |= 8
	}
	return kind
}
