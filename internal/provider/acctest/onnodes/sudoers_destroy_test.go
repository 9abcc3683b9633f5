package onnodes

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestUnchangedPolicyIsNotRefused: what became a way to root while nobody changed the policy is a warning in every
// plan, with exit code 2, and an error of an apply; a destroy, which plans too, works. A change of the policy is
// refused as before.
func TestUnchangedPolicyIsNotRefused(t *testing.T) {
	t.Parallel()
	const (
		before, after = "2027-03-31T23:00:00Z", "2027-04-01T00:00:00Z"
		accepted      = "accepted_risks = { \"/usr/bin/less\" = \"for the move\" }\n  accepted_until = { \"/usr/bin/less\" = \"2027-03-31\" }"
		over          = "was accepted until 2027-03-31; the reason given was: for the move"
		less          = `"/usr/bin/less /var/log/syslog"`
	)
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite}}})
			node := c.Nodes[0]
			w := harness.NewWorkspace(t).Quietly()
			at := func(moment string) {
				now, err := time.Parse(time.RFC3339, moment)
				if err != nil {
					t.Fatal(err)
				}
				w.At(now)
			}
			policy := func(commands, more string) {
				w.Write("main.tf", requirePvesec+config(c)+harness.PolicyConfig(commands, more))
			}
			apply := func() { t.Helper(); w.Terraform("apply", "-auto-approve", "-no-color") }
			// plan says how a plan ended, and what it said on one line.
			plan := func(args ...string) (code int, said string) {
				t.Helper()
				output, err := w.Try(append([]string{"plan", "-no-color", "-detailed-exitcode"}, args...)...)
				if exit := new(exec.ExitError); errors.As(err, &exit) {
					code = exit.ExitCode()
				}
				return code, strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
			}
			planned := func(what string, want int, texts ...string) {
				t.Helper()
				code, said := plan()
				if code != want {
					t.Errorf("%s: the plan ended with %d, want %d:\n%s", what, code, want, said)
				}
				for _, text := range texts {
					if unwanted, not := strings.CutPrefix(text, "not "); not {
						if strings.Contains(said, unwanted) {
							t.Errorf("%s: the plan says %q:\n%s", what, unwanted, said)
						}
					} else if strings.Count(said, text) != 1 {
						t.Errorf("%s: the plan says %q %d times:\n%s", what, text, strings.Count(said, text), said)
					}
				}
			}
			refused := func(what, want string) {
				t.Helper()
				held := snapshot(t, node)
				if said := w.Refused("apply", "-auto-approve"); !strings.Contains(said, want) || !strings.Contains(said, "Error: ") {
					t.Errorf("%s: the apply does not say %q:\n%s", what, want, said)
				}
				if got := snapshot(t, node); got != held {
					t.Errorf("%s: a refused apply changed the node:\nbefore\n%s\nafter\n%s", what, held, got)
				}
			}
			destroyed := func(what string) {
				t.Helper()
				w.Terraform("destroy", "-auto-approve", "-no-color")
				if got := shell(t, node, "ls /etc/sudoers.d/agent 2>/dev/null || echo gone"); got != "gone" {
					t.Errorf("%s: the destroy left %s", what, got)
				}
			}

			at(before)
			policy(less, accepted)
			apply()
			planned("accepted", 0, "No changes")
			at(after)
			planned("ended", 2, over, "this is only a warning", "+ refused")
			if code, said := plan("-refresh-only"); code == 1 || strings.Count(said, over) != 1 {
				t.Errorf("a plan that only refreshes: %d\n%s", code, said)
			}
			if code, said := plan("-refresh=false"); code != 1 || !strings.Contains(said, over) {
				t.Errorf("a plan that does not refresh: %d\n%s", code, said)
			}
			refused("ended", over)
			policy(less+`, "/usr/bin/id"`, accepted)
			planned("a change with an ended acceptance", 1, "Error: The policy makes \"agent\" root-equivalent")
			policy(less, accepted)
			destroyed("ended")

			at(before)
			apply()
			at(after)
			w.Terraform("taint", harness.PolicyAddress)
			destroyed("tainted")

			at(before)
			apply()
			at(after)
			shell(t, node, "rm /etc/sudoers.d/agent")
			destroyed("gone")

			policy(`"/usr/bin/id"`, "")
			apply()
			shell(t, node, "echo 'agent ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/emergency; chmod 0400 /etc/sudoers.d/agent")
			planned("a foreign grant", 2, "not Together with other sudoers files", "not Other files overrule", "agent is root on pve1 today", "An apply that writes is refused until then", "PVESEC-E0001 in /etc/sudoers.d/emergency", "+ refused", `~ mode = "0400" -> "0440"`, "not newly_allowed")
			refused("a foreign grant", "On pve1, /etc/sudoers.d/emergency, line 1")
			policy(`"/usr/bin/id", "/usr/bin/w"`, "")
			planned("a change beside a foreign grant", 1, "Together with other sudoers files")
			policy(`"/usr/bin/id"`, "")
			destroyed("a foreign grant")
			shell(t, node, "rm /etc/sudoers.d/emergency")

			policy(`"/usr/bin/id", "/usr/bin/w"`, `on_new_access = "deny"`)
			apply()
			shell(t, node, "sed -i 's|, /usr/bin/w||; /bin.w$/d' /etc/sudoers.d/agent")
			planned("less than was applied", 2, "The change allows \"agent\" more", "+ refused")
			refused("less than was applied", "sudo /usr/bin/w")
			shell(t, node, "echo 'Defaults:agent !syslog' >/etc/sudoers.d/quiet")
			planned("a node that logs nothing", 2, "Nothing that agent runs is logged on pve1", "/etc/sudoers.d/quiet:1: !syslog")
			destroyed("less than was applied")

			// What was there before pvesec can be imported and destroyed as it is. An apply that would write it is
			// refused.
			shell(t, node, "rm /etc/sudoers.d/quiet; echo 'agent ALL=(root) NOPASSWD: /usr/bin/less /var/log/syslog' >/etc/sudoers.d/agent; chmod 0440 /etc/sudoers.d/agent")
			policy(less, "")
			w.Write("import.tf", "import {\n  to = "+harness.PolicyAddress+"\n  id = \"agent\"\n}\n")
			w.Terraform("plan", "-destroy", "-no-color") // Terraform plans the file as a new one before
			w.Write("import.tf", "")
			refused("not imported", "root-equivalent")
			w.Terraform("import", "-no-color", harness.PolicyAddress, "agent")
			planned("imported", 2, "root-equivalent", "this is only a warning", "+ refused")
			refused("imported", "root-equivalent")
			policy(less+`, "/usr/bin/id"`, "")
			planned("imported and changed", 1, "Error: The policy makes \"agent\" root-equivalent")
			policy(less, "")
			destroyed("imported")
		})
	}
}

// TestImportedFileComesBack: the plan of a destroy says that an imported file does not come back, unless it does, byte
// by byte as the import found it, whatever was written or applied since.
func TestImportedFileComesBack(t *testing.T) {
	t.Parallel()
	const file = "# by hand\n\nagent  ALL=(root)  NOPASSWD: /usr/bin/id"
	c := cluster(t, 1)
	w := harness.NewWorkspace(t).Quietly().Within()
	shell(t, c.Nodes[0], "cat >/etc/sudoers.d/agent <<'.'\n"+file+"\n.\nchmod 0440 /etc/sudoers.d/agent")
	write := func(more string) {
		w.Write("main.tf", requirePvesec+config(c)+harness.PolicyConfig(`"/usr/bin/id", "/usr/bin/w"`, more))
	}
	const says = "The imported file of sudoers policy \"agent\" does not come back"
	write("")
	w.Terraform("import", "-no-color", harness.PolicyAddress, "agent")
	shell(t, c.Nodes[0], "echo 'agent ALL=(root) NOPASSWD: /usr/bin/who' >>/etc/sudoers.d/agent") // this does not come back
	w.Terraform("apply", "-auto-approve", "-no-color")
	if said := w.Terraform("plan", "-destroy", "-no-color"); strings.Count(said, says) != 1 {
		t.Errorf("the plan of a destroy does not say once that the file does not come back:\n%s", said)
	}
	write("restore_on_destroy = true")
	w.Terraform("apply", "-auto-approve", "-no-color")
	if said := w.Terraform("destroy", "-auto-approve", "-no-color"); strings.Contains(said, says) {
		t.Errorf("said although it comes back:\n%s", said)
	}
	if got := shell(t, c.Nodes[0], "visudo -c >&2 && cat /etc/sudoers.d/agent"); got != file {
		t.Errorf("the node holds\n%s\nwant\n%s", got, file)
	}
}

// TestLintRefusesNoDestroy: a policy that was in force before anybody found fault with its text is told in validation
// and in a plan, which exits with 2; it is destroyed, and something can be taken out of it. A new fault is refused.
func TestLintRefusesNoDestroy(t *testing.T) {
	t.Parallel()
	const faulty = "Defaults env_reset\nagent ALL=(root) /usr/bin/id, /usr/bin/w, BACKUPS\n"
	c := cluster(t, 1)
	w := harness.NewWorkspace(t).Quietly().Within()
	write := func(text string) {
		w.Write("main.tf", requirePvesec+config(c)+fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  subject = \"agent\"\n  content = %q\n}\n", text))
	}
	imported := func() {
		shell(t, c.Nodes[0], "cat >/etc/sudoers.d/agent <<'EOT'\n"+faulty+"EOT\nchmod 0440 /etc/sudoers.d/agent")
		write(faulty)
		w.Terraform("import", "-no-color", harness.PolicyAddress, "agent")
	}
	says := func(what, said string, texts ...string) {
		t.Helper()
		for _, text := range texts {
			if !strings.Contains(said, text) {
				t.Errorf("%s does not say %q:\n%s", what, text, said)
			}
		}
	}
	const unbound, undefined = "the option env_reset is not bound to a user", "Cmnd_Alias BACKUPS is not defined"
	imported()
	says("validation", w.Terraform("validate", "-no-color"), "Warning: Line 1, column 10: "+unbound, undefined, "so it is a warning here")
	says("the plan", w.Terraform("plan", "-no-color"), unbound, undefined, "this is only a warning", "+ refused")
	says("the apply", w.Refused("apply", "-auto-approve"), "Error: ", unbound)
	write("Defaults env_reset, !use_pty\nagent ALL=(root) /usr/bin/id, /usr/bin/w, BACKUPS\n")
	says("a plan of one fault more", w.Refused("plan"), "Error: ", "the option use_pty is not bound to a user")
	write("Defaults env_reset\nagent ALL=(root) /usr/bin/id, BACKUPS\n")
	says("an apply that takes away", w.Terraform("apply", "-auto-approve", "-no-color"), unbound, "This change grants nothing")
	w.Terraform("destroy", "-auto-approve", "-no-color")
	imported()
	w.Terraform("destroy", "-auto-approve", "-no-color")
	if got := shell(t, c.Nodes[0], "ls /etc/sudoers.d/agent 2>/dev/null || echo gone"); got != "gone" {
		t.Errorf("the destroy left %s", got)
	}
}
