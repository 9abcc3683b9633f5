package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

const shared = `# top
User_Alias OPS = agent, bob
Cmnd_Alias EVERYTHING = /bin/x, ALL : NOTHING = ALL, !ALL
agent ALL=(root) NOPASSWD: /usr/sbin/qm start 100, !/bin/id : pve1=(www-data) ALL # mine
bob, agent ALL=/bin/a
agent, \
 bob ALL=/bin/b
bob, agent, carol, AGENT ALL=/bin/c
OPS ALL=EVERYTHING
%admin ALL=NOTHING
ALL, !agent ALL=ALL
ALL ALL=(ALL) ALL
dave ALL=ALL
`

func TestGrants(t *testing.T) {
	t.Parallel()
	s := user("agent", 1001, "admin")
	var got []string
	for _, g := range Grants(parse(t, shared), s) {
		line := string(g.Users) + " " + g.By + ": " + g.Text
		if g.Exact {
			line += " [exact]"
		}
		if g.Unrestricted() {
			line += " [root]"
		}
		got = append(got, line)
	}
	want := []string{
		"direct agent: agent ALL=(root) NOPASSWD: /usr/sbin/qm start 100 [exact]",
		"direct agent: agent ALL=(root) NOPASSWD: !/bin/id [exact]",
		"direct agent: agent pve1=(www-data) ALL [exact]",
		"direct agent: bob, agent ALL=/bin/a",
		"direct agent: agent, bob ALL=/bin/b",
		"direct AGENT: bob, agent, carol, AGENT ALL=/bin/c",
		"alias OPS: OPS ALL=EVERYTHING [root]",
		"group %admin: %admin ALL=NOTHING",
		"all ALL: ALL ALL=(ALL) ALL [root]",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got:\n%s\nwant:\n%s", g, w)
	}
	group := Grants(parse(t, shared), Subject{Name: "%admin"})
	if len(group) != 3 || group[0].Users != MatchDirect || !group[0].Exact || group[1].Users != MatchAll {
		t.Errorf("grants of a group: %v", group)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	f, errs := sudoers.Parse("policy", shared, sudoers.Version{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	text, removed, kept := Remove(f, shared, user("agent", 1001, "admin"))
	want := `# top
User_Alias OPS = agent, bob
Cmnd_Alias EVERYTHING = /bin/x, ALL : NOTHING = ALL, !ALL
bob ALL=/bin/a
bob ALL=/bin/b
bob, carol ALL=/bin/c
OPS ALL=EVERYTHING
%admin ALL=NOTHING
ALL, !agent ALL=ALL
ALL ALL=(ALL) ALL
dave ALL=ALL
`
	if text != want {
		t.Errorf("got:\n%s", text)
	}
	if len(removed) != 6 || len(kept) != 3 || kept[0].Users != MatchAlias {
		t.Errorf("removed %d, kept %d", len(removed), len(kept))
	}
}

// A file with errors elsewhere can still be mended; what cannot be cut is kept.
func TestRemoveFromOddFiles(t *testing.T) {
	t.Parallel()
	agent := user("agent", 1001)
	for _, tc := range []struct {
		rule, text, want string
		removed, kept    int
	}{
		{"an error elsewhere", "oops\nagent ALL=ALL\nb ALL=ALL", "oops\nb ALL=ALL", 1, 0},
		{"no newline at the end", "b ALL=ALL\nagent ALL=ALL", "b ALL=ALL\n", 1, 0},
		{"the id of the user", "#1001 ALL=ALL\n", "", 1, 0},
		{"twice the same", "agent, agent ALL=ALL\n", "", 1, 0},
		{"nothing to do", "b ALL=ALL\n", "b ALL=ALL\n", 0, 0},
		{"still in by another name", "agent, ALL ALL=ALL\n", "ALL ALL=ALL\n", 0, 1},
		{"a cut would make a keyword", "agent, Defaults ALL=ALL\n", "agent, Defaults ALL=ALL\n", 0, 1},
		{"a NUL byte", "agent ALL=ALL\x00x\n", "agent ALL=ALL\x00x\n", 0, 1},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			f, _ := sudoers.Parse("f", tc.text, sudoers.Version{})
			text, removed, kept := Remove(f, tc.text, agent)
			if text != tc.want || len(removed) != tc.removed || len(kept) != tc.kept {
				t.Errorf("got %q, removed %v, kept %v", text, removed, kept)
			}
		})
	}
}

// FuzzRemove: what is left grants the subject nothing by name, unless the text was
// left alone.
func FuzzRemove(f *testing.F) {
	f.Add(shared)
	f.Add("agent, \\\n b ALL=ALL # x")
	f.Add("agent, Defaults secure_path=/tmp")
	f.Add("agent, User_Alias OPS=ALL\n")
	f.Fuzz(func(t *testing.T, text string) {
		s := Subject{Name: "agent"}
		file, _ := sudoers.Parse("f", text, sudoers.Version{})
		now, removed, kept := Remove(file, text, s)
		if now == text {
			return
		}
		for _, g := range kept {
			if g.Exact {
				t.Fatalf("%q: kept %s", now, g.Text)
			}
		}
		if got, want := saysOfOthers(now), saysOfOthers(text); !slices.Equal(got, want) {
			t.Fatalf("%q from %q: what stays is %q, want %q", now, text, got, want)
		}
		if len(now) >= len(text) {
			t.Fatalf("%q from %q, removed %v", now, text, removed)
		}
	})
}

// saysOfOthers is what a text says but for its comments and the user agent.
func saysOfOthers(text string) []string {
	file, _ := sudoers.Parse("f", text, sudoers.Version{})
	var says []string
	for _, e := range file.Entries {
		switch e := e.(type) {
		case *sudoers.Comment:
		case *sudoers.UserSpec:
			for i := range e.Users {
				if strings.EqualFold(e.Users[i].Name, "agent") {
					continue
				}
				one := *e
				one.Users = e.Users[i : i+1]
				says = append(says, sudoers.PrintEntry(&one))
			}
		default:
			says = append(says, sudoers.PrintEntry(e))
		}
	}
	return says
}

// TestRemoveLeavesTheRest: who stays in a line may have the name of a keyword, which at its begin makes something else
// of it. Then nothing is removed, and what is left is told.
func TestRemoveLeavesTheRest(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"agent, Defaults secure_path=/tmp\n", "agent, Host_Alias OPS=ALL\n", "agent, Cmnd_Alias OPS=/bin/x\nagent ALL=ALL\n"} {
		file, errs := sudoers.Parse("f", text, sudoers.Version{})
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		if now, removed, kept := Remove(file, text, Subject{Name: "agent"}); now != text || len(removed) > 0 || len(kept) == 0 {
			t.Errorf("%q becomes %q: removed %v, kept %v", text, now, removed, kept)
		}
	}
}
