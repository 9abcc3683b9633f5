package provider

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestForeignFindings: nodes on which the same is found are told together, what the policy itself has is not told again, and an option of another file
// that makes a grant of it dangerous is.
func TestForeignFindings(t *testing.T) {
	t.Parallel()
	p := hardening.SudoersPolicy{Name: "agent", Subject: "agent", Content: "agent ALL=(root) /usr/bin/id\nagent ALL=(root) /usr/bin/env\n"}
	file, errs := sudoers.Parse(p.Path(), p.Content, planVersion)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	own, err := analyseSudoers(file, policy.Subject{Name: p.Subject})
	if err != nil || !own.Root() {
		t.Fatal(own, err)
	}
	const main = "Defaults use_pty, secure_path=/usr/bin\n@includedir /etc/sudoers.d\n"
	on := func(host, version string, files map[string]string) hardening.Surroundings {
		files["/etc/sudoers"] = main + files["/etc/sudoers"]
		return hardening.Surroundings{Host: host, SudoVersion: version, Subject: policy.Subject{Name: "agent"}, Files: files}
	}
	careless := "agent ALL=(root) /usr/bin/less\n"
	found, err := foreignFindings(p, own.Findings, map[string]hardening.Surroundings{
		"a": on("a", "1.9.13p3", map[string]string{}),
		"b": on("b", "1.9.16p2", map[string]string{"/etc/sudoers.d/x": careless}),
		"c": on("c", "1.9.16p2", map[string]string{"/etc/sudoers.d/x": careless}),
		"d": on("d", "1.9.13p3", map[string]string{"/etc/sudoers.d/x": careless, "/etc/sudoers.d/z": "Defaults:agent !env_reset\n"}),
		"e": on("e", "", map[string]string{"/etc/sudoers": "agent other=(root) ALL\n"}), // on another host
	})
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, len(found))
	for i, f := range found {
		got[i] = fmt.Sprintf("%s %s:%d %s %v", f.ID, f.Pos.File, f.Pos.Line, f.Command, f.nodes)
	}
	want := []string{
		"PVESEC-E2306 /etc/sudoers.d/x:1 /usr/bin/less [b c d]",
		"PVESEC-E0006 /etc/sudoers.d/agent:1 /usr/bin/id [d]",
		"PVESEC-E0006 /etc/sudoers.d/agent:2 /usr/bin/env [d]",
		"PVESEC-E0006 /etc/sudoers.d/x:1 /usr/bin/less [d]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestRefusal: an acceptance that is over is told with its reason, and only what nobody ever accepted is to be named.
func TestRefusal(t *testing.T) {
	t.Parallel()
	findings := []escalation.CommandFinding{
		{ID: "PVESEC-E0001", Root: true, About: "one", Pos: sudoers.Pos{Line: 1}}, {ID: "PVESEC-E0002", Root: true, About: "two", Pos: sudoers.Pos{Line: 2}},
		{ID: "PVESEC-E0003", Root: true, About: "three", Pos: sudoers.Pos{Line: 2}}, {ID: "PVESEC-E0007", About: "four", Pos: sudoers.Pos{Line: 2}},
	}
	var diags diag.Diagnostics
	refuseRoot(path.Root("content"), "agent", "first\nsecond", findings, acceptances{
		reasons: map[string]string{"PVESEC-E0001": "fine"}, over: map[string]string{"PVESEC-E0002": "PVESEC-E0002 was accepted until 2001-01-31; the reason given was: for the move"},
	}, &diags)
	if len(diags) != 1 {
		t.Fatal(diags)
	}
	detail := diags[0].Detail()
	for _, want := range []string{"second", "for the move", "accepted_risks = { PVESEC-E0003 = \"why\" }", "accepted_until a later day"} {
		if !strings.Contains(detail, want) {
			t.Errorf("no %q in\n%s", want, detail)
		}
	}
	if strings.Contains(detail, "first") || strings.Contains(detail, "four") {
		t.Errorf("too much:\n%s", detail)
	}
}

// TestAcceptedInAFile: a risk that is accepted in one file is not accepted in the policy itself, nor in another file.
func TestAcceptedInAFile(t *testing.T) {
	t.Parallel()
	accepted := map[string]string{"PVESEC-E0001 in /etc/sudoers": "administrators", "PVESEC-E0002": "anywhere"}
	for _, c := range []struct{ id, file, want string }{
		{"PVESEC-E0001", "/etc/sudoers", "administrators"}, {"PVESEC-E0001", "/etc/sudoers.d/x", ""}, {"PVESEC-E0001", "agent", ""},
		{"PVESEC-E0002", "/etc/sudoers", "anywhere"}, {"PVESEC-E0002", "agent", "anywhere"}, {"PVESEC-E0003", "/etc/sudoers", ""},
	} {
		got, ok := acceptedFor(accepted, escalation.CommandFinding{ID: c.id, Pos: sudoers.Pos{File: c.file}})
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s in %s: %q", c.id, c.file, got)
		}
	}
	for text, fine := range map[string]bool{
		"PVESEC-E0001": true, "PVESEC-E0001 in /etc/sudoers": true, "PVESEC-E9999": false, "PVESEC-E9999 in /etc/sudoers": false,
		"PVESEC-E0001 in sudoers": false, "PVESEC-E0001 in /etc//sudoers": false, "PVESEC-E0001 in ": false, "": false,
	} {
		if err := escalation.CheckSudoRisk(text); (err == nil) != fine {
			t.Errorf("%q: %v", text, err)
		}
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
