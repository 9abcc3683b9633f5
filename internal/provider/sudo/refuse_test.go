package sudo

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestRefusal: an acceptance that is over is told with its reason, and only what nobody ever accepted is to be named.
func TestRefusal(t *testing.T) {
	t.Parallel()
	found := func(id string, severity escalation.Severity, does string, line int) escalation.CommandFinding {
		w := escalation.Way{ID: id, Severity: severity, Does: does}
		return escalation.CommandFinding{Way: w, Ways: []escalation.Way{w}, Place: escalation.Place{Pos: sudoers.Pos{Line: line}}}
	}
	findings := []escalation.CommandFinding{
		found("PVESEC-E0001", escalation.High, "one", 1), found("PVESEC-E0002", escalation.High, "two", 2),
		found("PVESEC-E0003", escalation.Critical, "three", 2), found("PVESEC-E0007", escalation.Medium, "four", 2),
	}
	var diags diag.Diagnostics
	refuseRoot(path.Root("content"), "agent", "first\nsecond", findings, review.Acceptances{
		Reasons: map[string]string{"PVESEC-E0001": "fine"}, Over: map[string]string{"PVESEC-E0002": "PVESEC-E0002 was accepted until 2001-01-31; the reason given was: for the move"},
	}, false, &diags)
	if len(diags) != 1 {
		t.Fatal(diags)
	}
	detail := diags[0].Detail()
	for _, want := range []string{"second", "for the move", "\"PVESEC-E0003\" = \"why\"", "a later day in accepted_until"} {
		if !strings.Contains(detail, want) {
			t.Errorf("no %q in\n%s", want, detail)
		}
	}
	if strings.Contains(detail, "first") || strings.Contains(detail, "four") {
		t.Errorf("too much:\n%s", detail)
	}
}

// TestRootToday: a way to root through another file is said of today, also where the apply is about to take it away.
func TestRootToday(t *testing.T) {
	t.Parallel()
	p := hardening.SudoersPolicy{Name: "agent", Subject: "agent", Content: "agent ALL=(root) /usr/bin/id\n", Exclusive: true}
	on := func(grant string) *hardening.SudoersState {
		return &hardening.SudoersState{
			Foreign: []hardening.ForeignGrant{{File: "/etc/sudoers.d/x", Line: 1, Text: grant, Removable: true}},
			Around: hardening.Surroundings{Subject: policy.Subject{Name: "agent"}, SudoVersion: "1.9.16p2", Files: map[string]string{
				"/etc/sudoers": "Defaults use_pty, secure_path=/usr/bin\n@includedir /etc/sudoers.d\n", "/etc/sudoers.d/x": grant + "\n",
			}},
		}
	}
	var diags diag.Diagnostics
	warnOfForeign(p, escalation.Analysis{}, map[string]*hardening.SudoersState{
		"pve1": on("agent ALL=(root) /usr/sbin/qm set *"), "pve2": on("agent ALL=(root) /usr/bin/uptime"), "pve3": {},
	}, &diags)
	var got []string
	for _, d := range diags {
		got = append(got, d.Summary())
	}
	if want := []string{"agent is root on pve1 today", "agent has other sudo grants on pve2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
