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
