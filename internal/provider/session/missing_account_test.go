package session

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// knowing are nodes by whether they know the account; one that is not here does not answer.
type knowing map[string]bool

func (k knowing) Observe(_ context.Context, target node.Target, query node.Query) (*node.Observation, error) {
	exists, answers := k[target.Name]
	if !answers {
		return nil, errors.New("no answer")
	}
	seen := &node.Observation{Accounts: map[string]node.Account{}}
	for _, name := range query.Accounts {
		seen.Accounts[name] = node.Account{Exists: exists}
	}
	return seen, nil
}

func (knowing) Apply(context.Context, []node.Change, func(node, step string)) error { return nil }

// TestNodesWithoutAccount: a node that answers and does not know the account is named, unless the run plans it there.
func TestNodesWithoutAccount(t *testing.T) {
	t.Parallel()
	nodes := knowing{"has": true, "lacks": false, "planned": false}
	var targets []node.Target
	for _, name := range []string{"has", "lacks", "planned", "silent"} {
		targets = append(targets, node.Target{Name: name})
	}
	for _, c := range []struct {
		planned []named
		want    []string
	}{
		{nil, []string{"lacks", "planned"}}, {[]named{{nodes: []string{"planned", "has"}}}, []string{"lacks"}}, {[]named{{}}, nil},
	} {
		if got := withoutAccount(t.Context(), nodes, targets, c.planned, "agent"); !slices.Equal(got, c.want) {
			t.Errorf("planned on %v: %q, want %q", c.planned, got, c.want)
		}
	}
	applying, planning := &Clients{}, &Clients{}
	planning.Holdings().NoteRead(AccountName("agent"))
	for _, c := range []*Clients{applying, planning} {
		c.sameName(AccountName("agent"), named{nodes: []string{"held"}, recorded: true})
		c.sameName(AccountName("agent"), named{nodes: []string{"new"}})
	}
	for node, want := range map[string][2]bool{"held": {false, true}, "new": {true, true}, "other": {false, false}} {
		if got := [2]bool{applying.MayChangeAccount("agent", node), planning.MayChangeAccount("agent", node)}; got != want {
			t.Errorf("the account on %s may change while Terraform applies and plans: %v, want %v", node, got, want)
		}
	}
	var none *Clients
	if none.PlansAccount("agent", "planned") || (&Clients{}).PlansAccount("agent", "planned") {
		t.Error("an account that nobody plans is planned")
	}
	if got := none.NodesWithoutAccount(t.Context(), "agent"); got != nil {
		t.Errorf("%q", got)
	}
	if got := (&Clients{}).NodesWithoutAccount(t.Context(), "agent"); got != nil {
		t.Errorf("a provider without a login knows of %q", got)
	}
}
