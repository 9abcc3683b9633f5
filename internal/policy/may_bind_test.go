package policy

import (
	"strings"
	"testing"
)

// TestDoubts: Defaults of ids, groups and netgroups may be the caller's, where it is not known which he has.
func TestDoubts(t *testing.T) {
	t.Parallel()
	uid := 1000
	for _, c := range []struct {
		binding string
		subject Subject
		want    bool
	}{
		{":%admins", Subject{Name: "op"}, true},
		{":%#27", Subject{Name: "op"}, true},
		{":%#27", Subject{Name: "op", Groups: []string{"ops"}}, true},
		{":%#27", Subject{Name: "op", Groups: []string{"ops"}, GIDs: []int{1000}}, false},
		{":%:admins", Subject{Name: "op"}, true},
		{":+staff", Subject{Name: "op"}, true},
		{":+staff", Subject{Name: "op", Netgroups: []string{"other"}}, false},
		{":#1000", Subject{Name: "op"}, true},
		{":#1000", Subject{Name: "op", UID: &uid}, false}, // it is his
		{":#1001", Subject{Name: "op", UID: &uid}, false},
		{":%admins", Subject{Name: "op", Groups: []string{}}, false},
		{":%admins", Subject{Name: "op", Groups: []string{"admins"}}, false}, // it is his
		{":admin", Subject{Name: "op"}, false},
		{":op", Subject{Name: "op"}, false},
		{":ALL", Subject{Name: "op"}, false},
		{":admin", Subject{Name: "%ops"}, true},
		{":root", Subject{Name: "%ops"}, false},
		{":#0", Subject{Name: "op"}, false},
		{":%admins", Subject{Name: "%ops"}, true},
		{":%ops", Subject{Name: "%ops"}, false}, // it is theirs
		{":%admins,!op", Subject{Name: "op"}, false},
		{":!op,%admins", Subject{Name: "op"}, true},
		{":ALL,!%admins", Subject{Name: "op"}, true},
		{":A", Subject{Name: "op"}, true},
		{":!A", Subject{Name: "op"}, false},
		{":%admins,!A", Subject{Name: "op"}, true},
		{":ALL,!A", Subject{Name: "op"}, true},
		{"", Subject{Name: "op"}, false},
		{"@pve1", Subject{Name: "op"}, false},
	} {
		tree := treeOf(t, "User_Alias A = bob, %admins\nDefaults"+c.binding+" setenv\nop ALL=/bin/a\n")
		doubts, tooMany := Doubts(tree, Question{Subject: c.subject})
		if tooMany || (len(doubts) == 1) != c.want || len(doubts) > 1 {
			t.Errorf("%s for %v: %v, want %t", c.binding, c.subject, doubts, c.want)
		}
		without := strings.HasPrefix(c.binding, ":ALL,")
		for _, d := range doubts {
			got := Decide(d.Tree, Request{Subject: c.subject, Command: "/bin/a"}).Settings["setenv"]
			if (got == on) == without || strings.Contains(d.If, "does not hold") != without || !strings.HasPrefix(d.If, "Defaults"+strings.ReplaceAll(c.binding, ",", ", ")+" ") {
				t.Errorf("%s for %v, otherwise: setenv is %q, if %s", c.binding, c.subject, got, d.If)
			}
		}
	}
	if doubts, _ := Doubts(treeOf(t, "Defaults:%admins insults, passwd_tries=3, !authenticate, log_output\nop ALL=/bin/a\n"), op); len(doubts) > 0 {
		t.Errorf("no value of these does harm: %v", doubts)
	}
	if doubts, _ := Doubts(treeOf(t, "Defaults:%a setenv\nDefaults:%b noexec\nDefaults:%a umask=0\nop ALL=/bin/a\n"), op); len(doubts) != 3 {
		t.Errorf("two bindings, and both together: %v", doubts)
	}
}
