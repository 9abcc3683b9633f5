package hardening

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestSurroundings: what other files say about the subject is kept in its lines, through a record too, and nothing that
// is said about others.
func TestSurroundings(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.write("pve1", "/etc/sudoers", "# secret remark\nDefaults use_pty\nUser_Alias OPS = agent, bob\nroot ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n")
	m.write("pve1", "/etc/sudoers.d/agent", "agent ALL=/usr/bin/old\n")
	m.write("pve1", "/etc/sudoers.d/shared", "bob ALL=/usr/bin/secret\n\nOPS ALL=/usr/bin/w, \\\n  /usr/bin/who\nagent ALL=/usr/bin/id # why\nbroken ALL=(\n%ops ALL=/usr/bin/last\n")
	m.accounts["agent"] = node.Account{Exists: true, UID: 1001, GID: 1001, Groups: []string{"agent", "ops"}, GIDs: []int{1001, 1002}}
	around := mustObserve(t, agent, m, "pve1").Around
	want := map[string]string{
		"/etc/sudoers":          "\nDefaults use_pty\nUser_Alias OPS = agent, bob\n\n@includedir /etc/sudoers.d\n",
		"/etc/sudoers.d/shared": "\n\nOPS ALL=/usr/bin/w, \\\n  /usr/bin/who\nagent ALL=/usr/bin/id # why\n\n%ops ALL=/usr/bin/last\n",
	}
	if diff := cmp.Diff(want, around.Files); diff != "" {
		t.Error(diff)
	}
	encoded, err := json.Marshal(around)
	if err != nil {
		t.Fatal(err)
	}
	var recorded Surroundings
	if err := json.Unmarshal(encoded, &recorded); err != nil {
		t.Fatal(err)
	}
	grants := func(p SudoersPolicy) string {
		var list []string
		for _, grant := range policy.Grants(recorded.With(p), recorded.Subjects[0]) {
			list = append(list, ForeignGrant{File: grant.Pos.File, Line: grant.Pos.Line, Text: grant.Text}.String())
		}
		return strings.Join(list, "\n")
	}
	all := "/etc/sudoers.d/agent:1: agent ALL=(root) /usr/bin/id\n" +
		"/etc/sudoers.d/shared:3: OPS ALL=/usr/bin/w\n/etc/sudoers.d/shared:4: OPS ALL=/usr/bin/who\n/etc/sudoers.d/shared:5: agent ALL=/usr/bin/id\n/etc/sudoers.d/shared:7: %ops ALL=/usr/bin/last"
	if diff := cmp.Diff(all, grants(agent)); diff != "" {
		t.Error(diff)
	}
	exclusive := agent
	exclusive.Exclusive = true
	cut := "/etc/sudoers.d/agent:1: agent ALL=(root) /usr/bin/id\n" +
		"/etc/sudoers.d/shared:3: OPS ALL=/usr/bin/w\n/etc/sudoers.d/shared:4: OPS ALL=/usr/bin/who\n/etc/sudoers.d/shared:6: %ops ALL=/usr/bin/last"
	if diff := cmp.Diff(cut, grants(exclusive)); diff != "" {
		t.Error(diff)
	}
	if q := recorded.Questions(recorded.With(agent))[0]; q.Host != "" || q.Env.Version.String() != "1.9.16" || q.Subject.UID == nil {
		t.Errorf("the question is %+v", q)
	}
	agent := agent
	agent.Content = "agent pve1=/usr/bin/id\n"
	if q := recorded.Questions(recorded.With(agent))[0]; q.Host != "pve1" {
		t.Errorf("the question is about %q", q.Host)
	}
}

// TestSurroundingsThatMayBeAboutTheSubject: rules of a netgroup, of a group of a plug-in and of an alias that only the
// policy can define are kept, since they may be about the subject.
func TestSurroundingsThatMayBeAboutTheSubject(t *testing.T) {
	t.Parallel()
	for text, kept := range map[string]bool{
		"+admins ALL=(ALL) NOPASSWD: ALL\n": true,
		"Defaults group_plugin=\"group_file.so /etc/sudo.group\"\n%:ops ALL=(ALL) NOPASSWD: ALL\n": true,
		"ADMINS ALL=(ALL) NOPASSWD: ALL\n":                                     true,
		"User_Alias A = bob, B\nUser_Alias B = A, ADMINS\nA ALL=(ALL) ALL\n":   true,
		"User_Alias ADMINS = bob\nADMINS ALL=(ALL) ALL\n":                      false,
		"User_Alias A = ADMINS\nUser_Alias ADMINS = A, bob\nA ALL=(ALL) ALL\n": false,
		"%:ops ALL=(ALL) NOPASSWD: ALL\n":                                      true, // the next text may name a plug-in, or turn netgroups on
		"Defaults !use_netgroups\n+admins ALL=(ALL) NOPASSWD: ALL\n":           true,
		"bob, !%:ops ALL=(ALL) NOPASSWD: ALL\n":                                false,
	} {
		m := newMemoryNodes("pve1")
		m.write("pve1", "/etc/sudoers", "@includedir /etc/sudoers.d\n")
		m.write("pve1", "/etc/sudoers.d/agent", "agent ALL=/usr/bin/old\n") // the next text may define ADMINS
		m.write("pve1", "/etc/sudoers.d/x", text)
		m.accounts["agent"] = node.Account{Exists: true, UID: 1001, GID: 1001, Groups: []string{"agent"}, GIDs: []int{1001}}
		around := mustObserve(t, agent, m, "pve1").Around
		if rule := "ALL=(ALL)"; strings.Contains(around.Files["/etc/sudoers.d/x"], rule) != kept {
			t.Errorf("%q: kept is\n%s", text, around.Files["/etc/sudoers.d/x"])
		}
	}
}

// TestPolicyOpensRulesOfOtherFiles: rules that are nobody's, or not for the subject, become his by the aliases and the
// options of the policy, already in the plan that makes its file.
func TestPolicyOpensRulesOfOtherFiles(t *testing.T) {
	t.Parallel()
	const plugin = "group_plugin=\"group_file.so /etc/sudo.group\""
	for name, c := range map[string]struct{ policy, other string }{
		"an alias":                    {"User_Alias OPS = agent", "OPS ALL=(ALL) ALL"},
		"an alias of an alias":        {"User_Alias OPS = agent", "User_Alias X = bob, OPS\nX ALL=(ALL) ALL"},
		"netgroups":                   {"Defaults:agent use_netgroups", "Defaults !use_netgroups\n+admins ALL=(ALL) ALL"},
		"names in capitals":           {"Defaults:agent case_insensitive_user", "Defaults !case_insensitive_user\nAgent ALL=(ALL) ALL"},
		"a denied name in capitals":   {"Defaults:agent !case_insensitive_user", "ALL, !Agent ALL=(ALL) ALL"},
		"groups in capitals":          {"Defaults:agent case_insensitive_group", "Defaults !case_insensitive_group\n%AGENT ALL=(ALL) ALL"},
		"groups by name":              {"Defaults:agent !match_group_by_gid", "Defaults match_group_by_gid\n%AGENT ALL=(ALL) ALL"},
		"a plug-in":                   {"Defaults:agent " + plugin, "%:ops ALL=(ALL) ALL"},
		"a plug-in for all groups":    {"Defaults:agent " + plugin + ", always_query_group_plugin", "%ops ALL=(ALL) ALL"},
		"a plug-in for more groups":   {"Defaults:agent always_query_group_plugin", "Defaults " + plugin + "\n%ops ALL=(ALL) ALL"},
		"a plug-in behind an alias":   {"Defaults:agent " + plugin, "User_Alias X = bob, %:ops\nX ALL=(ALL) ALL"},
		"a plug-in, and who is not":   {"Defaults:agent " + plugin, "ALL, !%:ops ALL=(ALL) ALL"},
		"a netgroup, and who is not":  {"Defaults:agent !use_netgroups", "ALL, !+admins ALL=(ALL) ALL"},
		"an alias, and who is not it": {"User_Alias OPS = bob", "ALL, !agent, OPS ALL=(ALL) ALL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := "/etc/sudoers.d/00" // what the policy says comes later, and counts
			if strings.HasPrefix(name, "an alias") {
				file = "/etc/sudoers.d/zz"
			}
			m := newMemoryNodes("pve1")
			m.write("pve1", "/etc/sudoers", "@includedir /etc/sudoers.d\n")
			m.write("pve1", file, c.other+"\n")
			m.accounts["agent"] = node.Account{Exists: true, UID: 1001, GID: 1001, Groups: []string{"agent"}, GIDs: []int{1001}}
			next := agent
			next.Content = c.policy + "\nagent ALL=/usr/bin/id\n"
			around := mustObserve(t, next, m, "pve1").Around
			if !strings.Contains(around.Files[file], "ALL=(ALL)") {
				t.Errorf("kept is\n%s", around.Files[file])
			}
			if strings.HasPrefix(name, "an alias, and") {
				return // it is bob's
			}
			tree := around.With(next)
			doubts, _ := policy.Doubts(tree, around.Questions(tree)[0])
			trees := []*sudoers.Tree{tree}
			for _, doubt := range doubts {
				trees = append(trees, doubt.Tree)
			}
			his := func(tree *sudoers.Tree) bool {
				return slices.ContainsFunc(policy.Grants(tree, around.Subjects[0]), func(g policy.Grant) bool { return g.Pos.File == file })
			}
			if !slices.ContainsFunc(trees, his) {
				t.Error("the rule is not judged as his")
			}
		})
	}
}

// TestPolicyOpensRulesOfOthers: an alias that other files use and none of them defines is told, where the policy
// defines it otherwise than before.
func TestPolicyOpensRulesOfOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ earlier, policy, other, opened string }{
		"commands":                    {"", "Cmnd_Alias OPS = ALL", "bob ALL=(root) OPS", "Cmnd_Alias OPS by zz:1"},
		"commands, in two lines":      {"", "Cmnd_Alias OPS = ALL", "bob ALL=(root) OPS\n\ncarol ALL=(root) OPS, !OPS", "Cmnd_Alias OPS by zz:1 zz:3"},
		"accounts":                    {"", "Runas_Alias OPS = ALL", "bob ALL=(OPS) ALL", "Runas_Alias OPS by zz:1"},
		"groups":                      {"", "Runas_Alias OPS = ALL", "bob ALL=(:OPS) ALL", "Runas_Alias OPS by zz:1"},
		"hosts":                       {"", "Host_Alias OPS = ALL", "bob OPS=(root) ALL", "Host_Alias OPS by zz:1"},
		"users":                       {"", "User_Alias OPS = bob", "OPS ALL=(root) ALL", "User_Alias OPS by zz:1"},
		"options":                     {"", "Cmnd_Alias OPS = ALL", "Defaults!OPS !authenticate", "Cmnd_Alias OPS by zz:1"},
		"an alias of theirs":          {"", "Cmnd_Alias OPS = ALL", "Cmnd_Alias X = OPS\nbob ALL=(root) X", "Cmnd_Alias OPS by zz:1"},
		"another kind":                {"", "User_Alias OPS = agent", "bob ALL=(root) OPS", ""},
		"defined there":               {"", "Cmnd_Alias OPS = ALL", "Cmnd_Alias OPS = /usr/bin/w\nbob ALL=(root) OPS", ""},
		"not defined":                 {"", "Cmnd_Alias OPSX = ALL", "bob ALL=(root) OPS", ""},
		"as before":                   {"Cmnd_Alias OPS = /usr/bin/w # why", "Cmnd_Alias OPS =   /usr/bin/w", "bob ALL=(root) OPS", ""},
		"more than before":            {"Cmnd_Alias OPS = /usr/bin/w", "Cmnd_Alias OPS = /usr/bin/w, ALL", "bob ALL=(root) OPS", "Cmnd_Alias OPS by zz:1"},
		"more than before, elsewhere": {"Cmnd_Alias OPS = MORE : MORE = /usr/bin/w", "Cmnd_Alias OPS = MORE : MORE = ALL", "bob ALL=(root) OPS", "Cmnd_Alias OPS by zz:1"},
		"taken away":                  {"Cmnd_Alias OPS = /usr/bin/w", "", "bob ALL=(root) OPS", ""},
		"a policy of ours":            {"", "Cmnd_Alias OPS = ALL", "# " + PolicyHeader("zz") + "\nbob ALL=(root) OPS", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemoryNodes("pve1")
			m.write("pve1", "/etc/sudoers", "@includedir /etc/sudoers.d\n")
			m.write("pve1", agent.Path(), c.earlier+"\n")
			m.write("pve1", "/etc/sudoers.d/zz", c.other+"\n")
			next := agent
			next.Content = c.policy + "\nagent ALL=/usr/bin/id\n"
			var said []string
			for _, opened := range mustObserve(t, next, m, "pve1").Around.Opened(next, c.earlier) {
				said = append(said, opened.Alias+" by "+strings.ReplaceAll(strings.Join(opened.At, " "), sudoersDir+"/", ""))
			}
			if got := strings.Join(said, "; "); got != c.opened {
				t.Errorf("opened is %q, want %q", got, c.opened)
			}
			if left := mustObserve(t, next, m, "pve1").Around.Left(next, c.earlier); len(left) > 0 != (name == "taken away") {
				t.Errorf("left is %v", left)
			}
		})
	}
}
