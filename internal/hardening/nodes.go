package hardening

import (
	"context"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// Nodes is the access to nodes that hardening needs: one observation, and a transaction over several nodes that either
// happens on all of them or on none. *node.Pool is the implementation.
type Nodes interface {
	Observe(ctx context.Context, target node.Target, query node.Query) (*node.Observation, error)
	Apply(ctx context.Context, changes []node.Change, progress func(node, step string)) error
}

var _ Nodes = (*node.Pool)(nil)
