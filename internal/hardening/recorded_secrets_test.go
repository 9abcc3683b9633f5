package hardening

import (
	"errors"
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
	}{
		"nothing recorded":             {"ops", rule, "Defaults log_output\n", "$y$x", false},
		"all input":                    {"ops", rule, "Defaults log_input\n", "$y$x", true},
		"all input, no secret":         {"ops", rule, "Defaults log_input\n", "", false},
		"root needs no sudo":           {"root", rule, "Defaults log_input\n", "$y$x", false},
		"standard input alone":         {"ops", rule, "Defaults log_stdin\n", "$y$x", true},
		"the terminal alone":           {"ops", rule, "Defaults log_ttyin\n", "$y$x", false},
		"of its command":               {"ops", rule, "Defaults!/bin/sh log_input\n", "$y$x", true},
		"of somebody else":             {"ops", rule, "Defaults:agent log_input\n", "$y$x", false},
		"by a tag":                     {"ops", "ops ALL=(root) NOPASSWD: LOG_INPUT: " + node.SudoersCommand + "\n", "", "$y$x", true},
		"a tag against it":             {"ops", "ops ALL=(root) NOPASSWD: NOLOG_INPUT: " + node.SudoersCommand + "\n", "Defaults log_input\n", "$y$x", false},
		"exempt by what pvesec prints": {"ops", AccessSudoers("ops", false), "", "$y$x", false},
		"exempt before it is recorded": {"ops", AccessSudoers("ops", false), "Defaults log_input\n", "$y$x", true}, // the later line counts
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMemoryNodes("pve1")
			m.write("pve1", "/etc/sudoers.d/ops", c.own)
			m.write("pve1", "/etc/sudoers.d/zz", c.other)
			err := guardSecrets(t.Context(), operatedNodes{m, c.user, false}, []node.Change{{Target: targets("pve1")[0], Accounts: []node.AccountChange{{Name: "agent", Hash: c.hash}}}})
			var recorded *RecordedSecretError
			if refused := errors.As(err, &recorded) && recorded.Node == "pve1"; refused != c.refused || err != nil && !refused {
				t.Errorf("got %v, refused must be %v", err, c.refused)
			}
		})
	}
}
