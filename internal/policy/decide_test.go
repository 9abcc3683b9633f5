package policy

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

var (
	PVE8 = sudoers.PVE8
	PVE9 = sudoers.PVE9
)

// parse gives the tree of a policy that must be accepted.
func parse(t *testing.T, text string) *sudoers.Tree {
	t.Helper()
	f, errs := sudoers.Parse("policy", text, sudoers.Version{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return sudoers.TreeOf(f)
}

func user(name string, uid int, groups ...string) Subject {
	return Subject{Name: name, UID: &uid, GIDs: []int{uid}, Groups: groups}
}

func TestDecisionReasons(t *testing.T) {
	t.Parallel()
	tree := parse(t, "Defaults use_pty, env_keep=\"A B\"\nDefaults:bob noexec\nDefaults:agent env_keep-=A, env_keep+=C\nDefaults!/usr/bin/id log_output\n"+
		"agent ALL=(root) NOPASSWD: /bin/id, /bin/who : ALL=PASSWD: /bin/id x\n")
	d := Decide(tree, Request{Subject: user("agent", 1), Command: "/bin/id"})
	if d.Verdict != Allowed || !d.NoPasswd || d.Tags.LogOutput != sudoers.Yes || d.Tags.NoExec != sudoers.Unset {
		t.Errorf("decision %+v", d)
	}
	if got := d.Rule.Pos.String() + " " + d.Rule.Text; got != "policy:5:28 agent ALL=(root) NOPASSWD: /bin/id" {
		t.Errorf("rule %s", got)
	}
	if d.Settings["use_pty"] != "on" || d.Settings["env_keep"] != "B C" {
		t.Errorf("settings %v", d.Settings)
	}
	if d := Decide(tree, Request{Subject: user("agent", 1), Command: "/bin/id", Args: []string{"x"}}); d.NoPasswd {
		t.Error("PASSWD of the last privilege is not used")
	}
	tree = parse(t, "Defaults !authenticate\nagent ALL=ALL\n")
	if d := Decide(tree, Request{Subject: user("agent", 1), Command: "/x"}); !d.NoPasswd || len(d.Assumptions) == 0 {
		t.Errorf("decision %+v", d)
	}
}
