package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestCandidates: every rule that matched the command and lost, with the reason.
func TestCandidates(t *testing.T) {
	t.Parallel()
	file, errs := sudoers.Parse("p", `bob ALL = /usr/bin/id
agent other = /usr/bin/id
agent ALL = NOTAFTER=20200101000000Z /usr/bin/id
agent ALL = (www-data) /usr/bin/id, /usr/bin/ls
agent ALL = (root) !/usr/bin/id
agent ALL = (root) /usr/bin/
`, sudoers.PVE9)
	if errs.Err() != nil {
		t.Fatal(errs)
	}
	d := Decide(sudoers.TreeOf(file), Request{
		Subject: Subject{Name: "agent"}, Host: "pve1", Command: "/usr/bin/id", Candidates: true, Env: Debian(sudoers.PVE9),
		Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	var got []Reason
	for _, c := range d.Candidates {
		got = append(got, c.Why)
	}
	want := []Reason{OtherUser, OtherHost, OtherTime, OtherTarget, LaterDecides}
	if !slices.Equal(got, want) || d.Verdict != Allowed || d.Rule.Pos.Line != 6 || !d.Candidates[4].Negated {
		t.Errorf("%s by %v, candidates %+v", d.Verdict, d.Rule, d.Candidates)
	}
	if text := d.Candidates[3].Text; text != "agent ALL=(www-data) /usr/bin/id" {
		t.Errorf("text %q", text)
	}
}

// TestAssumptions: what the answer takes for given is named where it matters.
func TestAssumptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ policy, want string }{
		{"+ops ALL = ALL", "in the netgroups that"}, {"a +pves = ALL", "the node is in no netgroup"},
		{"a ALL = /bin/id, !/lib32/x", "/lib32 is a link"}, {"a ALL = /usr/lib32/x", "/lib32 is a link"}, {"%:ops ALL = ALL", "no group plug-in"}, {"a ALL = INTERCEPT: ALL", "INTERCEPT refuses"},
	} {
		file, _ := sudoers.Parse("p", tt.policy+"\n", sudoers.PVE9)
		has := func(f *sudoers.File) bool {
			d := Decide(sudoers.TreeOf(f), Request{Subject: Subject{Name: "a"}, Command: "/bin/id"})
			return strings.Contains(strings.Join(d.Assumptions, "\n"), tt.want)
		}
		plain, _ := sudoers.Parse("p", "a ALL = ALL\n", sudoers.PVE9)
		if !has(file) || has(plain) {
			t.Errorf("%s: %q is missing, or there without need", tt.policy, tt.want)
		}
	}
}
