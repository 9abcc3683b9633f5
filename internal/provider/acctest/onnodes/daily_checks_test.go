package onnodes

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestDailyChecks runs examples/daily-checks over examples/hardened-node as CI would, and asks Terraform what a health assessment asks: nothing to say, drift of a
// file, records that nobody writes, a check that fails, and a node that does not answer.
func TestDailyChecks(t *testing.T) {
	t.Parallel()
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	keepCluster(t, c)
	who := newOperator(t, "oncall")
	w := harness.NewWorkspace(t).Quietly()
	text := settingsBlock.ReplaceAllString(example(t, filepath.Join(harness.Examples, "hardened-node", "main.tf")), "")
	w.Write("main.tf", requirePvesec+config(c)+text)
	w.Write("terraform.tfvars", "oncall_key = \""+who.publicKey()+"\"\noncall_networks = [\"127.0.0.0/8\"]\n")
	w.Terraform("apply", "-auto-approve", "-no-color")
	// What the apply changed (change) is null after the next refresh, which an assessment would take for drift until a run has recorded it.
	w.Terraform("apply", "-refresh-only", "-auto-approve", "-no-color")

	node := c.Nodes[1]
	for _, s := range []struct {
		name, before, after string
		status              int
		says                string
		assessed            string // what a health assessment finds: "drift", "fail" or nothing
	}{
		{name: "as applied", status: 0, says: "Everything is as the configuration says."},
		{name: "a file that changed", before: "chmod 0644 /etc/sudoers.d/oncall", after: "chmod 0440 /etc/sudoers.d/oncall", status: 2, says: "- pvesec_sudoers_policy.oncall: update", assessed: "drift"},
		{name: "records that nobody writes", before: "systemctl stop pvesec-security-pvesec.service", after: "systemctl start pvesec-security-pvesec.service", status: 2, says: "- pvesec_audit_logging.all: update", assessed: "drift"},
		{
			name: "a shell for everyone", before: "cp /bin/dash /usr/local/bin/rescue; chmod 4755 /usr/local/bin/rescue", after: "rm /usr/local/bin/rescue",
			status: 3, says: "- check.oncall_is_not_root: fail", assessed: "fail",
		},
		{name: "mended", status: 0, says: "Everything is as the configuration says."},
	} {
		if s.before != "" {
			shell(t, node, s.before)
		}
		status, printed := checked(t, w)
		if status != s.status || !strings.Contains(printed, s.says) {
			t.Errorf("%s: status %d, want %d and %q:\n%s", s.name, status, s.status, s.says, printed)
		}
		if found := assessed(t, w); s.assessed != found && (s.assessed == "" || !strings.Contains(found, s.assessed)) {
			t.Errorf("%s: a health assessment finds %q, want %q", s.name, found, s.assessed)
		}
		if s.after != "" {
			shell(t, node, s.after)
		}
	}
	node.Link().Refuse()
	if status, printed := checked(t, w); status != 1 || !strings.Contains(printed, "pve2") {
		t.Errorf("a node that does not answer: status %d:\n%s", status, printed)
	}
	node.Link().Heal()
	w.Terraform("destroy", "-auto-approve", "-no-color")
}

// checked runs the script of the example in a workspace.
func checked(t *testing.T, w *harness.Workspace) (status int, printed string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "sh", filepath.Join(harness.Examples, "daily-checks", "check.sh"))
	command.Dir, command.Env = w.Dir, w.Environment()
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), out.String()
}

// assessed is what HCP Terraform asks once a day: a plan that only refreshes, and the results of the check blocks.
func assessed(t *testing.T, w *harness.Workspace) (found string) {
	t.Helper()
	w.Terraform("plan", "-refresh-only", "-no-color", "-out=assessment")
	var plan struct {
		Drift []struct {
			Address string
		} `json:"resource_drift"`
		Checks []struct{ Status string }
	}
	if err := json.Unmarshal([]byte(w.Terraform("show", "-json", "assessment")), &plan); err != nil {
		t.Fatal(err)
	}
	if len(plan.Drift) > 0 {
		found = "drift"
	}
	for _, check := range plan.Checks {
		if check.Status != "pass" {
			found += " " + check.Status
		}
	}
	return found
}
