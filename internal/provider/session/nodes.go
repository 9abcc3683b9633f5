package session

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/proxmox"
)

// NodeNames are the names under nodes, nil for all nodes of the cluster.
func NodeNames(ctx context.Context, nodes types.Set, diags *diag.Diagnostics) []string {
	if nodes.IsNull() {
		return nil
	}
	names := []string{}
	diags.Append(values.Present(nodes).ElementsAs(ctx, &names, false)...)
	return names
}

// HeldAs is how an object on nodes is called among the holdings of a run. Two of one name on different nodes are two
// objects; nodes that are not known are none's.
func (p *Placed) HeldAs(what string) string {
	if p.Nodes.IsUnknown() {
		return what + " on nodes that are not known"
	}
	return what + " on " + p.Nodes.String()
}

// PlanTargets are the nodes that a resource will be on, where that can be known while planning. A plan may be made
// where neither the API nor a node can be reached; then this is said, and the nodes are known after apply.
func (c *Configured) PlanTargets(ctx context.Context, nodes types.Set, diags *diag.Diagnostics) ([]node.Target, bool) {
	if c.Clients == nil || !values.FullyKnown(nodes) {
		return nil, false
	}
	targets, err := c.Clients.Targets(ctx, NodeNames(ctx, nodes, diags))
	return targets, PlanReached(err, path.Root("nodes"), diags)
}

// RecordedTargets are the nodes which state says hold something. A node that has left the cluster, or the provider's
// nodes, has nothing to hold any more and is left out; PVE's own list of its members is the proof.
func (c *Configured) RecordedTargets(ctx context.Context, names []string, what string, diags *diag.Diagnostics) []node.Target {
	all, err := c.Clients.Targets(ctx, nil)
	if err != nil {
		values.AddError(diags, "Unable to reach the nodes of "+what, err)
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

// containsTarget tells whether a node is among others.
func containsTarget(targets []node.Target, name string) bool {
	for _, target := range targets {
		if target.Name == name {
			return true
		}
	}
	return false
}

// PlanReached tells whether a question that a plan asks of PVE or a node was answered, and reports why not: an error
// where an apply could only fail too, a warning where it may well succeed from elsewhere.
func PlanReached(err error, at path.Path, diags *diag.Diagnostics) bool {
	var missing *errNotConfigured
	var noNode *errNoSuchNode
	switch {
	case err == nil:
		return true
	case errors.Is(err, ErrUnknownSettings):
	case node.Interrupted(err):
		values.AddInterrupted(diags, err, "Plan again when you are ready.")
	case errors.As(err, &missing):
		diags.AddWarning("The plan did not check PVE or the nodes", fmt.Sprintf("%s\n\nThe plan does not show their current state. An apply needs this configuration.", values.UpperFirst(missing.Error())))
	case errors.As(err, &noNode):
		diags.AddAttributeError(at, "Invalid node", values.UpperFirst(err.Error())+".")
	case unreachable(err):
		diags.AddWarning("The plan did not check PVE or the nodes", fmt.Sprintf("%s\n\nThe plan does not show their current state. An apply must be able to reach them.", values.UpperFirst(err.Error())))
	default:
		diags.AddError("Unable to plan", values.UpperFirst(err.Error()))
	}
	return false
}

// unreachable reports that PVE or a node did not answer at all. A refusal is an answer; of several errors, each must be
// no answer.
func unreachable(err error) bool {
	if several, is := err.(interface{ Unwrap() []error }); is {
		return !slices.ContainsFunc(several.Unwrap(), func(one error) bool { return !unreachable(one) })
	}
	var nodeError *node.UnreachableError
	var apiError *proxmox.UnreachableError
	return errors.As(err, &nodeError) || errors.As(err, &apiError)
}

// WarnOfUnfinished warns that an earlier run was killed in the middle of a change of a node, or left files there. The
// plan shows its changes as drift; the next apply that changes the node restores the old state first, and removes the
// files.
func WarnOfUnfinished(name string, unfinished, leftover bool, diags *diag.Diagnostics) {
	switch {
	case unfinished:
		diags.AddWarning(fmt.Sprintf("An earlier change of %s was interrupted", name),
			fmt.Sprintf("A run was killed while it changed %s. The next apply that changes this node first restores its state from before that run.", name))
	case leftover:
		diags.AddWarning(fmt.Sprintf("An interrupted run left files on %s", name),
			fmt.Sprintf("A run was killed while it prepared a change of %s. It changed nothing, but left a copy of the files that it read in /etc/pvesec/stage, which only root can read. "+
				"The next apply that changes this node removes the copy.", name))
	}
}
