package session

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// TestSameName: two resources that would write one file are told apart from one that is planned again, or that was
// there twice.
func TestSameName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first, second named
		what          string // of the second
		twice         Meeting
	}{
		"both new":                 {named{nil, false}, named{nil, false}, "agent", NewTwice},
		"one new":                  {named{nil, true}, named{nil, false}, "agent", NewTwice},
		"the first new":            {named{nil, false}, named{nil, true}, "agent", NewTwice},
		"both were there":          {named{nil, true}, named{nil, true}, "agent", HeldTwice},
		"another name":             {named{nil, false}, named{nil, false}, "other", NotTwice},
		"other nodes":              {named{[]string{"pve1"}, false}, named{[]string{"pve2"}, false}, "agent", NotTwice},
		"a node in common":         {named{[]string{"pve1", "pve2"}, false}, named{[]string{"pve2"}, false}, "agent", NewTwice},
		"all nodes, and one of it": {named{nil, false}, named{[]string{"pve2"}, false}, "agent", NewTwice},
	} {
		c0 := &Clients{}
		if c0.sameName("agent", c.first) != NotTwice {
			t.Errorf("%s: the first is taken for the second", name)
		}
		if got := c0.sameName(c.what, c.second); got != c.twice {
			t.Errorf("%s: %d", name, got)
		}
	}
}

// noPrivateState is private state without anything in it.
type noPrivateState struct{}

func (noPrivateState) GetKey(context.Context, string) ([]byte, diag.Diagnostics) { return nil, nil }
func (noPrivateState) SetKey(context.Context, string, []byte) diag.Diagnostics   { return nil }

// TestHeldTwice: of two resources of one name that both have a state a plan warns, once, and does not refuse: a destroy
// plans them too.
func TestHeldTwice(t *testing.T) {
	t.Parallel()
	const what = "sudoers policy \"agent\""
	for name, c := range map[string]struct {
		read, recorded   bool
		warnings, errors int
	}{
		"a plan": {true, true, 1, 0}, "an apply": {false, true, 0, 0}, "new ones": {false, false, 0, 1},
	} {
		clients, placed := &Clients{}, &Placed{Nodes: types.SetNull(types.StringType)}
		if c.read {
			clients.Holdings().NoteRead(what)
		}
		var diags diag.Diagnostics
		for range 2 {
			placed.RefuseTwice(t.Context(), clients, what, c.recorded, noPrivateState{}, noPrivateState{}, &diags)
		}
		if diags.WarningsCount() != c.warnings || diags.ErrorsCount() != c.errors {
			t.Errorf("%s: %v", name, diags)
		}
	}
}
