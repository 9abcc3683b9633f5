package hardening

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// TestSurroundings: what other files say about the subject is kept in its lines, through a record too, and nothing that is said about others.
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

// TestSurroundingsThatMayBeAboutTheSubject: rules of a netgroup, of a group of a plug-in and of an alias that only the policy can define are kept, since they may be about the subject.
func TestSurroundingsThatMayBeAboutTheSubject(t *testing.T) {
	t.Parallel()
	for text, kept := range map[string]bool{
		"+admins ALL=(ALL) NOPASSWD: ALL\n": true,
		"Defaults group_plugin=\"group_file.so /etc/sudo.group\"\n%:ops ALL=(ALL) NOPASSWD: ALL\n": true,
		"ADMINS ALL=(ALL) NOPASSWD: ALL\n":                                     true,
		"User_Alias A = bob, B\nUser_Alias B = A, ADMINS\nA ALL=(ALL) ALL\n":   true,
		"User_Alias ADMINS = bob\nADMINS ALL=(ALL) ALL\n":                      false,
		"User_Alias A = ADMINS\nUser_Alias ADMINS = A, bob\nA ALL=(ALL) ALL\n": false,
		"%:ops ALL=(ALL) NOPASSWD: ALL\n":                                      false,
		"Defaults !use_netgroups\n+admins ALL=(ALL) NOPASSWD: ALL\n":           false,
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
