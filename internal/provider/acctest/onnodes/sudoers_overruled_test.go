package onnodes

import (
	"fmt"
	"strings"
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

// TestOverruledOnNodes: what another file of one node decides instead of the policy is told with the file and the line,
// and sudo there does what is told.
func TestOverruledOnNodes(t *testing.T) {
	t.Parallel()
	onEachRelease(t, 2, overruledOnNodes)
}

func overruledOnNodes(t *testing.T, c *lab.Cluster) {
	t.Helper()
	pve1 := c.Nodes[0]
	says := func(command, want string) resource.TestCheckFunc {
		return func(*terraform.State) error {
			if got := shell(t, pve1, "runuser -u agent -- sudo -n "+command+" 2>&1 || true"); !strings.Contains(got, want) {
				return fmt.Errorf("sudo %s: %q, want %q", command, got, want)
			}
			return nil
		}
	}
	overruled := func(want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("overruled"), want)
	}
	on := func(lines ...string) knownvalue.Check {
		var list []knownvalue.Check
		for _, line := range lines {
			list = append(list, knownvalue.StringExact(line))
		}
		return knownvalue.MapExact(map[string]knownvalue.Check{"pve1": knownvalue.ListExact(list)})
	}
	policy := config(c) + harness.PolicyConfig(`"/usr/bin/id ^$", "/usr/bin/uptime ^$"`, "")
	harness.Run(t,
		resource.TestStep{
			PreConfig: func() {
				shell(t, pve1, `printf 'agent ALL=(root) /usr/bin/id\n' >/etc/sudoers.d/zz; chmod 0440 /etc/sudoers.d/zz`)
			},
			Config:            policy,
			ConfigStateChecks: []statecheck.StateCheck{overruled(on("sudo /usr/bin/id: asks for a password, by /etc/sudoers.d/zz:1: agent ALL=(root) /usr/bin/id"))},
			Check:             resource.ComposeTestCheckFunc(says("/usr/bin/id", "password"), says("/usr/bin/uptime", "load average")),
		},
		resource.TestStep{ // another file changes: no change of ours, and told
			PreConfig:         func() { shell(t, pve1, `printf 'Defaults:agent requiretty\n' >/etc/sudoers.d/zz`) },
			Config:            policy,
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			ConfigStateChecks: []statecheck.StateCheck{overruled(on("sudo /usr/bin/id and 1 more: needs a terminal, by /etc/sudoers.d/zz:1"))},
			Check:             says("/usr/bin/id", "tty"),
		},
		resource.TestStep{
			PreConfig:         func() { shell(t, pve1, `printf 'ALL ALL=(ALL) !/usr/bin/uptime\n' >/etc/sudoers.d/zz`) },
			Config:            policy,
			ConfigStateChecks: []statecheck.StateCheck{overruled(on("sudo /usr/bin/uptime: denied, by /etc/sudoers.d/zz:1: ALL ALL=(ALL) !/usr/bin/uptime"))},
			Check:             resource.ComposeTestCheckFunc(says("/usr/bin/uptime", "password"), says("/usr/bin/id", "uid=0")),
		},
		resource.TestStep{
			PreConfig:         func() { shell(t, pve1, "rm /etc/sudoers.d/zz") },
			Config:            policy,
			ConfigStateChecks: []statecheck.StateCheck{overruled(knownvalue.MapExact(map[string]knownvalue.Check{}))},
			Check:             says("/usr/bin/uptime", "load average"),
		},
	)
}
