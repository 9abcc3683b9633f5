package policy

import (
	"testing"
)

// TestRulesInDoubt: whether a user is in a netgroup or in a group of a plug-in is not known, so a rule of one may be
// his.
func TestRulesInDoubt(t *testing.T) {
	t.Parallel()
	const plugin = "Defaults group_plugin=\"group_file.so /etc/sudo.group\"\n"
	for _, c := range []struct {
		text    string
		subject Subject
		want    string
	}{
		{"+admins ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob", Groups: []string{"bob"}, GIDs: []int{1002}}, "the rule of +admins holds for the caller"},
		{"+admins ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob", Netgroups: []string{}}, ""},
		{"Defaults !use_netgroups\n+admins ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob"}, ""},
		{"+admins, !bob ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob"}, ""},
		{"!bob, +admins ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob"}, "the rule of !bob, +admins holds for the caller"},
		{"User_Alias OPS = carol, +admins\nOPS ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob"}, "the rule of OPS holds for the caller"},
		{plugin + "%:ops ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob", Groups: []string{"bob"}, GIDs: []int{1002}}, "the rule of %:ops holds for the caller"},
		{plugin + "%ops ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob", Groups: []string{"bob"}, GIDs: []int{1002}}, ""},
		{plugin + "Defaults always_query_group_plugin\n%ops ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob", Groups: []string{"bob"}, GIDs: []int{1002}}, "the rule of %ops holds for the caller"},
		{"%:ops ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob", Groups: []string{"bob"}, GIDs: []int{1002}}, ""},
		{"%ops, #1003 ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob"}, ""},
		{"carol ALL=(ALL) NOPASSWD: ALL\n", Subject{Name: "bob"}, ""},
	} {
		tree := treeOf(t, c.text)
		doubts, tooMany := Doubts(tree, Question{Subject: c.subject})
		said := ""
		for _, d := range doubts {
			said += d.If
			if Decide(tree, Request{Subject: c.subject, Command: "/usr/bin/w"}).Verdict == Decide(d.Tree, Request{Subject: c.subject, Command: "/usr/bin/w"}).Verdict {
				t.Errorf("%q for %s: the doubt changes nothing", c.text, c.subject.Name)
			}
		}
		if tooMany || said != c.want {
			t.Errorf("%q for %s: %q, want %q", c.text, c.subject.Name, said, c.want)
		}
	}
	if _, tooMany := Doubts(treeOf(t, "+a ALL=ALL\n+b ALL=ALL\n+c ALL=ALL\n+d ALL=ALL\n+e ALL=ALL\n+f ALL=ALL\n+g ALL=ALL\n+h ALL=ALL\n+i ALL=ALL\n"), Question{Subject: Subject{Name: "bob"}}); !tooMany {
		t.Error("nine netgroups are more than are looked at")
	}
}

// TestRulesThatMayConcern: a rule may be for a subject by what is not known of him, and by every value of the options
// that say how names are compared.
func TestRulesThatMayConcern(t *testing.T) {
	t.Parallel()
	bob := Subject{Name: "bob", Groups: []string{"bob", "staff"}, GIDs: []int{1002, 50}}
	for text, want := range map[string]bool{
		"bob ALL=ALL":                                  true,
		"#1003 ALL=ALL":                                false,
		"%staff ALL=ALL":                               true,
		"%#50 ALL=ALL":                                 true,
		"+admins ALL=ALL":                              true,
		"+admins, !bob ALL=ALL":                        false,
		"!bob, +admins ALL=ALL":                        true,
		"%:ops ALL=ALL":                                true,
		"%ops ALL=ALL":                                 true,
		"%STAFF ALL=ALL":                               true,
		"Bob ALL=ALL":                                  true,
		"ALL, !Bob ALL=ALL":                            true,
		"ALL, !bob ALL=ALL":                            false,
		"ALL, !%staff ALL=ALL":                         false,
		"ALL, !%ops ALL=ALL":                           true,
		"carol ALL=ALL":                                false,
		"User_Alias A = carol, Bob\nA ALL=ALL":         true,
		"Defaults !use_netgroups\n+admins ALL=ALL":     true,
		"Defaults !case_insensitive_user\nBob ALL=ALL": true,
		"Defaults !case_insensitive_group\n%STAFF ALL=ALL": true,
		"Defaults match_group_by_gid\n%STAFF ALL=ALL":      true,
		"User_Alias A = carol, !bob\nA ALL=ALL":            false,
	} {
		tree := treeOf(t, text+"\n")
		if rules := MayConcern(tree, bob); (len(rules) > 0) != want {
			t.Errorf("%q: %d rules may concern him", text, len(rules))
		}
	}
	if rules := MayConcern(treeOf(t, "%ops ALL=ALL\n+ops ALL=ALL\n"), Subject{Name: "root", Netgroups: []string{}}); rules != nil {
		t.Error("root is in no group of a plug-in")
	}
	if rules := MayConcern(treeOf(t, "alice ALL=ALL\n#7 ALL=ALL\n%OPS ALL=ALL\n"), Subject{Name: "%ops"}); len(rules) != 1 {
		t.Errorf("%d rules may concern a group", len(rules))
	}
}
