package paths

import (
	"fmt"
	"slices"
)

// Kind says what a principal is.
type Kind string

// The kinds of principals.
const (
	Root     Kind = "root"          // root of a node, or root@pam
	Account  Kind = "linux_account" // an account of a node
	Group    Kind = "linux_group"   // a group of a node
	Everyone Kind = "everyone"      // everyone who can run a program on a node
	Key      Kind = "ssh_key"       // the holder of a private key
	PVEUser  Kind = "pve_user"
	PVEGroup Kind = "pve_group"
	PVEToken Kind = "pve_token"
)

// Holder tells whether a principal of this kind is somebody, so that its paths are told. A group is a step on the path
// of its members.
func (k Kind) Holder() bool { return k != Root && k != Group && k != PVEGroup }

// Principal is somebody or something that can hold access.
type Principal struct {
	// ID is unique in a graph.
	ID   string
	Kind Kind
	// Name is what people call it.
	Name string
	// Node is the node that it is on, "" for what belongs to the cluster.
	Node string
}

// String is the name, with the node where there is one.
func (p Principal) String() string {
	if p.Node == "" {
		return p.Name
	}
	return p.Name + " on " + p.Node
}

// Step is one edge: who it starts from has, by it, what it leads to.
type Step struct {
	From, To string // ids of principals
	// Way names what sort of step it is: "sudo", "member", "cron", "privilege", …
	Way string
	// Does is a clause about From: "may run every command as root".
	Does string
	// Evidence is where that stands: a file with its line, an ACL path with its role, the mode of a file.
	Evidence string
	// Finding is the id of the rule that says so, "" for none.
	Finding string
	// Example is a command line or request that does it, "" for none.
	Example string
	// Condition is what must hold in addition, "" for nothing.
	Condition string
	// Remedy says what to change so that the step is gone.
	Remedy string
	// Change names what the remedy changes, such as one file of a node or one line of a sudoers file. Steps with one
	// Change go away together; a step without it stands alone.
	Change string
}

// Graph is a set of principals and steps between them.
type Graph struct {
	principals []Principal
	index      map[string]int
	steps      []Step
	ends       [][2]int // where each step starts and leads to
	seen       map[place]int
	alike      []int   // of each step another one of its place, none after the first
	out, in    [][]int // steps by principal
}

// place is what most steps differ by: from where to where, and what tells of it.
type place struct {
	from, to int
	evidence string
}

// New returns an empty graph.
func New() *Graph { return &Graph{index: map[string]int{}, seen: map[place]int{}} }

// Add adds a principal. One that is known already stays as it is.
func (g *Graph) Add(p Principal) {
	if _, known := g.index[p.ID]; known {
		return
	}
	g.index[p.ID] = len(g.principals)
	g.principals = append(g.principals, p)
	g.out, g.in = append(g.out, nil), append(g.in, nil)
}

// Link adds a step between two principals that are known, once. A step to where it starts from says nothing and is left
// out.
func (g *Graph) Link(s Step) {
	from, ok := g.index[s.From]
	to, known := g.index[s.To]
	if !ok || !known {
		panic(fmt.Sprintf("paths: a step from %q to %q, of which one was not added", s.From, s.To)) // a mistake of the caller
	}
	if from == to {
		return
	}
	at := place{from, to, s.Evidence}
	last, seen := g.seen[at]
	if !seen {
		last = none
	}
	for other := last; other != none; other = g.alike[other] {
		if g.steps[other] == s {
			return
		}
	}
	g.seen[at] = len(g.steps)
	g.alike, g.ends = append(g.alike, last), append(g.ends, [2]int{from, to})
	g.out[from] = append(g.out[from], len(g.steps))
	g.in[to] = append(g.in[to], len(g.steps))
	g.steps = append(g.steps, s)
}

// Has tells whether a principal is known.
func (g *Graph) Has(id string) bool { _, ok := g.index[id]; return ok }

// Principal returns the principal of an id; the zero value for none.
func (g *Graph) Principal(id string) Principal {
	if at, ok := g.index[id]; ok {
		return g.principals[at]
	}
	return Principal{}
}

// Principals returns all principals in the order of their ids.
func (g *Graph) Principals() []Principal {
	all := slices.Clone(g.principals)
	slices.SortFunc(all, func(a, b Principal) int { return compare(a.ID, b.ID) })
	return all
}

// Steps returns all steps in a stable order.
func (g *Graph) Steps() []Step {
	all := make([]Step, 0, len(g.steps))
	for _, i := range g.byOrder() {
		all = append(all, g.steps[i])
	}
	return all
}

// From returns the steps that start at a principal, in a stable order.
func (g *Graph) From(id string) []Step {
	at, ok := g.index[id]
	if !ok {
		return nil
	}
	steps := make([]Step, 0, len(g.out[at]))
	for _, i := range g.outgoing(at) {
		steps = append(steps, g.steps[i])
	}
	return steps
}
