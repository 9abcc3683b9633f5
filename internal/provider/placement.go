package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// nodeNames are the names under nodes, nil for all nodes of the cluster.
func nodeNames(ctx context.Context, nodes types.Set, diags *diag.Diagnostics) []string {
	if nodes.IsNull() {
		return nil
	}
	names := []string{}
	diags.Append(nodes.ElementsAs(ctx, &names, false)...)
	return names
}

// planTargets are the nodes that a resource will be on, where that can be known while planning. A plan may be made where neither the API nor a node
// can be reached; then this is said, and the nodes are known after apply.
func (c *configured) planTargets(ctx context.Context, nodes types.Set, diags *diag.Diagnostics) ([]node.Target, bool) {
	if c.clients == nil || !fullyKnown(nodes) {
		return nil, false
	}
	targets, err := c.clients.Targets(ctx, nodeNames(ctx, nodes, diags))
	return targets, planReached(err, path.Root("nodes"), diags)
}

// recorded are the nodes which state says hold something. A node that has left the cluster, or the provider's nodes, has nothing to hold any more
// and is left out; PVE's own list of its members is the proof.
func (c *configured) recorded(ctx context.Context, names []string, what string, diags *diag.Diagnostics) []node.Target {
	all, err := c.clients.Targets(ctx, nil)
	if err != nil {
		addError(diags, "Unable to reach the nodes of "+what, err)
		return nil
	}
	var targets []node.Target
	for _, name := range names {
		for _, target := range all {
			if target.Name == name {
				targets = append(targets, target)
			}
		}
	}
	return targets
}

// without are the targets that keep does not have.
func without(targets, keep []node.Target) []node.Target {
	var rest []node.Target
	for _, target := range targets {
		if !containsTarget(keep, target.Name) {
			rest = append(rest, target)
		}
	}
	return rest
}

func containsTarget(targets []node.Target, name string) bool {
	for _, target := range targets {
		if target.Name == name {
			return true
		}
	}
	return false
}

// planReached tells whether a question that a plan asks of PVE or a node was answered, and reports why not: an error where an apply
// could only fail too, a warning where it may well succeed from elsewhere.
func planReached(err error, at path.Path, diags *diag.Diagnostics) bool {
	var missing *errNotConfigured
	var noNode *errNoSuchNode
	switch {
	case err == nil:
		return true
	case errors.Is(err, errUnknownSettings):
	case errors.As(err, &missing):
		diags.AddWarning("Planned without the nodes or PVE", fmt.Sprintf("%s\n\nThe plan was made without asking them; an apply needs them.", upperFirst(missing.Error())))
	case errors.As(err, &noNode):
		diags.AddAttributeError(at, "No such node", upperFirst(err.Error())+".")
	case unreachable(err):
		diags.AddWarning("Planned without the nodes or PVE", fmt.Sprintf("%s\n\nThe plan does not show what they hold today; an apply needs to reach them.", upperFirst(err.Error())))
	default:
		diags.AddError("Unable to plan", upperFirst(err.Error()))
	}
	return false
}

// unreachable tells that PVE or a node did not answer at all, as opposed to refusing.
func unreachable(err error) bool {
	var nodeError *node.UnreachableError
	var apiError *proxmox.UnreachableError
	return errors.As(err, &nodeError) || errors.As(err, &apiError)
}

// warnOfUnfinished says that an earlier run was killed half-way on a node. Whatever it left is shown as drift; the next apply that changes anything
// on the node puts it back first.
func warnOfUnfinished(name string, unfinished bool, diags *diag.Diagnostics) {
	if unfinished {
		diags.AddWarning(fmt.Sprintf("An earlier change of %s was interrupted", name),
			fmt.Sprintf("A run was killed while it changed %s. The next apply that changes anything there first puts the node back as it was before that run.", name))
	}
}
