package hardening

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestNobodyIn: a policy that reaches nobody on a node is said, unless the node asks others who is in a group.
func TestNobodyIn(t *testing.T) {
	t.Parallel()
	const groups, accounts = "root:x:0:\nempty:x:900:\nfull:x:901:carol\nown:x:902:\n", "root:x:0:0:root:/root:/bin/bash\ndave:x:1000:902::/home/dave:/bin/bash\n"
	for _, c := range []struct{ subject, sources, want string }{
		{"agent", "", "has no account"}, {"carol", "", ""}, {"never-asked", "", ""}, {"", "", ""},
		{"%empty", "", "has no members"}, {"%full", "", ""}, {"%own", "", ""}, {"%none", "", "does not exist"}, {"%#900", "", ""},
		{"%empty", "passwd: files\ngroup:  files systemd\n", "has no members"}, {"%empty", "group: files [SUCCESS=merge] systemd # sss\n", "has no members"},
		{"%empty", "group: files sss\n", ""}, {"%none", "group: files ldap\n", ""},
	} {
		file := func(text string) node.FileState {
			return node.FileState{Exists: text != "", Type: node.TypeRegular, Content: []byte(text)}
		}
		seen := &node.Observation{
			Accounts: map[string]node.Account{"agent": {}, "carol": {Exists: true}},
			Files:    map[string]node.FileState{groupFile: file(groups), passwdFile: file(accounts), switchFile: file(c.sources)},
		}
		if got := nobodyIn(c.subject, seen); got != c.want {
			t.Errorf("%s with %q: %q, want %q", c.subject, c.sources, got, c.want)
		}
	}
	if got := nobodyIn("%empty", &node.Observation{}); got != "" {
		t.Errorf("files that were not read: %q", got)
	}
}
