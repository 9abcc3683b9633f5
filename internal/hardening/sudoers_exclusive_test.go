package hardening

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestExclusiveCutsWhatThePlanShowed: a grant that appeared after the plan is nobody's decision; one that is gone
// already is no trouble.
func TestExclusiveCutsWhatThePlanShowed(t *testing.T) {
	t.Parallel()
	const shown, late = "/etc/sudoers.d/shown:1: agent ALL=/usr/bin/w", "/etc/sudoers.d/late:1: agent ALL=(ALL) NOPASSWD: ALL"
	for name, c := range map[string]struct {
		cuts    []string
		refused string
	}{
		"as planned":           {[]string{shown, late, "/etc/sudoers.d/gone:1: agent ALL=(root) /usr/bin/id"}, ""},
		"one appeared":         {[]string{shown}, late},
		"none was seen":        {[]string{}, late},
		"the plan cannot tell": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemoryNodes("pve1", "pve2", "pve3")
			for _, node := range []string{"pve1", "pve3"} {
				m.write(node, "/etc/sudoers.d/shown", "agent ALL=/usr/bin/w\n")
				m.write(node, "/etc/sudoers.d/late", "agent ALL=(ALL) NOPASSWD: ALL\n")
			}
			exclusive := agent
			exclusive.Exclusive = true
			removed, err := exclusive.Install(t.Context(), m, targets("pve1", "pve2", "pve3"), nil, map[string]Planned{"pve1": {Cuts: c.cuts}, "pve2": {}, "pve3": {Cuts: c.cuts}}, silent)
			if c.refused == "" {
				slices.Sort(removed["pve1"])
				if err != nil || !slices.Equal(removed["pve1"], []string{late, shown}) {
					t.Errorf("removed %q, %v", removed, err)
				}
				return
			}
			var unplanned *UnplannedCutError
			if !errors.As(err, &unplanned) || unplanned.Node != "pve1" || !strings.Contains(err.Error(), c.refused) || !strings.Contains(err.Error(), "node pve3") || strings.Contains(err.Error(), "pve2") {
				t.Errorf("got %v", err)
			}
			if len(m.applied) > 0 {
				t.Errorf("changed %v", m.applied)
			}
		})
	}
}

// TestExclusiveLiftsNoDenial: what holds the subject back stays, or is said where it cannot.
func TestExclusiveLiftsNoDenial(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files   map[string]string
		kept    string
		refused bool
	}{
		"a line of denials stays": {map[string]string{"denials": "agent ALL=!/usr/bin/su\n", "group": "ALL ALL=/usr/bin/su\n"}, "denials", false},
		"a line of both, and a grant by another": {
			map[string]string{"denials": "agent ALL=/usr/bin/w, !/usr/bin/su\n", "group": "ALL ALL=/usr/bin/su\n"}, "denials", true,
		},
		"a line of both, alone": {map[string]string{"both": "agent ALL=ALL, !/usr/bin/su\n"}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemoryNodes("pve1")
			for file, text := range c.files {
				m.write("pve1", "/etc/sudoers.d/"+file, text)
			}
			exclusive := agent
			exclusive.Exclusive = true
			_, err := exclusive.Install(t.Context(), m, targets("pve1"), nil, map[string]Planned{"pve1": {}}, silent)
			if (err != nil) != c.refused || err != nil && !strings.Contains(err.Error(), "would lift the denial /etc/sudoers.d/denials:1: agent ALL=!/usr/bin/su") {
				t.Errorf("got %v", err)
			}
			for file, text := range c.files {
				if _, there := m.files["pve1"]["/etc/sudoers.d/"+file]; there != (c.kept != "" || err != nil) && file != "group" {
					t.Errorf("%s (%q) is there: %v", file, text, there)
				}
			}
		})
	}
}

// TestExclusiveGivesNothing: to remove a line must not give more by what others say. Only what would is refused.
func TestExclusiveGivesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files   map[string]string
		refused string
	}{
		"a denial by an alias": {
			map[string]string{"a": "ALL ALL=ALL\n", "b": "Cmnd_Alias TOOLS=/usr/bin/w, !/usr/bin/su\nagent ALL=TOOLS\n"}, "sudo /usr/bin/su, by /etc/sudoers.d/a:1: ALL ALL=ALL",
		},
		"a password": {map[string]string{"a": "ALL ALL=NOPASSWD: /usr/bin/w\n", "b": "agent ALL=PASSWD: /usr/bin/w\n"}, "nopasswd"},
		"NOEXEC":     {map[string]string{"a": "ALL ALL=/usr/bin/vi\n", "b": "agent ALL=NOEXEC: /usr/bin/vi\n"}, "noexec"},
		"less":       {map[string]string{"a": "ALL ALL=PASSWD: /usr/bin/w\n", "b": "agent ALL=NOPASSWD: /usr/bin/w, /usr/bin/su\n"}, ""},
		"its own policy is no other": {
			map[string]string{"b": "Cmnd_Alias TOOLS=/usr/bin/w, !/usr/bin/id\nagent ALL=TOOLS\n"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemoryNodes("pve1")
			for file, text := range c.files {
				m.write("pve1", "/etc/sudoers.d/"+file, text)
			}
			exclusive := agent
			exclusive.Exclusive = true
			_, err := exclusive.Install(t.Context(), m, targets("pve1"), nil, map[string]Planned{"pve1": {}}, silent)
			if c.refused == "" && err != nil || c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestExclusiveLeavesPolicies: files of other policies of pvesec, by their header or by name, are not cut. A header of
// another name is no proof.
func TestExclusiveLeavesPolicies(t *testing.T) {
	t.Parallel()
	const rule = "agent ALL=/usr/bin/w\n"
	m := newMemoryNodes("pve1")
	m.write("pve1", "/etc/sudoers.d/other", "# "+PolicyHeader("other")+"\n"+rule)
	m.write("pve1", "/etc/sudoers.d/byhand", rule)
	m.write("pve1", "/etc/sudoers.d/forged", "# "+PolicyHeader("other")+"\n"+rule)
	m.write("pve1", "/etc/sudoers.d/stranger", rule)
	exclusive := agent
	exclusive.Exclusive, exclusive.SharedWith = true, []string{"byhand"}
	before, err := exclusive.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, grant := range before.Foreign {
		name := strings.TrimPrefix(grant.File, "/etc/sudoers.d/")
		if mine := name == "other" || name == "byhand"; grant.Removable == mine || (grant.Policy == "other") != (name == "other") || grant.Shared != (name == "byhand") {
			t.Errorf("%+v", grant)
		}
	}
	planned := exclusive
	planned.Content = "agent ALL=(root) /usr/bin/id\n"
	for name, left := range map[string]bool{"other": true, "byhand": true, "forged": false, "stranger": false} {
		found := slices.ContainsFunc(before.Around.With(planned).Files, func(f *sudoers.File) bool {
			return f.Name == "/etc/sudoers.d/"+name && strings.Contains(f.Text, "/usr/bin/w")
		})
		if found != left {
			t.Errorf("the plan has the rule of %s: %v", name, found)
		}
	}
	removed, err := exclusive.Install(t.Context(), m, targets("pve1"), nil, map[string]Planned{"pve1": {}}, silent)
	slices.Sort(removed["pve1"])
	if err != nil || !slices.Equal(removed["pve1"], []string{"/etc/sudoers.d/forged:2: agent ALL=/usr/bin/w", "/etc/sudoers.d/stranger:1: agent ALL=/usr/bin/w"}) {
		t.Errorf("removed %q, %v", removed, err)
	}
}
