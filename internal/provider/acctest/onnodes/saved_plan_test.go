package onnodes

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

const requirePvesec = "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\n"

// TestSavedPlan: what a reviewer saw in a plan file is what an apply of it does, in another directory too, or it does
// nothing and says why.
func TestSavedPlan(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	pve1, pve2 := c.Nodes[0], c.Nodes[1]
	w := harness.NewWorkspace(t)
	policy := func(commands string) {
		w.Write("main.tf", requirePvesec+config(c)+harness.PolicyConfig(commands, "exclusive = true"))
	}
	grant := func(name string) string {
		shell(t, pve2, "umask 337; echo 'agent ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/"+name)
		return "/etc/sudoers.d/" + name + ":1: agent ALL=(ALL) NOPASSWD: ALL"
	}
	unchanged := func(during string, act func()) {
		t.Helper()
		before := snapshot(t, pve1) + snapshot(t, pve2)
		act()
		if after := snapshot(t, pve1) + snapshot(t, pve2); after != before {
			t.Errorf("%s changed a node:\nbefore\n%s\nafter\n%s", during, before, after)
		}
	}
	names := func(output string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(output, text) {
				t.Errorf("no %q in:\n%s", text, output)
			}
		}
	}

	// A policy that is new.
	policy(`"/usr/bin/id"`)
	shown := grant("shown")
	w.Terraform("plan", "-out=plan")
	names(w.Terraform("show", "-json", "plan"), `"removed_grants":{"pve2":["`+shown+`"]}`)
	late := grant("late")
	unchanged("a refused create", func() { names(w.Refused("apply", "plan"), "removed_grants", late) })
	w.Terraform("plan", "-out=plan")
	shell(t, pve2, "rm /etc/sudoers.d/shown") // Terraform holds every value to the plan of a policy that is new
	unchanged("a refused create", func() { names(w.Refused("apply", "plan"), "removed_grants") })
	w.Terraform("plan", "-out=plan")
	w = w.Moved()
	w.Terraform("apply", "plan")
	if got := shell(t, pve2, "cat /etc/sudoers.d/agent; ls /etc/sudoers.d"); !strings.Contains(got, "/usr/bin/id") || strings.Contains(got, "late") {
		t.Errorf("pve2 has %s", got)
	}
	names(w.Terraform("plan", "-detailed-exitcode"), "No changes")

	// A change of it.
	policy(`"/usr/bin/id", "/usr/bin/w"`)
	shown = grant("shown")
	w.Terraform("plan", "-out=plan")
	names(w.Terraform("show", "-json", "plan"), `"removed_grants":{"pve2":["`+shown+`"]}`)
	late = grant("later")
	unchanged("a refused update", func() { names(w.Refused("apply", "plan"), "pve2", late, "the plan did not show", "Plan again") })
	shell(t, pve2, "rm /etc/sudoers.d/later")
	w.Terraform("plan", "-out=plan") // a failed apply makes a plan stale
	shell(t, pve1, "echo '# edited' >>/etc/sudoers.d/agent")
	unchanged("a refused update", func() { names(w.Refused("apply", "plan"), "pve1", "/etc/sudoers.d/agent") })
	w.Terraform("plan", "-out=plan")
	shell(t, pve2, "rm /etc/sudoers.d/shown") // somebody was faster: nothing is left to remove
	w = w.Moved()
	w.Terraform("apply", "plan")
	names(w.Terraform("plan", "-detailed-exitcode"), "No changes")

	// What is planned anew while a plan is applied must not depend on when.
	w.Terraform("plan", "-destroy", "-out=plan")
	w.Terraform("apply", "plan")
	if got := shell(t, pve2, "ls /etc/sudoers.d"); strings.Contains(got, "agent") {
		t.Errorf("destroy left %s", got)
	}
}
