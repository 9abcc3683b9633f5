package sshd

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
)

func called(name string) *policyModel {
	m := &policyModel{}
	m.Name = types.StringValue(name)
	return m
}

// TestReplaced: the second plan of a policy that gets another name, which is told of no state, takes the place of the
// same policy as the first one. A later plan takes the place of none.
func TestReplaced(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	private := memory{}
	for i, c := range []struct {
		plan, state *policyModel
		want        string
	}{
		{called("a"), nil, ""},          // it is created
		{called("a"), called("a"), ""},  // nothing changes
		{called("b"), called("a"), "a"}, // another name: the first plan
		{called("b"), nil, "a"},         // the second
		{called("b"), called("b"), ""},  // nothing changes
		{called("b"), nil, ""},          // it is tainted
		{called("c"), called("b"), "b"}, // another name, and the plan is not applied
		{called("b"), called("b"), ""},  // nothing changes
		{called("c"), called("b"), "b"}, // another name
		{called("c"), nil, "b"},         //
		{called("c"), nil, ""},          // the apply plans once more, and the old one is gone
	} {
		if got := replaced(t.Context(), c.plan, c.state, private, private, &diags); got != c.want || diags.HasError() {
			t.Errorf("%d: got %q, want %q; %v", i, got, c.want, diags)
		}
	}
}

// TestSayBetween: whom a new name locks out for a moment is a warning that says how to have none.
func TestSayBetween(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{true, false} {
		var diags diag.Diagnostics
		sayBetween(`sshd policy "ops"`, &hardening.SshdLockoutError{Node: "pve1", Who: "somebody", Why: "PermitRootLogin is no", Line: "/etc/ssh/sshd_config:3: permitrootlogin no", Own: own, Removal: true}, &diags)
		if len(diags) != 1 || diags.HasError() {
			t.Fatalf("got %v", diags)
		}
		for _, part := range []string{"pve1", "PermitRootLogin is no", "/etc/ssh/sshd_config:3: permitrootlogin no", "create_before_destroy = true"} {
			if !strings.Contains(diags[0].Detail(), part) {
				t.Errorf("no %q in %s", part, diags[0].Detail())
			}
		}
		if strings.Contains(diags[0].Detail(), "refuses") != own {
			t.Errorf("own %v: %s", own, diags[0].Detail())
		}
	}
}
