package posture

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"golang.org/x/sync/errgroup"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/session"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// looker looks at nodes and PVE, for a data source.
type looker struct {
	session.ConfiguredData
	// what is the summary of an error.
	what string
	// collect looks at one node.
	collect func(context.Context, posture.Nodes, node.Target) (*posture.Node, error)
}

// parallel bounds how many nodes are looked at at once.
const parallel = 16

func reasons(gaps []posture.Gap) string {
	var b strings.Builder
	for _, gap := range gaps {
		fmt.Fprintf(&b, "%s\n", strings.TrimSpace(gap.Node+" "+gap.Reason))
	}
	return b.String()
}

// nodes looks at the nodes, several at a time. One that cannot be looked at is a gap and a warning.
func (d *looker) nodes(ctx context.Context, names []string, diags *diag.Diagnostics) ([]*posture.Node, []posture.Gap) {
	pool, err := d.Clients.Pool()
	if session.NotConfigured(err) {
		return nil, []posture.Gap{{About: "the nodes", Reason: untrusted.Line(values.UpperFirst(err.Error()))}}
	}
	var targets []node.Target
	if err == nil {
		targets, err = d.Clients.Targets(ctx, names)
	}
	if err != nil {
		values.AddError(diags, d.what, err)
		return nil, nil
	}
	seen, failed := make([]*posture.Node, len(targets)), make([]error, len(targets))
	var group errgroup.Group
	group.SetLimit(parallel)
	for i, target := range targets {
		group.Go(func() error {
			seen[i], failed[i] = d.collect(ctx, pool, target)
			return nil
		})
	}
	_ = group.Wait() // the errors are in failed
	var nodes []*posture.Node
	var gaps []posture.Gap
	for i, err := range failed {
		switch {
		case err == nil:
			nodes = append(nodes, seen[i])
		case node.Interrupted(err):
			values.AddReadError(diags, d.what, err)
		default:
			gaps = append(gaps, posture.Gap{Node: targets[i].Name, About: "the node", Reason: untrusted.Line(err.Error())})
			diags.AddWarning("Unable to look at node "+targets[i].Name, values.UpperFirst(err.Error())+"\n\nThe report does not have this node. unknown says so.")
		}
	}
	return nodes, gaps
}

// cluster asks PVE. Where the provider has no endpoint, it is a gap.
func (d *looker) cluster(ctx context.Context, diags *diag.Diagnostics) (*posture.Cluster, []posture.Gap) {
	pve, err := d.Clients.PVE()
	if session.NotConfigured(err) {
		return nil, []posture.Gap{{About: "access control of PVE", Reason: untrusted.Line(values.UpperFirst(err.Error()))}}
	}
	if err != nil {
		values.AddError(diags, d.what, err)
		return nil, nil
	}
	cluster, err := posture.CollectCluster(ctx, pve, d.Clients.Now())
	if err != nil {
		diags.AddWarning("Unable to ask PVE for its access control", values.UpperFirst(err.Error())+"\n\nThe report does not have the users and tokens of PVE. unknown says so.")
		return nil, []posture.Gap{{About: "access control of PVE", Reason: untrusted.Line(err.Error())}}
	}
	return cluster, nil
}
