package hardening

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestExclusiveLeavesItsOptions: the options by which pvesec itself gets in stay, and others like them go.
func TestExclusiveLeavesItsOptions(t *testing.T) {
	t.Parallel()
	const rule = "deploy ALL=(root) NOPASSWD: ALL\n"
	for _, c := range []struct {
		named, foreign string
		held           bool
	}{
		{rule + "Defaults requiretty", "Defaults:deploy !requiretty, insults", true}, {rule + "Defaults requiretty", "Defaults:%deploy !requiretty", true}, {rule + "Defaults requiretty", "Defaults:bob !requiretty", false},
		{rule + "Defaults log_output", "Defaults:deploy !requiretty, insults", false}, {rule + "Defaults log_input", "Defaults:%deploy !log_input", true},
		{"deploy ALL=(root) ALL", "Defaults:deploy !authenticate", true}, {rule, "Defaults:deploy !authenticate", false}, {"deploy ALL=(root) ALL", "Defaults exempt_group=deploy", true},
		{rule + "Defaults noexec", "Defaults:deploy !noexec", true}, {rule + "Defaults command_timeout=1", "Defaults:deploy !command_timeout", true},
	} {
		t.Run(c.named+" and "+c.foreign, func(t *testing.T) {
			t.Parallel()
			m := exclusiveNode(shippedMain, map[string]string{"a-named": c.named + "\n", "site": c.foreign + "\n"})
			m.accounts["deploy"] = node.Account{Exists: true, UID: 1100, GID: 1100, Groups: []string{"deploy"}, GIDs: []int{1100}}
			seen, err := SudoersExclusive{Files: []string{"a-named"}}.Observe(t.Context(), loggedInAs{m, "deploy"}, targets("pve1")[0])
			if err != nil || (len(seen.Held) == 1) != c.held || len(seen.Held)+len(seen.Foreign) != 1 || c.held && !strings.Contains(seen.Held[0].Why, "pvesec itself gets in") {
				t.Errorf("held %q, foreign %q: %v", seen.Held, seen.Foreign, err)
			}
		})
	}
}
