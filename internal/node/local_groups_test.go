package node

import (
	"slices"
	"testing"
)

// TestGroupsByID: the kernel asks for ids. A group of another name that has the id of a powerful one is that one, and
// so is the primary group.
func TestGroupsByID(t *testing.T) {
	t.Parallel()
	r := localReader{
		passwd: "root:x:0:0::/root:/bin/bash\nagent:x:1000:1000::/home/agent:/bin/bash\nbob:x:1001:27::/home/bob:/bin/bash\neve:x:1002:0::/home/eve:/bin/bash\nnone:x:1003:4444::/home/none:/bin/bash\n",
		group:  "root:x:0:\nsudo:x:27:\nhelpers:x:27:agent\nusers:x:100:agent\nagent:x:1000:\neve:x:0:\nhelpers:x:6:agent\n",
	}
	all := r.accounts()
	for name, want := range map[string]struct {
		primary string
		byID    []string
	}{
		"agent": {"agent", []string{"agent", "helpers", "sudo", "users"}}, "bob": {"sudo", []string{"helpers", "sudo"}}, "eve": {"eve", []string{"eve", "root"}}, "none": {"", nil},
	} {
		if got := all[name]; got.Group != want.primary || !slices.Equal(got.GroupsByID, want.byID) {
			t.Errorf("%s: primary group %q, by id %q, want %q, %q", name, got.Group, got.GroupsByID, want.primary, want.byID)
		}
	}
}
