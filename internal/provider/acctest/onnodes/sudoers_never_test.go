package onnodes

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestNeverOnNodes: an option of another file makes a denial of the policy hold no longer. The sudo of the node lets
// through what never names, and a plan is refused.
func TestNeverOnNodes(t *testing.T) {
	t.Parallel()
	onEachRelease(t, 2, neverOnNodes)
}

func neverOnNodes(t *testing.T, c *lab.Cluster) {
	t.Helper()
	pve1 := c.Nodes[0]
	lets := func(want bool) {
		t.Helper()
		got := shell(t, pve1, `runuser -u agent -- sudo -n /usr/bin/uptime -c "$(printf '\377')" 2>&1 || true`)
		if refused := strings.Contains(got, "password is required") || strings.Contains(got, "not allowed"); refused == want {
			t.Errorf("sudo says %q", got)
		}
	}
	unproven := regexp.MustCompile(`(?s)"/usr/bin/uptime \^-c " is not proven on pve1.*C\.UTF-8`)
	policy := func(more string) string {
		return config(c) + harness.PolicyConfig(`"/usr/bin/uptime *", "!/usr/bin/uptime ^.*$"`, `never = ["/usr/bin/uptime ^-c "`+more+`]`)
	}
	harness.Run(t,
		resource.TestStep{Config: policy("")},
		resource.TestStep{ // nobody changed the configuration: an apply of it is refused
			PreConfig: func() {
				lets(false)
				shell(t, pve1, `printf 'Defaults sudoers_locale=C.UTF-8\n' >/etc/sudoers.d/aa; chmod 0440 /etc/sudoers.d/aa`)
				lets(true)
			},
			Config: policy(""), ExpectError: unproven,
		},
		resource.TestStep{Config: policy(`, "/usr/bin/id"`), PlanOnly: true, ExpectError: unproven},
		resource.TestStep{PreConfig: func() { shell(t, pve1, "rm /etc/sudoers.d/aa") }, Config: policy("")},
	)
}
