package onnodes

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestDailyChecks runs the steps of examples/daily-checks over examples/hardened-node as CI would, and asks Terraform
// what a health assessment asks: nothing to say, drift of a file, records that nobody writes, a check that fails, and a
// node that does not answer.
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
	if found := assessed(t, w); found != "drift: pvesec_sudoers_policy.oncall.change" {
		t.Errorf("right after the apply a health assessment finds %q", found)
	}
	// What the apply changed (change) is null after the next refresh, which an assessment would take for drift until a
	// run has recorded it.
	w.Terraform("apply", "-refresh-only", "-auto-approve", "-no-color")
	if said := quietLines(w.Terraform("plan", "-no-color")); said != "No changes. Your infrastructure matches the configuration." {
		t.Errorf("a plan that changes nothing prints\n%s", said)
	}

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

// checked runs the steps of the workflow that look and that say so, as a runner does, and returns the status of the
// first and what is left to read: the summary of the run and the issue. What the others do needs a registry: they fetch
// the configuration and Terraform.
func checked(t *testing.T, w *harness.Workspace) (status int, printed string) {
	t.Helper()
	workflow := example(t, filepath.Join(harness.Examples, "daily-checks", "workflow.yml"))
	w.Write("check.sh", example(t, filepath.Join(harness.Examples, "daily-checks", "check.sh")))
	w.Write("run-summary.md", "")
	w.Write("issue", "")
	programs := t.TempDir()
	if err := os.WriteFile(filepath.Join(programs, "gh"), []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >issue\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	step := func(name string) int {
		command := exec.CommandContext(t.Context(), "bash", "-e", "-c", stepOf(t, workflow, name))
		command.Dir = w.Dir
		command.Env = append(w.Environment(), "PATH="+programs+":"+os.Getenv("PATH"), "GITHUB_STEP_SUMMARY="+filepath.Join(w.Dir, "run-summary.md"), "GITHUB_REPOSITORY=example/nodes")
		output, err := command.CombinedOutput()
		var ended *exec.ExitError
		if err != nil && !errors.As(err, &ended) {
			t.Fatal(err)
		}
		printed += string(output)
		return command.ProcessState.ExitCode()
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(w.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	status = step("Check")
	printed += read("run-summary.md")
	if status != 0 {
		if ended, issue := step("Open an issue"), read("issue"); ended != 0 || !strings.Contains(issue, "example/nodes\n--title\nDaily checks of 2") || !strings.HasSuffix(issue, "--body-file\nsummary.md\n") {
			t.Errorf("the issue, status %d:\n%s", ended, issue)
		}
		if body := read("summary.md"); body == "" || len(body) > 60000 || !strings.HasPrefix(read("run-summary.md"), body) {
			t.Errorf("the issue has %d bytes", len(body))
		}
	}
	return status, printed
}

// stepOf is the script of a step of a workflow.
func stepOf(t *testing.T, workflow, name string) string {
	t.Helper()
	_, step, found := strings.Cut(workflow, "\n      - name: "+name+"\n")
	step, _, _ = strings.Cut(step, "\n      - ")
	_, script, runs := strings.Cut(step, "\n        run: |\n")
	if !found || !runs || script == "" {
		t.Fatalf("the workflow has no step %q that runs something", name)
	}
	return strings.ReplaceAll("\n"+script, "\n          ", "\n")
}

// assessed is what HCP Terraform asks once a day: a plan that only refreshes, and the results of the check blocks.
func assessed(t *testing.T, w *harness.Workspace) (found string) {
	t.Helper()
	w.Terraform("plan", "-refresh-only", "-no-color", "-out=assessment")
	var plan struct {
		Drift []struct {
			Address string
			Change  struct{ Before, After map[string]any }
		} `json:"resource_drift"`
		Checks []struct{ Status string }
	}
	if err := json.Unmarshal([]byte(w.Terraform("show", "-json", "assessment")), &plan); err != nil {
		t.Fatal(err)
	}
	for _, drift := range plan.Drift {
		for _, name := range slices.Sorted(maps.Keys(drift.Change.Before)) {
			if !reflect.DeepEqual(drift.Change.Before[name], drift.Change.After[name]) {
				found += "drift: " + drift.Address + "." + name
			}
		}
	}
	for _, check := range plan.Checks {
		if check.Status != "pass" {
			found += " " + check.Status
		}
	}
	return found
}

// quietLines is what a plan prints beside its progress, the note on the provider of the test, and Terraform's
// explanation of "No changes".
func quietLines(printed string) string {
	var kept []string
	for line := range strings.Lines(printed) {
		line = strings.TrimSpace(line)
		if line != "" && !progressLine.MatchString(line) {
			kept = append(kept, line)
		}
	}
	said := strings.Join(kept, "\n")
	said, _, _ = strings.Cut(said, "\nTerraform has compared your real infrastructure")
	return overridesNote.ReplaceAllString(said, "")
}

var (
	progressLine  = regexp.MustCompile(`: (Refreshing state\.\.\.|Reading\.\.\.|Still reading|Read complete after)`)
	overridesNote = regexp.MustCompile(`(?s)^Warning: Provider development overrides are in effect.*?published\nreleases\.\n`)
)
