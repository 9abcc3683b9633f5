package review

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestForeignFindings: nodes on which the same is found are told together, what the policy itself has is not told
// again, and an option of another file that makes a grant of it dangerous is.
func TestForeignFindings(t *testing.T) {
	t.Parallel()
	p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\nagent ALL=(root) /usr/bin/env\n"}
	own, errs := ParsePolicy(p.Path(), p.Subjects[0], p.Content)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	if analysis := own.Analysis(); !analysis.Root() {
		t.Fatal(analysis)
	}
	const main = "Defaults use_pty, secure_path=/usr/bin\n@includedir /etc/sudoers.d\n"
	on := func(host, version string, files map[string]string) hardening.Surroundings {
		files["/etc/sudoers"] = main + files["/etc/sudoers"]
		return hardening.Surroundings{Host: host, SudoVersion: version, Subjects: []policy.Subject{{Name: "agent"}}, Files: files}
	}
	careless := "agent ALL=(root) /usr/bin/less\n"
	found := ForeignFindings(p, own, map[string]hardening.Surroundings{
		"a": on("a", "1.9.13p3", map[string]string{}),
		"b": on("b", "1.9.16p2", map[string]string{"/etc/sudoers.d/x": careless}),
		"c": on("c", "1.9.16p2", map[string]string{"/etc/sudoers.d/x": careless}),
		"d": on("d", "1.9.13p3", map[string]string{"/etc/sudoers.d/x": careless, "/etc/sudoers.d/z": "Defaults:agent !env_reset\n"}),
		"e": on("e", "", map[string]string{"/etc/sudoers": "agent other=(root) ALL\n"}), // on another host
	})
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

// TestForeignFindingsOfAnotherPolicy: the same text is cut by an exclusive policy on a node where nobody wrote it for
// another one, and stays where somebody did.
func TestForeignFindingsOfAnotherPolicy(t *testing.T) {
	t.Parallel()
	p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n", Exclusive: true}
	own, errs := ParsePolicy(p.Path(), p.Subjects[0], p.Content)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	on := func(policies ...string) hardening.Surroundings {
		return hardening.Surroundings{Host: "a", SudoVersion: "1.9.16p2", Subjects: []policy.Subject{{Name: "agent"}}, Policies: policies, Files: map[string]string{
			"/etc/sudoers": "Defaults use_pty, secure_path=/usr/bin\n@includedir /etc/sudoers.d\n", "/etc/sudoers.d/x": "agent ALL=(root) ALL\n",
		}}
	}
	found := ForeignFindings(p, own, map[string]hardening.Surroundings{"a": on(), "b": on("/etc/sudoers.d/x")})
	if len(found) != 1 || !slices.Equal(found[0].Nodes, []string{"b"}) {
		t.Errorf("found %v, want the grant of another policy on b", found)
	}
}

// TestOneGrantOfEverything: a rule that grants every command is one finding, whatever the policy has beside it.
func TestOneGrantOfEverything(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"agent ALL=(root) /usr/bin/id\n", "Defaults:agent use_pty\n"} {
		p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: content}
		own, errs := ParsePolicy(p.Path(), p.Subjects[0], p.Content)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		around := hardening.Surroundings{Subjects: []policy.Subject{{Name: "agent", Groups: []string{"sudo"}}}, SudoVersion: "1.9.16p2", Files: map[string]string{
			"/etc/sudoers": "Defaults use_pty, env_reset, secure_path=/usr/bin\n%sudo ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
		}}
		found := ForeignFindings(p, own, map[string]hardening.Surroundings{"pve1": around})
		if len(found) != 1 || found[0].ID != "PVESEC-E0001" || FindingRule(found[0].CommandFinding) != "grants every command" || found[0].Pos.Line != 2 {
			t.Errorf("found %v", found)
		}
		if beyond := BeyondOn(p, own, p.Content, around); !beyond.Root || len(beyond.Allowed) == 0 {
			t.Errorf("beyond the policy: %v", beyond)
		}
	}
	all, errs := ParsePolicy("agent", "agent", "agent ALL=(root) /usr/bin/id\nagent ALL=(ALL:ALL) ALL\n")
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	if lines := all.Refused(Acceptances{}).Lines(); len(lines) != 1 {
		t.Errorf("the policy itself: %q", lines)
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
	refused := refusedIn("first\nsecond", findings, Acceptances{
		Reasons: map[string]string{"PVESEC-E0001": "fine"}, Over: map[string]string{"PVESEC-E0002": "PVESEC-E0002 was accepted until 2001-01-31; the reason given was: for the move"},
	})
	detail := refused.Detail("")
	if got, want := refused.Lines(), []string{"PVESEC-E0002 (high): two. Line 2: second", "PVESEC-E0003 (critical): three. Line 2: second"}; !slices.Equal(got, want) {
		t.Errorf("lines: %q, want %q", got, want)
	}
	for _, want := range []string{"second", "for the move", "\"PVESEC-E0003\" = \"why\"", "a later day in accepted_until"} {
		if !strings.Contains(detail, want) {
			t.Errorf("no %q in\n%s", want, detail)
		}
	}
	if strings.Contains(detail, "first") || strings.Contains(detail, "four") {
		t.Errorf("too much:\n%s", detail)
	}
}

// TestEmbeddedKnowledge reads everything that is embedded: what is damaged ends the program.
func TestEmbeddedKnowledge(t *testing.T) {
	t.Parallel()
	if len(StatementNames()) == 0 {
		t.Error("there are no statements")
	}
	text, errs := ParsePolicy("agent", "agent", "agent ALL=(ALL) ALL\n")
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	if analysis := text.Analysis(); !analysis.Root() {
		t.Errorf("ALL is no way to root: %v", analysis)
	}
	for _, statement := range StatementNames() {
		if proof, err := text.ProveNever(statement); err != nil || proof.Verdict != regular.No {
			t.Errorf("%s: %v, %v", statement, proof, err)
		}
	}
}

// TestForeignFindingsOfANetgroup: a rule of a netgroup, and of a group that a plug-in answers for, may be the
// subject's, although nobody can say that it is.
func TestForeignFindingsOfANetgroup(t *testing.T) {
	t.Parallel()
	p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n"}
	own, errs := ParsePolicy(p.Path(), p.Subjects[0], p.Content)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	for text, condition := range map[string]string{
		"+admins ALL=(ALL) NOPASSWD: ALL\n": "the rule of +admins holds for the caller",
		"Defaults group_plugin=\"group_file.so /etc/sudo.group\"\n%:ops ALL=(ALL) NOPASSWD: ALL\n": "the rule of %:ops holds for the caller",
		"%:ops ALL=(ALL) NOPASSWD: ALL\n": "",
	} {
		around := hardening.Surroundings{Subjects: []policy.Subject{{Name: "agent", Groups: []string{"agent"}, GIDs: []int{1001}}}, SudoVersion: "1.9.16p2", Files: map[string]string{
			"/etc/sudoers": "Defaults use_pty, secure_path=/usr/bin\n@includedir /etc/sudoers.d\n", "/etc/sudoers.d/x": text,
		}}
		found := ForeignFindings(p, own, map[string]hardening.Surroundings{"pve1": around})
		got := ""
		if len(found) > 0 && len(found[0].Ways) > 0 {
			got = found[0].Ways[0].Condition
		}
		if len(found) > 1 || got != condition {
			t.Errorf("%q: %v, if %q, want %q", text, found, got, condition)
		}
	}
}
