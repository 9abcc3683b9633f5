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
