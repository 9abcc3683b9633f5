package onnodes

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestEndAndLogs: a policy says when its rules end, and where a node logs what it allows, with the line that switches a log off.
func TestEndAndLogs(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	shell(t, c.Nodes[0], `printf 'Defaults:agent logfile=/var/log/agent.log\nDefaults:agent !syslog\n' >/etc/sudoers.d/quiet; chmod 0440 /etc/sudoers.d/quiet`)
	logged := func(name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("logged").AtMapKey("pve1").AtMapKey(name), want)
	}
	expires := func(name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("expires").AtMapKey(name), want)
	}
	harness.Run(t,
		resource.TestStep{
			Config: config(c) + harness.PolicyConfig(`"/usr/bin/id"`, `rule {
    commands  = ["/usr/bin/uptime"]
    not_after = "20400101000000Z"
  }`),
			ConfigStateChecks: []statecheck.StateCheck{
				expires("earliest", knownvalue.StringExact("2040-01-01T00:00:00Z")),
				expires("latest", knownvalue.Null()),
				logged("events", knownvalue.Bool(true)),
				logged("logfile", knownvalue.StringExact("/var/log/agent.log")),
				logged("syslog", knownvalue.StringExact("")),
				logged("switched_off", knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("/etc/sudoers.d/quiet:2: !syslog")})),
			},
		},
	)
}
