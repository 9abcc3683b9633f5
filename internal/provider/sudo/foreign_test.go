package sudo

import (
	"slices"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// TestRootToday: a way to root through another file is said of today, also where the apply is about to take it away.
func TestRootToday(t *testing.T) {
	t.Parallel()
	p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n", Exclusive: true}
	on := func(grant string) *hardening.SudoersState {
		return &hardening.SudoersState{
			Foreign: []hardening.ForeignGrant{{File: "/etc/sudoers.d/x", Line: 1, Text: grant, Removable: true}},
			Around: hardening.Surroundings{Subjects: []policy.Subject{{Name: "agent"}}, SudoVersion: "1.9.16p2", Files: map[string]string{
				"/etc/sudoers": "Defaults use_pty, secure_path=/usr/bin\n@includedir /etc/sudoers.d\n", "/etc/sudoers.d/x": grant + "\n",
			}},
		}
	}
	var diags diag.Diagnostics
	text, errs := review.ParsePolicy(p.Path(), p.Subjects[0], p.Content)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	own := func(content string) *hardening.SudoersState {
		found := on("Defaults !lecture")
		found.Foreign, found.Content, found.File.Present = nil, content, true
		return found
	}
	warnOfToday(p, newBeyondReader(p.Tolerant(), text), map[string]*hardening.SudoersState{
		"pve1": on("agent ALL=(root) /usr/sbin/qm set *"), "pve2": on("agent ALL=(root) /usr/bin/uptime"), "pve3": {}, "pve4": on("agent ALL=(root) /usr/bin/uptime"),
		"pve5": own("agent ALL=(ALL) NOPASSWD: ALL\n" + p.Content), "pve6": own(p.Content + "agent ALL=(root) /usr/bin/uptime\n"), "pve7": own("# another form\nagent ALL = (root) /usr/bin/id\n"),
		"pve8": own("agent ALL=(root) !/usr/bin/id\n"), "pve9": own("agent ALL=(ALL) NOPASSWD: ALL\n" + p.Content),
		"pvea": {Unreached: []hardening.Unreached{{Subject: "agent", Why: "has no account"}}}, "pveb": {Unreached: []hardening.Unreached{{Subject: "agent", Why: "has no account"}}},
		"pvec": {Unreached: []hardening.Unreached{{Subject: "agent", Why: "has no account"}}},
	}, func(string, bool) string { return "" }, func(subject, node string) bool { return subject == "agent" && node == "pvec" }, &diags)
	var got []string
	for _, d := range diags {
		got = append(got, d.Summary())
	}
	if want := []string{"agent is root on pve1 today", "agent has other sudo grants on pve2, pve4", "agent is root on pve5, pve9 today", "agent may do more on pve6 than the policy allows", "agent has no account on pvea, pveb"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
