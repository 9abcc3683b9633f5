package hardening

import (
	"context"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// Programs are paths of programs.
type Programs []string

// Missing are those at which a node has nothing. A link counts as something, wherever it leads.
func (p Programs) Missing(ctx context.Context, nodes Nodes, target node.Target) (*Programs, error) {
	seen, err := nodes.Observe(ctx, target, node.Query{Stats: p})
	if err != nil {
		return nil, err
	}
	var missing Programs
	for _, path := range p {
		if !seen.Files[path].Exists {
			missing = append(missing, path)
		}
	}
	return &missing, nil
}
