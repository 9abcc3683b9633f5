package hardening

import (
	"errors"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestSecretsAreNotRecorded: a hash goes to no node whose sudo would keep it in a recording, and everything else does.
func TestSecretsAreNotRecorded(t *testing.T) {
	t.Parallel()
	const rule = "ops ALL=(root) NOPASSWD: " + node.SudoersCommand + "\n"
	for name, c := range map[string]struct {
		user, own, other, hash string
		refused                bool
		unknown, sources       string
	}{
		"nothing recorded":             {"ops", rule, "Defaults log_output\n", "$y$x", false, "", ""},
		"all input":                    {"ops", rule, "Defaults log_input\n", "$y$x", true, "", ""},
		"all input, no secret":         {"ops", rule, "Defaults log_input\n", "", false, "", ""},
		"root needs no sudo":           {"root", rule, "Defaults log_input\n", "$y$x", false, "", ""},
		"standard input alone":         {"ops", rule, "Defaults log_stdin\n", "$y$x", true, "", ""},
		"the terminal alone":           {"ops", rule, "Defaults log_ttyin\n", "$y$x", false, "", ""},
		"of its command":               {"ops", rule, "Defaults!/bin/sh log_input\n", "$y$x", true, "", ""},
		"of somebody else":             {"ops", rule, "Defaults:agent log_input\n", "$y$x", false, "", ""},
		"by a tag":                     {"ops", "ops ALL=(root) NOPASSWD: LOG_INPUT: " + node.SudoersCommand + "\n", "", "$y$x", true, "", ""},
		"a tag against it":             {"ops", "ops ALL=(root) NOPASSWD: NOLOG_INPUT: " + node.SudoersCommand + "\n", "Defaults log_input\n", "$y$x", false, "", ""},
		"exempt by what pvesec prints": {"ops", AccessSudoers("ops", false), "", "$y$x", false, "", ""},
		"exempt before it is recorded": {"ops", AccessSudoers("ops", false), "Defaults log_input\n", "$y$x", true, "", ""}, // the later line counts
		"a rule of a netgroup":         {user: "ops", own: "+admins ALL=(ALL) NOPASSWD: ALL\n", hash: "$y$x", refused: true, unknown: "no rule of its sudoers files"},
		"a rule of a directory":        {user: "ops", hash: "$y$x", refused: true, unknown: "no rule of its sudoers files"},
		"rules of a directory too":     {user: "ops", own: rule, hash: "$y$x", sources: "passwd: files ldap\nsudoers: files [SUCCESS=return] ldap # x\n", refused: true, unknown: "reads rules from ldap too"},
		"files alone":                  {user: "ops", own: rule, hash: "$y$x", sources: "passwd: files ldap\n# sudoers: ldap\nsudoers:\tfiles [SUCCESS=return]\n"},
		"a directory, and no secret":   {user: "ops", own: rule, sources: "sudoers: files sss\n"},
		"of a netgroup":                {user: "ops", own: rule, other: "Defaults:+admins log_input\n", hash: "$y$x", refused: true, unknown: "options of a netgroup"},
		"of a netgroup, by an alias":   {user: "ops", own: rule, other: "User_Alias A = bob, +admins\nDefaults:A log_stdin\n", hash: "$y$x", refused: true, unknown: "options of a netgroup"},
		"of a group of a plug-in":      {user: "ops", own: rule, other: "Defaults group_plugin=\"group_file.so /etc/sudo.group\"\nDefaults:%:ops log_input\n", hash: "$y$x", refused: true, unknown: "options of a netgroup"},
		"of a group of others":         {user: "ops", own: rule, other: "Defaults:%agents log_input\n", hash: "$y$x"},
		"of a netgroup, without him":   {user: "ops", own: rule, other: "Defaults:+admins, !ops log_input\n", hash: "$y$x"},
		"of a netgroup, then not":      {user: "ops", own: rule, other: "Defaults:+admins log_input\nDefaults:ops !log_input, !log_stdin\n", hash: "$y$x"},
		"output of a netgroup":         {user: "ops", own: rule, other: "Defaults:+admins log_output\n", hash: "$y$x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemoryNodes("pve1")
			m.write("pve1", "/etc/sudoers.d/ops", c.own)
			m.write("pve1", "/etc/sudoers.d/zz", c.other)
			m.write("pve1", switchFile, c.sources)
			err := guardSecrets(t.Context(), operatedNodes{m, c.user, false}, []node.Change{{Target: targets("pve1")[0], Accounts: []node.AccountChange{{Name: "agent", Hash: c.hash}}}})
			var recorded *RecordedSecretError
			if refused := errors.As(err, &recorded) && recorded.Node == "pve1" && strings.Contains(recorded.Unknown, c.unknown) && (c.unknown == "") == (recorded.Unknown == ""); refused != c.refused || err != nil && !refused {
				t.Errorf("got %v, refused must be %v", err, c.refused)
			}
		})
	}
}

// TestForwardKeyIsNotRecorded: the private key of forward_to goes to no node whose sudo would keep it.
func TestForwardKeyIsNotRecorded(t *testing.T) {
	t.Parallel()
	a := forwarded()
	a.Forward.Key = "hush"
	for other, refused := range map[string]bool{"": false, "Defaults log_input\n": true} {
		m := newMemoryNodes("pve1")
		m.write("pve1", "/etc/sudoers.d/ops", "ops ALL=(root) NOPASSWD: "+node.SudoersCommand+"\n")
		m.write("pve1", "/etc/sudoers.d/zz", other)
		err := a.Install(t.Context(), operatedNodes{m, "ops", false}, targets("pve1"), nil, nil, nil, silent)
		if recorded := new(RecordedSecretError); errors.As(err, &recorded) != refused || refused != (len(m.applied) == 0) {
			t.Errorf("%q: %v, applied %d", other, err, len(m.applied))
		}
	}
}
