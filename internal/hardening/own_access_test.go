package hardening

import (
	"errors"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// operatedNodes are nodes in memory that are reached as a user who is not root.
type operatedNodes struct {
	*memoryNodes
	user     string
	password bool
}

func (o operatedNodes) Operator() (string, bool) { return o.user, o.password }

// TestOwnAccessIsGuarded: a change after which our own sudo would be gone is refused before anything is touched,
// whatever takes it away.
func TestOwnAccessIsGuarded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user, before string
		password     bool
		policy       SudoersPolicy
		refused      string // the rule that is named; "-" for none
	}{
		"about somebody else":        {"ops", AccessSudoers("ops", false), false, SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n"}, ""},
		"denied by a later rule":     {"ops", AccessSudoers("ops", false), false, SudoersPolicy{Name: "zz", Subjects: []string{"ops"}, Content: "ops ALL=(root) !/bin/sh\n"}, "!/bin/sh"},
		"denied by an earlier rule":  {"ops", AccessSudoers("ops", false), false, SudoersPolicy{Name: "aa", Subjects: []string{"ops"}, Content: "ops ALL=(root) !/bin/sh\n"}, ""},
		"a password from now on":     {"ops", AccessSudoers("ops", false), false, SudoersPolicy{Name: "zz", Subjects: []string{"ops"}, Content: "ops ALL=(root) PASSWD: ALL\n"}, "PASSWD: ALL"},
		"a password, and we have it": {"ops", AccessSudoers("ops", true), true, SudoersPolicy{Name: "zz", Subjects: []string{"ops"}, Content: "ops ALL=(root) PASSWD: ALL\n"}, ""},
		"cut out as foreign":         {"ops", AccessSudoers("ops", false), false, SudoersPolicy{Name: "zz", Subjects: []string{"ops"}, Content: "ops ALL=(root) /usr/bin/id\n", Exclusive: true}, "no rule would permit it"},
		"the file itself":            {"ops", AccessSudoers("ops", false), false, SudoersPolicy{Name: "ops", Subjects: []string{"ops"}, Content: "ops ALL=(root) /usr/bin/id\n"}, "-"},
		"never had it":               {"ops", "# nothing\n", false, SudoersPolicy{Name: "zz", Subjects: []string{"ops"}, Content: "ops ALL=(root) !/bin/sh\n"}, ""},
		"root":                       {"root", "# nothing\n", false, SudoersPolicy{Name: "zz", Subjects: []string{"root"}, Content: "root ALL=(root) !ALL\n"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemoryNodes("pve2")
			m.write("pve2", "/etc/sudoers.d/ops", c.before)
			_, err := c.policy.Install(t.Context(), operatedNodes{m, c.user, c.password}, targets("pve2"), nil, nil, silent)
			var own *OwnAccessError
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refused != "" && (!errors.As(err, &own) || own.Node != "pve2" || len(m.applied) != 0):
				t.Errorf("got %v, %d changes applied", err, len(m.applied))
			case c.refused != "" && c.refused != "-" && !strings.Contains(err.Error(), c.refused):
				t.Errorf("the rule %q is not named: %v", c.refused, err)
			}
		})
	}
}

// TestRemovalKeepsOwnAccess: taking the policy away that gives us our access is refused too.
func TestRemovalKeepsOwnAccess(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.write("pve1", "/etc/sudoers.d/ops", AccessSudoers("ops", false))
	_, err := SudoersPolicy{Name: "ops", Subjects: []string{"ops"}}.Remove(t.Context(), operatedNodes{m, "ops", false}, targets("pve1"), nil, silent)
	var own *OwnAccessError
	if !errors.As(err, &own) || len(m.applied) != 0 {
		t.Errorf("got %v", err)
	}
}

// TestAccessSudoersIsEnoughAndNoMore: the engine permits exactly what pvesec runs, and nothing beside it.
func TestAccessSudoersIsEnoughAndNoMore(t *testing.T) {
	t.Parallel()
	for _, password := range []bool{false, true} {
		file, problems := sudoers.Parse("/etc/sudoers.d/ops", AccessSudoers("ops", password), sudoers.Version{})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, c := range []struct {
			user, runAs, command string
			allowed              bool
		}{
			{"ops", "", "/bin/sh -s", true},
			{"ops", "root", "/bin/sh -s", true},
			{"ops", "", "/usr/bin/sh -s", true}, // the same file on Debian
			{"ops", "", "/bin/sh", false},
			{"ops", "", "/bin/sh -c id", false},
			{"ops", "", "/bin/sh -s x", false},
			{"ops", "", "/bin/bash -s", false},
			{"ops", "www-data", "/bin/sh -s", false},
			{"other", "", "/bin/sh -s", false},
		} {
			words := strings.Fields(c.command)
			request := policy.Request{Subject: policy.Subject{Name: c.user}, Host: "pve1", Command: words[0], Args: words[1:]}
			if c.runAs != "" {
				request.RunAsUser = &policy.Subject{Name: c.runAs}
			}
			decision := policy.Decide(sudoers.TreeOf(file), request)
			if (decision.Verdict == policy.Allowed) != c.allowed || c.allowed && decision.NoPasswd == password {
				t.Errorf("%+v: %s, without password %v", c, decision.Verdict, decision.NoPasswd)
			}
		}
	}
}

// TestRemovalBesideAFileTooLarge: a sudoers file that is too large to be read keeps nobody's access in place: a removal
// goes on, and the node confirms that we still get in. A new policy is refused.
func TestRemovalBesideAFileTooLarge(t *testing.T) {
	t.Parallel()
	p := SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n"}
	m := newMemoryNodes("pve2")
	m.write("pve2", "/etc/sudoers.d/ops", AccessSudoers("ops", false))
	if _, err := p.Install(t.Context(), operatedNodes{m, "ops", false}, targets("pve2"), nil, nil, silent); err != nil {
		t.Fatal(err)
	}
	m.write("pve2", "/etc/sudoers.d/zz", "")
	state := m.files["pve2"]["/etc/sudoers.d/zz"]
	state.TooLarge, state.Content, state.Size = true, nil, 3<<20
	m.files["pve2"]["/etc/sudoers.d/zz"] = state
	wider := p
	wider.Content += "agent ALL=(root) /usr/bin/w\n"
	if _, err := wider.Install(t.Context(), operatedNodes{m, "ops", false}, targets("pve2"), nil, nil, silent); err == nil {
		t.Error("a policy was installed beside a file that nobody read")
	}
	if _, err := p.Remove(t.Context(), operatedNodes{m, "ops", false}, targets("pve2"), nil, silent); err != nil {
		t.Errorf("the removal was refused: %v", err)
	}
	if m.files["pve2"][p.Path()].Exists {
		t.Error("the policy is still there")
	}
}
