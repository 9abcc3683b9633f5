package review

import (
	"fmt"
	"slices"
	"strings"
	"testing"

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
	file, errs := sudoers.Parse(p.Path(), p.Content, PlanVersion)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	own := Analyse(file, policy.Subject{Name: p.Subject}, nil)
	if !own.Root() {
		t.Fatal(own)
	}
	const main = "Defaults use_pty, secure_path=/usr/bin\n@includedir /etc/sudoers.d\n"
	on := func(host, version string, files map[string]string) hardening.Surroundings {
		files["/etc/sudoers"] = main + files["/etc/sudoers"]
		return hardening.Surroundings{Host: host, SudoVersion: version, Subject: policy.Subject{Name: "agent"}, Files: files}
	}
	careless := "agent ALL=(root) /usr/bin/less\n"
	found, err := ForeignFindings(p, own.Findings, nil, map[string]hardening.Surroundings{
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
		got[i] = fmt.Sprintf("%s %s:%d %s %v", f.ID, f.Pos.File, f.Pos.Line, f.Command, f.Nodes)
	}
	want := []string{
		"PVESEC-E2306 /etc/sudoers.d/x:1 /usr/bin/less [b c d]",
		"PVESEC-E0006 /etc/sudoers.d/agent:1  [d]",
		"PVESEC-E0006 /etc/sudoers.d/x:1  [d]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
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
		f := escalation.CommandFinding{Place: escalation.Place{Pos: sudoers.Pos{File: c.file}}}
		got, ok := AcceptedFor(accepted, f, escalation.Way{ID: c.id})
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
