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
		named, foreign, stays string
	}{
		{rule + "Defaults requiretty", "Defaults:deploy !requiretty, insults", "Defaults:deploy !requiretty"}, {rule + "Defaults requiretty", "Defaults:%deploy !requiretty", "Defaults:deploy !requiretty"},
		{rule + "Defaults requiretty", "Defaults:deploy !requiretty", "Defaults:deploy !requiretty"}, {rule + "Defaults requiretty", "Defaults:bob !requiretty", ""},
		{rule + "Defaults requiretty", "Defaults:deploy,mallory !requiretty, setenv, passwd_tries=1", "Defaults:deploy,mallory passwd_tries=1\nDefaults:deploy !requiretty"},
		{rule + "Defaults requiretty", "Defaults !requiretty, !env_reset", "Defaults:deploy !requiretty"}, {rule + "Defaults>root requiretty", "Defaults>root !requiretty, !env_reset", "Defaults>root !requiretty"},
		{rule + "Defaults log_output", "Defaults:deploy !requiretty, insults", ""}, {rule + "Defaults log_input", "Defaults:%deploy !log_input", "Defaults:deploy !log_input"},
		{"deploy ALL=(root) ALL", "Defaults:deploy !authenticate", "Defaults:deploy !authenticate"}, {rule, "Defaults:deploy !authenticate", ""},
		{"deploy ALL=(root) ALL", "Defaults !authenticate", "Defaults:deploy !authenticate"}, {"deploy ALL=(root) ALL", "Defaults exempt_group=deploy", "Defaults:deploy exempt_group=deploy"},
		{rule + "Defaults noexec", "Defaults:deploy !noexec", "Defaults:deploy !noexec"}, {rule + "Defaults command_timeout=1", "Defaults:deploy !command_timeout", "Defaults:deploy !command_timeout"},
	} {
		t.Run(c.named+" and "+c.foreign, func(t *testing.T) {
			t.Parallel()
			m := exclusiveNode(shippedMain, map[string]string{"a-named": c.named + "\n", "site": c.foreign + "\n"})
			m.accounts["deploy"] = node.Account{Exists: true, UID: 1100, GID: 1100, Groups: []string{"deploy"}, GIDs: []int{1100}}
			own := SudoersExclusive{Files: []string{"a-named"}}
			if _, err := own.Install(t.Context(), loggedInAs{m, "deploy"}, targets("pve1"), nil, silent); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(string(m.files["pve1"][sudoersDir+"/site"].Content)); got != c.stays {
				t.Errorf("what stays is %q, want %q", got, c.stays)
			}
			seen, err := own.Observe(t.Context(), loggedInAs{m, "deploy"}, targets("pve1")[0])
			if err != nil || len(seen.Foreign) > 0 {
				t.Errorf("held %q, foreign %q: %v", seen.Held, seen.Foreign, err)
			}
		})
	}
}
