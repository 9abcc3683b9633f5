package hardening

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

var agent = SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n"}

func TestDropInNames(t *testing.T) {
	t.Parallel()
	for name, usable := range map[string]bool{
		"agent": true, "50-agent": true, "a_b": true, "A1": true,
		"agent.bak": false, "agent~": false, ".agent": false, "": false, "a/b": false, "..": false, "-agent": false, "a b": false, "a\nb": false, "ü": false,
		strings.Repeat("a", 128): true, strings.Repeat("a", 129): false,
	} {
		if err := CheckDropInName(name); (err == nil) != usable {
			t.Errorf("CheckDropInName(%q) = %v", name, err)
		}
	}
	if err := CheckDropInName("agent.bak"); !strings.Contains(err.Error(), `"agent-bak"`) {
		t.Errorf("no usable name is suggested: %v", err)
	}
}

// TestPolicyNames: a policy takes no file of audit logging or of an emergency access, which would write it too.
func TestPolicyNames(t *testing.T) {
	t.Parallel()
	for name, usable := range map[string]bool{
		"agent": true, "pvesec": true, "pvesec-auditor": true, "zz-pvesec": true, "agent.bak": false,
		path.Base(AuditLogging{Name: "ops"}.DropInPath()): false, BreakGlassFile("owner"): false,
	} {
		if err := CheckPolicyName(name); (err == nil) != usable {
			t.Errorf("CheckPolicyName(%q) = %v", name, err)
		}
	}
}

func TestObserveFollowsIncludesAndLinks(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.write("pve1", "/etc/sudoers.d/chain", "@include /opt/more\n")
	m.write("pve1", "/opt/more", "@includedir /opt/dir\nagent ALL=/usr/bin/w\n")
	m.write("pve1", "/opt/dir/deep", "agent ALL=(ALL) NOPASSWD: ALL\n")
	m.write("pve1", "/opt/dir/skipped.bak", "agent ALL=/usr/bin/never\n")
	linked := m.files["pve1"]["/opt/more"]
	linked.Content = []byte("agent ALL=/usr/bin/who\n")
	m.files["pve1"]["/etc/sudoers.d/link"] = node.FileState{Exists: true, Type: node.TypeSymlink, LinkTarget: "/opt/linked", Resolved: &linked}
	state := mustObserve(t, agent, m, "pve1")
	got := grantStrings(state.Foreign)
	want := []string{
		"/opt/dir/deep:1: agent ALL=(ALL) NOPASSWD: ALL",
		"/opt/more:2: agent ALL= /usr/bin/w",
		"/etc/sudoers.d/link:1: agent ALL= /usr/bin/who",
	}
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "ALL= ", "ALL=")
		got[i] = strings.ReplaceAll(strings.ReplaceAll(got[i], "ALL= ", "ALL="), "ALL=(root) ", "ALL=")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if state.File.Present {
		t.Error("the policy's own file is not there")
	}
}

func grantStrings(grants []ForeignGrant) []string {
	texts := make([]string, len(grants))
	for i, grant := range grants {
		texts[i] = grant.String()
	}
	return texts
}

func TestGrantsReachASubjectThroughItsGroups(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.write("pve1", "/etc/sudoers.d/groups", "%operators ALL=/usr/bin/who\n%others ALL=/usr/bin/w\n")
	m.accounts["agent"] = node.Account{Exists: true, UID: 1001, GID: 1001, Groups: []string{"agent", "operators"}, GIDs: []int{1001, 1002}}
	foreign := mustObserve(t, agent, m, "pve1").Foreign
	if len(foreign) != 1 || foreign[0].Line != 1 || foreign[0].Removable {
		t.Errorf("got %v", foreign)
	}
}

func TestUnparsableLinesAreReported(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.write("pve1", "/etc/sudoers.d/broken", "agent ALL=(ALL NOPASSWD: ALL\n\x1b[2Jagent ALL=/usr/bin/id\n")
	state := mustObserve(t, agent, m, "pve1")
	if len(state.Problems) == 0 || strings.Contains(strings.Join(state.Problems, ""), "\x1b") {
		t.Errorf("problems %q", state.Problems)
	}
}

func TestTooLargeFilesAreUnknownAndNotSafe(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.files["pve1"]["/etc/sudoers.d/huge"] = node.FileState{Exists: true, Type: node.TypeRegular, Size: 1 << 30, TooLarge: true}
	if _, err := agent.Observe(t.Context(), m, targets("pve1")[0]); err == nil || !strings.Contains(err.Error(), "/etc/sudoers.d/huge") {
		t.Errorf("got %v", err)
	}
}

func TestExclusiveCutsTheSubjectOut(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.write("pve1", "/etc/sudoers", "agent ALL=ALL\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n")
	m.write("pve1", "/etc/sudoers.d/emergency", "# for tonight\nagent ALL=(ALL) NOPASSWD: ALL\n")
	m.write("pve1", "/etc/sudoers.d/shared", "bob, agent ALL=/usr/bin/w\n")
	m.write("pve1", "/etc/sudoers.d/others", "bob ALL=/usr/bin/w\n")
	exclusive := agent
	exclusive.Exclusive = true
	if _, err := exclusive.Install(t.Context(), m, targets("pve1"), nil, map[string]Planned{"pve1": {}}, silent); err != nil {
		t.Fatal(err)
	}
	after := m.files["pve1"]
	if got := string(after["/etc/sudoers"].Content); got != "root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n" {
		t.Errorf("/etc/sudoers is %q", got)
	}
	if _, there := after["/etc/sudoers.d/emergency"]; there {
		t.Error("a file of nothing but comments is left")
	}
	if got := string(after["/etc/sudoers.d/shared"].Content); got != "bob ALL=/usr/bin/w\n" {
		t.Errorf("shared is %q", got)
	}
	if foreign := mustObserve(t, agent, m, "pve1").Foreign; len(foreign) > 0 {
		t.Errorf("still granted: %v", foreign)
	}
	change := m.applied[0]
	for _, file := range change.Files {
		if file.Path == "/etc/sudoers.d/others" {
			t.Error("a file that does not name the subject was touched")
		}
	}
	// What was read is pinned, the policy's own absence included.
	if len(change.Expect) != 4 {
		t.Errorf("expectations %v", change.Expect)
	}
}

func TestInstallLeavesNodesThatAreNoLongerMeant(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1", "pve2")
	m.write("pve2", agent.Path(), agent.Content)
	if _, err := agent.Install(t.Context(), m, targets("pve1"), targets("pve2"), map[string]Planned{"pve2": {File: FileStatus{Present: true, SHA256: Digest(agent.Content)}}}, silent); err != nil {
		t.Fatal(err)
	}
	if _, there := m.files["pve2"][agent.Path()]; there {
		t.Error("pve2 still has the policy")
	}
	if got := string(m.files["pve1"][agent.Path()].Content); got != agent.Content {
		t.Errorf("pve1 has %q", got)
	}
	if removal := m.applied[1]; len(removal.RequireCommands) > 0 || len(removal.Expect) != 1 {
		t.Errorf("the removal needs %v and expects %v", removal.RequireCommands, removal.Expect)
	}
}

func TestSubjectsOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"agent ALL=/usr/bin/id\n":                                         "agent",
		"%ops ALL=/usr/bin/id\n%ops ALL=/usr/bin/w\n":                     "%ops",
		"User_Alias A = agent\nA ALL=/usr/bin/id\n":                       "agent",
		"User_Alias A = B : B = agent\nA ALL=/usr/bin/id\n":               "agent",
		"bob ALL=/usr/bin/id\nagent, %ops ALL=/usr/bin/id\n":              "%ops agent bob",
		"User_Alias A = agent, bob\nA ALL=/usr/bin/id\n":                  "agent bob",
		"User_Alias A = %ops, !bob\nA ALL=/usr/bin/id\n":                  "%ops bob",
		"Defaults use_pty\n":                                              "",
		"agent ALL=(root\n":                                               "",
		"agent, ALL ALL=/usr/bin/id\n":                                    "",
		"agent ALL=/usr/bin/id\nroot ALL=ALL\n":                           "",
		"OPS ALL=/usr/bin/id\n":                                           "",
		"agent, #1000 ALL=/usr/bin/id\n":                                  "",
		"agent, +staff ALL=/usr/bin/id\n":                                 "",
		"User_Alias A = ALL, !bob\nA ALL=/usr/bin/id\nagent ALL=/bin/w\n": "",
	} {
		got, err := SubjectsOf("agent", text)
		if strings.Join(got, " ") != want || (err == nil) != (want != "") {
			t.Errorf("SubjectsOf(%q) = %q, %v", text, got, err)
		}
	}
}
