package session

import (
	"context"
	"fmt"
	"slices"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// AccountName is how a Linux account is called in messages and among the resources of a run.
func AccountName(name string) string { return fmt.Sprintf("account %q", name) }

// NodesWithoutAccount names the nodes that know no Linux account of a name, neither in /etc/passwd nor from a directory
// service. A node that does not answer is not named, since nothing is known of it, nor is one on which the run plans
// the account. A provider that does not log in to nodes knows of none.
func (c *Clients) NodesWithoutAccount(ctx context.Context, name string) []string {
	if c == nil || c.pool == nil {
		return nil
	}
	targets, err := c.Targets(ctx, nil)
	if err != nil {
		return nil
	}
	return withoutAccount(ctx, c.pool, targets, c.plannedAccounts(name), name)
}

func (c *Clients) plannedAccounts(name string) []named {
	c.claims.Lock()
	defer c.claims.Unlock()
	return slices.Clone(c.claims.names[AccountName(name)])
}

// PlansAccount tells whether the run plans the Linux account of a name on a node.
func (c *Clients) PlansAccount(name, onNode string) bool {
	return c != nil && plannedOn(c.plannedAccounts(name), onNode)
}

// MayChangeAccount tells whether the run makes the Linux account of a name on a node, or plans one that its state has.
// While Terraform applies, such an account is as it is by then.
func (c *Clients) MayChangeAccount(name, onNode string) bool {
	if c == nil {
		return false
	}
	planned := slices.DeleteFunc(c.plannedAccounts(name), func(one named) bool { return one.recorded && !c.Holdings().Read(AccountName(name)) })
	return plannedOn(planned, onNode)
}

func plannedOn(planned []named, onNode string) bool {
	return slices.ContainsFunc(planned, func(one named) bool { return meet(one.nodes, []string{onNode}) })
}

func withoutAccount(ctx context.Context, nodes hardening.Nodes, targets []node.Target, planned []named, name string) []string {
	seen, err := onEach(ctx, targets, func(ctx context.Context, target node.Target) (*bool, error) {
		lacks := false
		if plannedOn(planned, target.Name) {
			return &lacks, nil
		}
		found, err := nodes.Observe(ctx, target, node.Query{Accounts: []string{name}})
		if err == nil {
			account, told := found.Accounts[name]
			lacks = told && !account.Exists
		}
		return &lacks, nil
	})
	var missing []string
	if err == nil {
		for _, target := range targets {
			if *seen[target.Name] {
				missing = append(missing, target.Name)
			}
		}
	}
	return missing
}
