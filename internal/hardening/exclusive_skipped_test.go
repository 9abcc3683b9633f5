package hardening

import "testing"

// TestExclusiveLeavesDefinitions: a foreign definition of a name goes where a line that stays defines the name, though
// sudo skips that one as long as the foreign one stands before it.
func TestExclusiveLeavesDefinitions(t *testing.T) {
	t.Parallel()
	const skipped = " (malformed: sudo skips it)"
	policy := header("ops") + "User_Alias OPS = alice\nOPS ALL=(root) NOPASSWD: /usr/bin/id\n"
	for name, c := range map[string]exclusiveCase{
		"of a policy": {
			files:   map[string]string{"00": "User_Alias OPS = bob\n", "ops": policy},
			foreign: []string{"/etc/sudoers.d/00:1: User_Alias OPS = bob"},
			kept:    []string{`/etc/sudoers.d/ops (pvesec_sudoers_policy "ops")`},
			left:    map[string]string{"00": "", "ops": policy},
		},
		"several foreign ones": {
			files: map[string]string{"00": "# mine\nUser_Alias OPS = bob\nUser_Alias OPS = carol\nOPS ALL=(ALL) !/bin/su\n", "01": "User_Alias OPS = dave\ncarol ALL=(ALL) ALL\n", "ops": policy},
			foreign: []string{
				"/etc/sudoers.d/00:2: User_Alias OPS = bob", "/etc/sudoers.d/00:3: User_Alias OPS = carol" + skipped, "/etc/sudoers.d/01:1: User_Alias OPS = dave" + skipped,
				"/etc/sudoers.d/01:2: carol ALL=(ALL) ALL",
			},
			held: []string{"/etc/sudoers.d/00:4: OPS ALL=(ALL) !/bin/su|without it alice would be allowed"},
			kept: []string{`/etc/sudoers.d/ops (pvesec_sudoers_policy "ops")`},
			left: map[string]string{"00": "# mine\nOPS ALL=(ALL) !/bin/su\n", "01": "", "ops": policy},
		},
		"of a named file, shadowed by an include of the main file": {
			main:  "@include /etc/more\n" + shippedMain,
			own:   SudoersExclusive{Files: []string{"named"}},
			files: map[string]string{"/etc/more": "User_Alias OPS = bob\n", "named": "User_Alias OPS = alice\nno line\nOPS ALL=(root) /usr/bin/id\n"},
			foreign: []string{
				"/etc/more:1: User_Alias OPS = bob (out of force: included by /etc/sudoers:1)", "/etc/sudoers:1: @include /etc/more",
			},
			kept: []string{"/etc/sudoers.d/named (named in files)"},
			left: map[string]string{"named": "User_Alias OPS = alice\nno line\nOPS ALL=(root) /usr/bin/id\n"},
		},
		"a named line": {
			main:    shippedMain + "User_Alias OPS = bob\nno line\nUser_Alias OPS = alice\nOPS ALL=(root) /usr/bin/id\n",
			own:     SudoersExclusive{Lines: []string{"User_Alias OPS = alice", "OPS ALL=(root) /usr/bin/id"}},
			foreign: []string{"/etc/sudoers:9: User_Alias OPS = bob", "/etc/sudoers:10: no line" + skipped},
			left:    map[string]string{sudoersMain: shippedMain + "User_Alias OPS = alice\nOPS ALL=(root) /usr/bin/id\n"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}
