package hardening

import (
	"context"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// Noting are nodes that tell what they note while they change: what one could not do or found wrong although the change
// stands. Calls of noted may overlap.
func Noting(nodes Nodes, noted func(node, text string)) Nodes {
	return noting{nodes, noted}
}

type noting struct {
	Nodes
	noted func(node, text string)
}

// Apply makes the changes and passes on the notes.
func (n noting) Apply(ctx context.Context, changes []node.Change, progress func(node, step string)) error {
	changes = slices.Clone(changes)
	for i, change := range changes {
		changes[i].Noted = func(text string) { n.noted(change.Target.Name, text) }
	}
	return n.Nodes.Apply(ctx, changes, progress)
}

// Operator is the user that the nodes know.
func (n noting) Operator() (name string, password bool) { return operatorOf(n.Nodes) }

// operatorOf is the user that nodes know: root where they know none.
func operatorOf(nodes Nodes) (name string, password bool) {
	if operator, is := nodes.(Operator); is {
		return operator.Operator()
	}
	return "root", false
}
