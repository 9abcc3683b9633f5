package sshd

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
)

// TestSayLeaving: a removal that keeps pvesec out is an error of the plan, one that keeps out other nodes a warning.
// Both name the node and the line.
func TestSayLeaving(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{true, false} {
		var diags diag.Diagnostics
		sayLeaving(`sshd policy "ops"`, &hardening.SshdLockoutError{Node: "pve1", Who: "somebody", Why: "PermitRootLogin is no", Line: "/etc/ssh/sshd_config:3: permitrootlogin no", Own: own, Removal: true}, &diags)
		if len(diags) != 1 || diags.HasError() != own {
			t.Fatalf("got %v", diags)
		}
		for _, part := range []string{"pve1", "PermitRootLogin is no", "/etc/ssh/sshd_config:3: permitrootlogin no"} {
			if !strings.Contains(diags[0].Detail(), part) {
				t.Errorf("no %q in %s", part, diags[0].Detail())
			}
		}
	}
}

// TestOneAtATime: a policy is judged with the files of all others, so that no two are put onto nodes at once. One that
// is told to stop does not wait.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	done, err := alone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := alone(stopped); err == nil {
		t.Error("two are alone")
	}
	done()
	again, err := alone(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again()
}

// TestSayAwaits: an administrator who comes with the same run is a warning of the attribute.
func TestSayAwaits(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	sayAwaits(&hardening.SshdLockoutError{Node: "pve1", Who: "every one of the administrators carol", Why: "the node has no account carol", Awaits: []string{"carol"}}, &diags)
	if len(diags) != 1 || diags.HasError() || !strings.Contains(diags[0].Summary(), "pve1") || !strings.Contains(diags[0].Detail(), "The node has no account carol.") {
		t.Errorf("got %v", diags)
	}
}
