package onnodes

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestForeignGrantIsToldOnce: with enforcement = "warn" a way to root by another file is one warning, in not_enforced,
// and exit code 2, so that a scheduled plan sees it; an apply does not end it. Another grant is one warning and no
// drift.
func TestForeignGrantIsToldOnce(t *testing.T) {
	t.Parallel()
	onEachRelease(t, 1, foreignGrantIsToldOnce)
}

func foreignGrantIsToldOnce(t *testing.T, c *lab.Cluster) {
	t.Helper()
	w := harness.NewWorkspace(t).Quietly().Within()
	write := func(more string) {
		w.Write("main.tf", requirePvesec+config(c)+harness.PolicyConfig(`"/usr/bin/id"`, more))
	}
	planned := func(what string, want int, warnings int, texts ...string) {
		t.Helper()
		code := 0
		output, err := w.Try("plan", "-no-color", "-detailed-exitcode")
		if exit := new(exec.ExitError); errors.As(err, &exit) {
			code = exit.ExitCode()
		}
		said := strings.Join(strings.Fields(output), " ")
		if code != want || strings.Count(said, "Warning: ") != warnings+1 { // one of Terraform's own, about the development override
			t.Errorf("%s: the plan ended with %d and %d warnings, want %d and %d:\n%s", what, code, strings.Count(said, "Warning: ")-1, want, warnings, output)
		}
		for _, text := range texts {
			if !strings.Contains(said, text) {
				t.Errorf("%s: the plan does not say %q:\n%s", what, text, output)
			}
		}
	}
	holds := func(grant string) {
		shell(t, c.Nodes[0], "echo '"+grant+"' >/etc/sudoers.d/zz-emergency; chmod 0440 /etc/sudoers.d/zz-emergency")
	}
	write(`enforcement = "warn"`)
	w.Terraform("apply", "-auto-approve", "-no-color")
	planned("nothing", 0, 0, "No changes.")
	holds("agent ALL=(ALL) ALL")
	for _, time := range []string{"root", "root, once more"} {
		planned(time, 2, 1, "agent is root on pve1 today", "+ not_enforced", "PVESEC-E0001 in /etc/sudoers.d/zz-emergency", "It decides instead of the policy: sudo /usr/bin/id: asks for a password")
		w.Terraform("apply", "-auto-approve", "-no-color")
	}
	write("enforcement = \"warn\"\n  accepted_risks = { \"PVESEC-E0001 in /etc/sudoers.d/zz-emergency\" = \"tonight\" }")
	w.Terraform("apply", "-auto-approve", "-no-color")
	planned("accepted", 0, 1, "agent is root on pve1 today")
	write(`enforcement = "warn"`)
	holds("agent ALL=(root) /usr/bin/uptime")
	w.Terraform("apply", "-auto-approve", "-no-color")
	planned("harmless", 0, 1, "agent has other sudo grants on pve1")
}

// TestPolicyOpensNoRuleOfOthers: an alias that another file uses and none defines is not defined by a policy, which
// would give others what no plan shows. A policy that was applied before the file came is told, and destroyed.
func TestPolicyOpensNoRuleOfOthers(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	w := harness.NewWorkspace(t).Quietly().Within()
	write := func(text string) {
		w.Write("main.tf", requirePvesec+config(c)+`
resource "pvesec_sudoers_policy" "agent" {
  name    = "agent"
  subject = "agent"
  content = "`+text+`agent ALL=(root) /usr/bin/id\n"
}
`)
	}
	const opened, uses = `Cmnd_Alias OPS = /usr/bin/id\n`, "echo 'bob ALL=(root) OPS' >/etc/sudoers.d/bob; chmod 0440 /etc/sudoers.d/bob"
	const told = "The policy defines Cmnd_Alias OPS, which lines of other sudoers files use"
	shell(t, c.Nodes[0], uses)
	write(opened)
	if said := w.Refused("plan"); !strings.Contains(said, told) || !strings.Contains(said, "/etc/sudoers.d/bob:1 on pve1") {
		t.Errorf("the plan says\n%s", said)
	}
	write("")
	w.Terraform("apply", "-auto-approve", "-no-color")
	write(opened)
	if said := w.Refused("plan"); !strings.Contains(said, told) {
		t.Errorf("the changed plan says\n%s", said)
	}
	shell(t, c.Nodes[0], "rm /etc/sudoers.d/bob")
	w.Terraform("apply", "-auto-approve", "-no-color")
	shell(t, c.Nodes[0], uses)
	if said := w.Terraform("plan", "-no-color"); !strings.Contains(said, told) || !strings.Contains(said, "+ refused") {
		t.Errorf("the unchanged plan says\n%s", said)
	}
	write("")
	if said := w.Terraform("plan", "-no-color"); !strings.Contains(said, "The policy no longer defines Cmnd_Alias OPS") || !strings.Contains(said, "/etc/sudoers.d/bob:1 on pve1") {
		t.Errorf("the plan that drops the alias says\n%s", said)
	}
	write(opened)
	w.Terraform("destroy", "-auto-approve", "-no-color")
}
