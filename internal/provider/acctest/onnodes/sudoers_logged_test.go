package onnodes

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestEndAndLogs: a policy says when its rules end, and where a node logs what it allows, with the line that switches a
// log off.
func TestEndAndLogs(t *testing.T) {
	t.Parallel()
	onEachRelease(t, 1, endAndLogs)
}

func endAndLogs(t *testing.T, c *lab.Cluster) {
	t.Helper()
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

// TestLoggedOfNewPolicy: on both releases the plan of a new policy knows that all of it is logged, and audit logging of
// the same run, which goes first, makes no other plan of it. Where a log is switched off for a group, the subject may
// be in it after the apply, so that nothing is known.
func TestLoggedOfNewPolicy(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}, {Suite: lab.Trixie}}})
	shell(t, c.Nodes[2], `groupadd quiet; umask 337; echo 'Defaults:%quiet !syslog' >/etc/sudoers.d/quiet`)
	w := harness.NewWorkspace(t).Quietly().Within()
	w.Write("main.tf", requirePvesec+config(c)+harness.AuditConfig("")+harness.PolicyConfig(`"/usr/bin/id"`, "depends_on = [pvesec_audit_logging.ops]"))
	w.Terraform("plan", "-out", "plan", "-no-color")
	var plan struct {
		Changes []struct {
			Address string `json:"address"`
			Change  struct {
				After   map[string]any `json:"after"`
				Unknown map[string]any `json:"after_unknown"`
			} `json:"change"`
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(w.Terraform("show", "-json", "plan")), &plan); err != nil {
		t.Fatal(err)
	}
	for _, rc := range plan.Changes {
		if rc.Address != harness.PolicyAddress {
			continue
		}
		known, open := map[string]any{"events": true, "unlogged": []any{}}, map[string]any{"input": true, "logfile": true, "output": true, "switched_off": true, "syslog": true, "unlogged": []any{}}
		if want := map[string]any{"pve1": known, "pve2": known}; !reflect.DeepEqual(rc.Change.After["logged"], any(want)) {
			t.Errorf("known: %v, want %v", rc.Change.After["logged"], want)
		}
		if want := map[string]any{"pve1": open, "pve2": open, "pve3": true}; !reflect.DeepEqual(rc.Change.Unknown["logged"], any(want)) {
			t.Errorf("open: %v, want %v", rc.Change.Unknown["logged"], want)
		}
	}
	w.Terraform("apply", "-no-color", "plan")
	if shown := w.Terraform("state", "show", "-no-color", harness.PolicyAddress); strings.Count(shown, `"/var/log/sudo-agent.log"`) != 3 || strings.Count(shown, "events       = true") != 3 {
		t.Errorf("after the apply:\n%s", shown)
	}
	w.Terraform("plan", "-detailed-exitcode", "-no-color")
}

// TestLogSwitchedOffSincePlan: an apply is refused where a node logs less by now than its plan said, of a new policy
// and of one that changes, with the line that switches the log off. One that only takes away is not refused.
func TestLogSwitchedOffSincePlan(t *testing.T) {
	t.Parallel()
	onEachRelease(t, 1, logSwitchedOffSincePlan)
}

func logSwitchedOffSincePlan(t *testing.T, c *lab.Cluster) {
	t.Helper()
	pve1 := c.Nodes[0]
	w := harness.NewWorkspace(t).Quietly().Within()
	plan := func(commands string) {
		t.Helper()
		shell(t, pve1, "rm -f /etc/sudoers.d/quiet")
		w.Write("main.tf", requirePvesec+config(c)+harness.PolicyConfig(commands, ""))
		w.Terraform("plan", "-out", "plan", "-no-color")
		shell(t, pve1, "umask 337; echo 'Defaults !syslog' >/etc/sudoers.d/quiet")
	}
	holds := func(want string) {
		t.Helper()
		if got := shell(t, pve1, "grep -s -h NOPASSWD /etc/sudoers.d/agent || true"); got != want {
			t.Errorf("the node holds %q, want %q", got, want)
		}
	}
	refused := func(want ...string) {
		t.Helper()
		said := w.Refused("apply", "-no-color", "plan")
		for _, part := range append(want, "/etc/sudoers.d/quiet:1: !syslog") {
			if !strings.Contains(said, part) {
				t.Errorf("%q is not in %s", part, said)
			}
		}
	}

	plan(`"/usr/bin/id ^$"`)
	refused("Nothing that agent runs is logged on pve1", "If this is the apply of a plan that did not say so, somebody switched the log off since then: plan again.")
	holds("")
	shell(t, pve1, "rm /etc/sudoers.d/quiet")
	w.Terraform("apply", "-auto-approve", "-no-color")
	const first, both = "agent ALL=(root) NOPASSWD: /usr/bin/id ^$", "agent ALL=(root) NOPASSWD: /usr/bin/id ^$\nagent ALL=(root) NOPASSWD: /usr/bin/uptime ^$"
	holds(first)

	plan(`"/usr/bin/id ^$", "/usr/bin/uptime ^$"`)
	refused("Less is logged now than the plan said: pve1: /etc/sudoers.d/quiet:1: !syslog", "Nothing was changed on any node. Plan again")
	holds(first)
	if said := w.Terraform("apply", "-auto-approve", "-no-color"); !strings.Contains(said, "Nothing that agent runs is logged on pve1") {
		t.Errorf("what was planned and reviewed so:\n%s", said)
	}
	holds(both)

	plan(`"/usr/bin/id ^$"`)
	w.Terraform("apply", "-no-color", "plan")
	holds(first)
}
