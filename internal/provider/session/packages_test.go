package session

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
)

// TestLacksStay: what one resource has installed meanwhile is still what another one was planned with in the same run,
// and nothing else is.
func TestLacksStay(t *testing.T) {
	t.Parallel()
	h := &Holdings{}
	for i, step := range []struct {
		node           string
		seen, of, want []string
	}{
		{"pve1", []string{"sudo"}, []string{"sudo"}, []string{"sudo"}},
		{"pve1", nil, []string{"logrotate", "sudo"}, []string{"sudo"}},
		{"pve1", []string{"rsyslog"}, []string{"rsyslog"}, []string{"rsyslog"}},
		{"pve2", nil, []string{"rsyslog", "sudo"}, nil},
	} {
		if got := h.lacks(step.node, step.seen, step.of); !slices.Equal(got, step.want) {
			t.Errorf("%d: %q, want %q", i, got, step.want)
		}
	}
}

// TestWarnsOfMissingOnce: nodes that lack the same are told of together.
func TestWarnsOfMissingOnce(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	warnOfMissing("sudoers policy \"agent\"", lists{"pve3": {"sudo"}, "pve1": {"sudo"}, "pve2": {"rsyslog", "sudo"}, "pve4": nil}, &diags)
	if len(diags) != 2 || diags[0].Summary() != "Missing packages on pve2: rsyslog, sudo" || diags[1].Summary() != "Missing packages on pve1, pve3: sudo" {
		t.Errorf("%v", diags)
	}
}

// TestPackagesAfterApply: what the plan left open is what was installed, with what was installed before; what it knew
// stays.
func TestPackagesAfterApply(t *testing.T) {
	t.Parallel()
	before := &Placed{InstalledPackages: lists{"pve1": {"sudo"}}.value()}
	open := &Placed{}
	open.OpenPackages()
	var diags diag.Diagnostics
	open.settlePackages(t.Context(), before, lists{"pve1": {"rsyslog"}, "pve2": {"sudo"}}, &diags)
	want := lists{"pve1": {"rsyslog", "sudo"}, "pve2": {"sudo"}}.value()
	if !open.MissingPackages.IsNull() || !open.InstalledPackages.Equal(want) {
		t.Errorf("missing %s, installed %s", open.MissingPackages, open.InstalledPackages)
	}
	known := &Placed{MissingPackages: types.MapNull(values.StringListType), InstalledPackages: want}
	known.settlePackages(t.Context(), nil, lists{}, &diags)
	if !known.InstalledPackages.Equal(want) || diags.HasError() {
		t.Errorf("%s %v", known.InstalledPackages, diags)
	}
}
