package onnodes

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestSharedSubject: two policies grant one subject, and the second one is exclusive. It removes what a stranger wrote
// and leaves the first one alone, whether it knows of it or only finds its header.
func TestSharedSubject(t *testing.T) {
	t.Parallel()
	onEachRelease(t, 1, sharedSubject)
}

func sharedSubject(t *testing.T, c *lab.Cluster) {
	t.Helper()
	pve1 := c.Nodes[0]
	second := func(extra string) string {
		return config(c) + harness.PolicyConfig(`"/usr/bin/id ^$"`, "") + fmt.Sprintf(`
resource "pvesec_sudoers_policy" "second" {
  name      = "second"
  subject   = "agent"
  exclusive = true
  rule {
    commands = ["/usr/bin/uptime ^$"]
    nopasswd = true
  }
  %s
  depends_on = [pvesec_sudoers_policy.agent]
}
`, extra)
	}
	const address = "pvesec_sudoers_policy.second"
	files := func(want string) resource.TestCheckFunc {
		return func(*terraform.State) error {
			if got := shell(t, pve1, "cd /etc/sudoers.d; ls | grep -v README"); got != want {
				return fmt.Errorf("/etc/sudoers.d has\n%s", got)
			}
			return nil
		}
	}
	foreign := func(lines ...string) statecheck.StateCheck {
		var list []knownvalue.Check
		for _, line := range lines {
			list = append(list, knownvalue.StringExact(line))
		}
		return statecheck.ExpectKnownValue(address, tfjsonpath.New("deployed").AtMapKey("pve1").AtMapKey("foreign_grants"), knownvalue.ListExact(list))
	}
	const first = `/etc/sudoers.d/agent:4: agent ALL=(root) NOPASSWD: /usr/bin/id ^$ (of pvesec_sudoers_policy "agent")`
	harness.Run(t,
		resource.TestStep{
			PreConfig: func() {
				shell(t, pve1, "echo 'agent ALL=(root) /usr/bin/w' >/etc/sudoers.d/stranger; chmod 0440 /etc/sudoers.d/stranger")
			},
			Config:            second(`shared_with = ["agent"]`),
			Check:             files("agent\nsecond"),
			ConfigStateChecks: []statecheck.StateCheck{foreign(first)},
		},
		resource.TestStep{
			Config:           second(`shared_with = ["agent"]`),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
		resource.TestStep{
			Config:            second(""),
			Check:             files("agent\nsecond"),
			ConfigStateChecks: []statecheck.StateCheck{foreign(first)},
		},
		resource.TestStep{
			Config:           second(""),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
		},
	)
}
