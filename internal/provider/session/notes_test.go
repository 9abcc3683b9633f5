package session

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// noters are nodes that note something at each change.
type noters map[string]string

func (noters) Observe(context.Context, node.Target, node.Query) (*node.Observation, error) {
	return nil, nil
}

func (n noters) Apply(_ context.Context, changes []node.Change, _ func(node, step string)) error {
	for _, change := range changes {
		if text := n[change.Target.Name]; text != "" {
			change.Noted(text)
		}
	}
	return nil
}

func (noters) Operator() (name string, password bool) { return "pvesec", true }

// TestNotesAreWarnings: what nodes note is a warning that names all that say the same, also when they install packages,
// and the nodes stay what they are otherwise.
func TestNotesAreWarnings(t *testing.T) {
	t.Parallel()
	var noted notes
	nodes := hardening.InstallingPackages(noted.on(noters{"pve1": "the home /home/op stays", "pve3": "the home /home/op stays", "pve2": "sudo says nothing"}), nil)
	changes := []node.Change{{Target: node.Target{Name: "pve3"}}, {Target: node.Target{Name: "pve2"}}, {Target: node.Target{Name: "pve1"}}, {Target: node.Target{Name: "pve4"}}}
	if err := nodes.Apply(t.Context(), changes, nil); err != nil {
		t.Fatal(err)
	}
	operator, is := nodes.(hardening.Operator)
	if !is {
		t.Fatal("nobody knows the user")
	}
	if name, password := operator.Operator(); name != "pvesec" || !password {
		t.Errorf("the user that the nodes know is %s, %t", name, password)
	}
	var diags diag.Diagnostics
	noted.warn(`account "op"`, &diags)
	if len(diags) != 2 || diags.HasError() || diags[0].Summary() != `The change of account "op" left something to look at on pve2` || diags[1].Summary() != `The change of account "op" left something to look at on pve1, pve3` ||
		diags[1].Detail() != "The home /home/op stays." {
		t.Errorf("%v", diags)
	}
}

// TestAsPlanned: an entry that could not be read back keeps all that the plan knew. Terraform would call anything else
// a bug of the provider.
func TestAsPlanned(t *testing.T) {
	t.Parallel()
	shape := map[string]attr.Type{"uid": types.Int64Type, "groups": types.SetType{ElemType: types.StringType}, "comment": types.StringType}
	entry := func(uid types.Int64, groups types.Set, comment string) types.Object {
		return types.ObjectValueMust(shape, map[string]attr.Value{"uid": uid, "groups": groups, "comment": types.StringValue(comment)})
	}
	none := types.SetValueMust(types.StringType, nil)
	unread := types.ObjectNull(shape)
	open := types.SetValueMust(types.StringType, []attr.Value{types.StringUnknown()})
	for name, c := range map[string]struct {
		planned             attr.Value
		installed, expected types.Object
	}{
		"some known":     {entry(types.Int64Value(1001), open, "x"), entry(types.Int64Null(), none, "x"), entry(types.Int64Value(1001), none, "x")},
		"nothing found":  {entry(types.Int64Value(1001), open, "x"), unread, entry(types.Int64Value(1001), types.SetNull(types.StringType), "x")},
		"nothing known":  {types.ObjectUnknown(shape), entry(types.Int64Null(), none, "x"), entry(types.Int64Null(), none, "x")},
		"a node is new":  {nil, entry(types.Int64Null(), none, "x"), entry(types.Int64Null(), none, "x")},
		"nothing before": {types.ObjectNull(shape), entry(types.Int64Null(), none, "x"), entry(types.Int64Null(), none, "x")},
	} {
		if got := asPlanned(c.planned, c.installed); !got.Equal(c.expected) {
			t.Errorf("%s: %v, want %v", name, got, c.expected)
		}
	}
}
