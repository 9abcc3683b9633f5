package hardening

import "testing"

// TestExclusiveLeavesAliases: of a line with several aliases those stay that a line which stays refers to, and no other
// one, which could say who an administrator is.
func TestExclusiveLeavesAliases(t *testing.T) {
	t.Parallel()
	exclusiveCase{
		files: map[string]string{
			"aa": "User_Alias U = ghost : ADMINS = mallory\nU ALL=(ALL) !/bin/su\n",
			"zz": header("zz") + "User_Alias ADMINS = alice\nADMINS ALL=(ALL) ALL\n",
		},
		foreign: []string{"/etc/sudoers.d/aa:1: User_Alias U = ghost : ADMINS = mallory (in its place: User_Alias U = ghost)"},
		held:    []string{"/etc/sudoers.d/aa:2: U ALL=(ALL) !/bin/su|denies something to U"},
		remain:  1,
		kept:    []string{`/etc/sudoers.d/zz (pvesec_sudoers_policy "zz")`},
		left:    map[string]string{"aa": "User_Alias U = ghost\nU ALL=(ALL) !/bin/su\n"},
	}.check(t)
}
