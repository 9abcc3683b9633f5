package hardening

import "testing"

// TestExclusiveEasesForABackdoor: a rule that gives somebody something goes, though it bounds what somebody else is
// allowed.
func TestExclusiveEasesForABackdoor(t *testing.T) {
	t.Parallel()
	for line, told := range map[string]int{
		"alice, bob ALL=(ALL) NOPASSWD: /bin/bash":                0, // alice is in %sudo
		"%ops ALL=(root) NOPASSWD: /bin/bash":                     0,
		"alice, bob ALL=(ALL) NOPASSWD: NOEXEC: /bin/bash":        2, // alice's bash loses noexec, and bob's is gone
		"%ops ALL=(root) TIMEOUT=60 NOPASSWD: /bin/bash":          1,
		"alice, ghost ALL=(ALL) NOPASSWD: NOEXEC: /bin/bash":      2,
		"alice, +those ALL=(ALL) NOPASSWD: NOEXEC: /bin/bash":     2,
		"alice ALL=(ALL) NOPASSWD: NOEXEC: /bin/bash":             2, // it takes her password away
		"bob, alice ALL=(ALL) CHROOT=/home/bob NOEXEC: /bin/bash": 2,
		"alice ALL=(ALL) NOSETENV: /bin/bash":                     0,
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			exclusiveCase{files: map[string]string{"x": line + "\n"}, foreign: []string{"/etc/sudoers.d/x:1: " + canonicalLine(line)}, eased: told, left: map[string]string{"x": ""}}.check(t)
		})
	}
	exclusiveCase{
		main: shippedMain + "@include /etc/more\n", files: map[string]string{"/etc/more": "alice ALL=(ALL) NOEXEC: /bin/bash\nbob ALL=(ALL) NOPASSWD: ALL\n"},
		foreign: []string{
			"/etc/more:1: alice ALL=(ALL) NOEXEC: /bin/bash (out of force: included by /etc/sudoers:9)", "/etc/more:2: bob ALL=(ALL) NOPASSWD: ALL (out of force: included by /etc/sudoers:9)",
			"/etc/sudoers:9: @include /etc/more",
		},
		eased: 2, left: map[string]string{sudoersMain: shippedMain},
	}.check(t)
}
