package session

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// named are the resources of a run by their names, with the nodes that each is on; recorded tells of one that has a state.
type named struct {
	nodes    []string
	recorded bool
}

// plannedKey is in the private part of the plan of every resource that has a state. Terraform hands it on when it plans what takes the place of that resource,
// although it says then that there was none.
const plannedKey = "planned"

// RefuseTwice refuses a resource that is new where another one of the run has its name on one of the same nodes: both would write one file. recorded tells that
// the resource has a state. Of two that have one nothing is said, since neither could be destroyed then.
func (p *Placed) RefuseTwice(ctx context.Context, clients *Clients, what string, recorded bool, before values.PrivateReader, after values.PrivateWriter, diags *diag.Diagnostics) {
	if p.Twice(ctx, clients, what, recorded, before, after, diags) {
		diags.AddAttributeError(path.Root("name"), "Invalid name: another resource has it",
			fmt.Sprintf("Two resources of the configuration are %s on the same nodes. Both would write one file, and each apply would undo the other. Give one of them another name or other nodes.", what))
	}
}

// Twice notes a resource and tells what [Placed.RefuseTwice] refuses.
func (p *Placed) Twice(ctx context.Context, clients *Clients, what string, recorded bool, before values.PrivateReader, after values.PrivateWriter, diags *diag.Diagnostics) bool {
	if clients == nil || !values.FullyKnown(p.Nodes) {
		return false
	}
	if recorded {
		diags.Append(after.SetKey(ctx, plannedKey, []byte("true"))...)
	} else if replaced, _ := before.GetKey(ctx, plannedKey); len(replaced) > 0 {
		return false
	}
	return clients.sameName(what, named{NodeNames(ctx, p.Nodes, diags), recorded})
}

// sameName notes a resource and tells whether another one that was noted has its name on one of the same nodes, and one of the two is new.
func (c *Clients) sameName(what string, one named) bool {
	c.claims.Lock()
	defer c.claims.Unlock()
	if c.claims.names == nil {
		c.claims.names = map[string][]named{}
	}
	twice := false
	for _, other := range c.claims.names[what] {
		twice = twice || !(one.recorded && other.recorded) && meet(one.nodes, other.nodes)
	}
	c.claims.names[what] = append(c.claims.names[what], one)
	return twice
}
