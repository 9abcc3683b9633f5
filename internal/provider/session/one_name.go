package session

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// named are the resources of a run by their names, with the nodes that each is on; recorded tells of one that has a
// state.
type named struct {
	nodes    []string
	recorded bool
}

// plannedKey is in the private part of the plan of every resource that has a state. Terraform hands it on when it plans
// what takes the place of that resource, although it says then that there was none.
const plannedKey = "planned"

// RefuseTwice refuses a resource that is new where another one of the run has its name on one of the same nodes: both
// would write one file. recorded tells that the resource has a state. Of two that have one the plan warns, since
// neither could be destroyed if that were an error.
func (p *Placed) RefuseTwice(ctx context.Context, clients *Clients, what string, recorded bool, before values.PrivateReader, after values.PrivateWriter, diags *diag.Diagnostics) {
	switch p.Twice(ctx, clients, what, recorded, before, after, diags) {
	case NewTwice:
		diags.AddAttributeError(path.Root("name"), "Invalid name: another resource has it",
			fmt.Sprintf("Two resources of the configuration are %s on the same nodes. Both would write one file, and each apply would undo the other. Give one of them another name or other nodes.", what))
	case HeldTwice:
		if clients.Holdings().Read(what) { // Terraform plans once more while it applies
			diags.AddAttributeWarning(path.Root("name"), "Another resource has this name",
				fmt.Sprintf("Two resources of the state are %s on the same nodes. Both write one file, and each apply undoes the other. Take one of them out of the configuration with a removed block "+
					"(destroy = false), which leaves the file to the other one: a destroy of one removes what both manage.", what))
		}
	}
}

// Meeting is how the names of two resources meet.
type Meeting int

// The ways in which a resource meets another one of its name on one of the same nodes.
const (
	NotTwice  Meeting = iota // there is no other one
	NewTwice                 // one of the two is new
	HeldTwice                // both have a state
)

// Twice notes a resource and tells what [Placed.RefuseTwice] judges.
func (p *Placed) Twice(ctx context.Context, clients *Clients, what string, recorded bool, before values.PrivateReader, after values.PrivateWriter, diags *diag.Diagnostics) Meeting {
	if clients == nil || !values.FullyKnown(p.Nodes) {
		return NotTwice
	}
	if recorded {
		diags.Append(after.SetKey(ctx, plannedKey, []byte("true"))...)
	} else if replaced, _ := before.GetKey(ctx, plannedKey); len(replaced) > 0 {
		return NotTwice
	}
	return clients.sameName(what, named{NodeNames(ctx, p.Nodes, diags), recorded})
}

// PlannedAgain notes a resource that has a state and that a plan leaves as it is, and gives what the private state of
// its plan has beside. It is false, and notes nothing, where another resource that was noted has its name on one of the
// same nodes. No nodes mean all.
func (c *Clients) PlannedAgain(what, heldAs string, nodes []string) (private map[string][]byte, alone bool) {
	c.claims.Lock()
	defer c.claims.Unlock()
	for _, other := range c.claims.names[what] {
		if meet(nodes, other.nodes) {
			return nil, false
		}
	}
	if c.claims.names == nil {
		c.claims.names = map[string][]named{}
	}
	c.claims.names[what] = append(c.claims.names[what], named{nodes, true})
	c.holdings.NotePlanned(heldAs)
	return map[string][]byte{plannedKey: []byte("true")}, true
}

// sameName notes a resource and tells whether another one that was noted has its name on one of the same nodes.
func (c *Clients) sameName(what string, one named) Meeting {
	c.claims.Lock()
	defer c.claims.Unlock()
	if c.claims.names == nil {
		c.claims.names = map[string][]named{}
	}
	twice := NotTwice
	for _, other := range c.claims.names[what] {
		switch {
		case !meet(one.nodes, other.nodes):
		case !one.recorded || !other.recorded:
			twice = NewTwice
		case twice == NotTwice:
			twice = HeldTwice
		}
	}
	c.claims.names[what] = append(c.claims.names[what], one)
	return twice
}
