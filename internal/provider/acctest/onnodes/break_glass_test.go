package onnodes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// withoutAPI is a provider block that reaches the nodes and no API.
func withoutAPI(c *lab.Cluster) string {
	var nodes strings.Builder
	for _, node := range c.Nodes {
		fmt.Fprintf(&nodes, "  node {\n    name    = %q\n    address = %q\n  }\n", node.Name, node.Address)
	}
	return fmt.Sprintf("provider \"pvesec\" {\n  ssh {\n    user        = \"root\"\n    port        = %d\n    private_key = <<-EOT\n%s\nEOT\n    known_hosts = <<-EOT\n%s\nEOT\n  }\n%s}\n",
		lab.SSHPort, strings.TrimSpace(string(c.SSHKeyPEM)), strings.TrimSpace(c.KnownHosts()), nodes.String())
}

// startGuest has agent start a guest with sudo, as qm does: it is in the group of guests, has sudo's environment, and
// sudo does not wait for it.
const startGuest = `runuser -u agent -- sudo -n sh -c 'trap "" HUP; setsid systemd-run --quiet --scope --slice=qemu.slice --unit=100 sleep 7100 >/dev/null 2>&1 </dev/null &' >/dev/null 2>&1 </dev/null`

// becomes waits until a script on a node succeeds.
func becomes(t *testing.T, node *lab.Node, what, script string) {
	t.Helper()
	deadline, pause := time.Now().Add(5*time.Minute), 500*time.Millisecond
	if node.Kernel {
		pause = 2 * time.Second // a look takes a tenth of a second of a processor
	}
	for {
		_, err := node.Shell(t.Context(), script)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s: %v", node.Name, what, err)
		}
		time.Sleep(pause)
	}
}

// byHand follows the printed page of the guide to the letter: it opens an access as root, and closes it.
func byHand(t *testing.T, c *lab.Cluster, sudo string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(harness.Root, "docs/guides/emergencies.md"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for i, part := range strings.Split(string(page), "```") {
		if i%2 == 1 {
			lines = append(lines, strings.TrimPrefix(part, "shell\n"))
		}
	}
	if len(lines) != 3 || strings.Count(lines[0], "\n") != 1 || !strings.HasPrefix(lines[0], "u=alice ") {
		t.Fatalf("the page has %q", lines)
	}
	for _, node := range c.Nodes {
		shell(t, node, strings.Replace(lines[0], "u=alice ", "u=agent ", 1))
		if got := shell(t, node, sudo+"; stat -c '%a %U %G' /etc/sudoers.d/zz-pvesec-emergency-by-hand; systemctl list-timers --no-pager"); !strings.HasPrefix(got, "0\n440 root root\n") || !strings.Contains(got, "run-") {
			t.Errorf("%s: opened by hand: %s", node.Name, got)
		}
		shell(t, node, `setsid runuser -u agent -- sudo -n sleep 7003 >/dev/null 2>&1 </dev/null &`)
		shell(t, node, startGuest)
		becomes(t, node, "the session runs", "pgrep -f 'sleep 7003$' && grep -q /qemu.slice/100.scope /proc/$(pgrep -fx '(.*/)?sleep 7100')/cgroup && grep -q SUDO_UID= /proc/$(pgrep -fx '(.*/)?sleep 7100')/environ")
		shell(t, node, lines[1])
		shell(t, node, lines[2])
		becomes(t, node, "the session ends", "! pgrep -f 'sleep 7003$'")
		if _, err := node.Shell(t.Context(), "pkill -fx '(.*/)?sleep 7100'"); err != nil {
			t.Errorf("%s: the page ended a guest: %v", node.Name, err)
		}
		if got := shell(t, node, sudo+" && echo allowed || true; journalctl -t pvesec -o cat --no-pager"); strings.Contains(got, "allowed\n") || !strings.Contains(got, "by hand of agent until 2") || !strings.Contains(got, "closed by hand") {
			t.Errorf("%s: closed by hand: %s", node.Name, got)
		}
	}
}

// TestBreakGlassLifeCycle opens an emergency access on a node of each release without an API, has it end by the node's
// timer on one and by sudo alone on the other, opens it again, and destroys it while the subject has a root shell.
func TestBreakGlassLifeCycle(t *testing.T) {
	t.Parallel()
	var spec lab.ClusterSpec
	for _, suite := range lab.Suites() {
		spec.Nodes = append(spec.Nodes, lab.NodeSpec{Suite: suite})
	}
	c := clusterOf(t, spec)
	w := harness.NewWorkspace(t).Quietly().Within()
	configured := func(more string) {
		w.Write("main.tf", requirePvesec+withoutAPI(c)+"resource \"pvesec_break_glass\" \"db\" {\n  name = \"db\"\n  subject = \"agent\"\n  reason = \"the node's database is down\"\n  ticket = \"OPS-7\"\n"+
			"  all_commands = true\n  require_password = false\n"+more+"}\n")
	}
	const (
		file = "/etc/sudoers.d/zz-pvesec-emergency-db"
		sudo = "runuser -u agent -- sudo -n id -u"
	)
	empty := func(says string) {
		t.Helper()
		output, err := w.Try("plan", "-no-color", "-detailed-exitcode")
		if err != nil || !strings.Contains(output, says) {
			t.Fatalf("the plan is not empty or does not say %q: %v\n%s", says, err, output)
		}
	}
	before := map[string]string{}
	for _, node := range c.Nodes {
		before[node.Name] = snapshot(t, node)
	}

	byHand(t, c, sudo)
	configured("  duration = \"1h\"\n")
	w.Terraform("apply", "-auto-approve", "-no-color")
	for _, node := range c.Nodes {
		if got := shell(t, node, sudo+"; find /var/log/sudo-io -name 'tty*' | wc -l; journalctl -t pvesec -o cat --no-pager SYSLOG_FACILITY=4"); !strings.HasPrefix(got, "0\n") ||
			strings.HasPrefix(got, "0\n0\n") || !strings.Contains(got, "open from") || !strings.Contains(got, "Reason: the node's database is down. Ticket: OPS-7") {
			t.Errorf("%s: with the access, agent has:\n%s", node.Name, got)
		}
	}
	state, err := os.ReadFile(filepath.Join(w.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"status": "running"`, `"granted_at": "2`, `"begins_at": "2`, `"expires_at": "2`, `"clock_skew": "`, `"starts_at": null`, `"findings": [`} {
		if !strings.Contains(string(state), want) {
			t.Errorf("no %s in the state:\n%s", want, state)
		}
	}
	empty("left")

	timed, untimed := c.Nodes[0], c.Nodes[1]
	const dropIn = "/run/systemd/system/pvesec-emergency-ends-db.service.d"
	shell(t, untimed, "mkdir -p "+dropIn+"; printf '[Unit]\\nConditionPathExists=/nowhere\\n' >"+dropIn+"/never.conf; systemctl daemon-reload")
	configured("  duration = \"1m\"\n  renew_id = \"2\"\n")
	w.Terraform("apply", "-auto-approve", "-no-color")
	becomes(t, timed, "the timer takes the files away", "test ! -e "+file+" && test ! -e /etc/systemd/system/pvesec-emergency-ends-db.service")
	if after := snapshot(t, timed); after != before[timed.Name] {
		t.Errorf("the end left something behind:\nbefore\n%s\nafter\n%s", before[timed.Name], after)
	}
	becomes(t, timed, "the end is marked", `journalctl -t pvesec -o cat --no-pager | grep -q 'emergency access "db" of agent: ended at its time'`)
	becomes(t, untimed, "sudo refuses without the timer", "test -e "+file+" && ! "+sudo)
	// Two minutes after the end the file of the node without a timer is a change of the plan.
	if output, err := w.Try("plan", "-no-color", "-detailed-exitcode"); !strings.Contains(output, "has ended") || err != nil && !strings.Contains(output, file+": still there") {
		t.Fatalf("the plan does not say that the access has ended: %v\n%s", err, output)
	}
	shell(t, untimed, "rm -r "+dropIn+"; systemctl daemon-reload")

	configured("  duration = \"1h\"\n  renew_id = \"3\"\n  end_sessions = true\n")
	w.Terraform("apply", "-auto-approve", "-no-color")
	for _, node := range c.Nodes {
		shell(t, node, `setsid runuser -u agent -- sudo -n sh -c 'trap "" TERM; setsid sleep 7001 & env -i sleep 7002' >/dev/null 2>&1 </dev/null &`)
		// A sudo that runs something is root's, and its command may have no environment.
		shell(t, node, `setsid runuser -u agent -- sh -c 'sudo -n env -i sleep 7003; :' >/dev/null 2>&1 </dev/null &`)
		shell(t, node, startGuest)
		becomes(t, node, "the session runs", "pgrep -fx 'sleep 7001' && pgrep -fx 'sleep 7002' && pgrep -fx 'sleep 7003' && grep -q /qemu.slice/100.scope /proc/$(pgrep -fx '(.*/)?sleep 7100')/cgroup && grep -q SUDO_UID= /proc/$(pgrep -fx '(.*/)?sleep 7100')/environ")
	}
	w.Terraform("destroy", "-auto-approve", "-no-color")
	for _, node := range c.Nodes {
		if _, err := node.Shell(t.Context(), "pkill -fx '(.*/)?sleep 7100'"); err != nil {
			t.Errorf("%s: the guest has ended with the access: %v", node.Name, err)
		}
		becomes(t, node, "the guest ends", "! systemctl --quiet is-active 100.scope")
		if after := snapshot(t, node); after != before[node.Name] {
			t.Errorf("%s: destroy left something behind:\nbefore\n%s\nafter\n%s", node.Name, before[node.Name], after)
		}
		if got := shell(t, node, "pgrep -fl 'sleep 700' | grep -v pgrep || true; "+sudo+" && echo allowed || true; journalctl -t pvesec -o cat --no-pager | tail -n 2"); strings.Contains(got, "sleep") ||
			strings.Contains(got, "allowed") || !strings.Contains(got, "ended before its time") || !strings.Contains(got, "processes of sudo") {
			t.Errorf("%s: after the destroy:\n%s", node.Name, got)
		}
	}
}
