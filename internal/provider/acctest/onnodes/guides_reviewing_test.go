package onnodes

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// shownPlan is what Terraform prints of a plan from its first resource or error on, without what it says in every plan.
func shownPlan(printed string) string {
	begin := strings.Index(printed, "\n  # pvesec_")
	if begin < 0 {
		begin = strings.Index(printed, "\nError: ")
	}
	shown, _, _ := strings.Cut(printed[max(begin, 0):], "\n─────")
	var lines []string
	for line := range strings.Lines(shown) {
		lines = append(lines, strings.TrimRight(line, " \n"))
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n") + "\n"
}

// TestReviewingGuide makes the plans that the guide "Review a plan" explains: what the page shows is what Terraform
// printed.
func TestReviewingGuide(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	w := harness.NewWorkspace(t).Quietly().Within()
	w.Write("provider.tf", requirePvesec+config(c))
	write := func(commands ...string) {
		for i := range commands {
			commands[i] = fmt.Sprintf("%q", commands[i])
		}
		w.Write("main.tf", regexp.MustCompile(`commands = \[.*\]`).ReplaceAllLiteralString(blocks(t, "reviewing.md", "terraform")[0], "commands = ["+strings.Join(commands, ", ")+"]"))
	}
	const power, list = "/usr/sbin/qm ^(start|status) 2[0-9]{3}$", "/usr/sbin/qm list"
	compare := func(name, printed string) {
		t.Helper()
		file, shown := filepath.Join(harness.Examples, "review", "read", name+".txt"), shownPlan(printed)
		if os.Getenv(updatePlans) != "" {
			if err := os.WriteFile(file, []byte(shown), 0o644); err != nil {
				t.Error(err)
			}
			return
		}
		recorded, err := os.ReadFile(file)
		if err != nil || string(recorded) != shown {
			t.Errorf("the guide does not show this plan: %v. If it is meant so, run the test with %s=1, then make generate. Terraform printed\n%s", err, updatePlans, shown)
		}
	}

	write(power, list)
	compare("new", w.Terraform("plan", "-no-color"))
	w.Terraform("apply", "-auto-approve", "-no-color")

	write(power, list, "/usr/sbin/qm ^snapshot 2[0-9]{3} night-[0-9]{1,8}$")
	compare("wider", w.Terraform("plan", "-no-color"))

	write(power, list, "/usr/sbin/qm set *")
	printed, err := w.Try("plan", "-no-color")
	if err == nil {
		t.Errorf("a way to root is planned:\n%s", printed)
	}
	compare("refused", printed)

	shell(t, c.Nodes[0], `echo 'agent ALL=(root) NOPASSWD: /usr/sbin/qm set *' >>/etc/sudoers.d/agent`)
	shell(t, c.Nodes[1], `echo 'agent ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/emergency`)
	write(power, list)
	compare("drift", w.Terraform("plan", "-no-color"))
}
