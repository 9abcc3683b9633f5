package onnodes

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// forOneRun is the example of the ephemeral access on all nodes, with a step of the pipeline that waits until the test
// lets it go.
func forOneRun(t *testing.T, c *lab.Cluster, duration string) string {
	t.Helper()
	text := example(t, filepath.Join(harness.Examples, "ephemeral-resources/pvesec_break_glass/ephemeral-resource.tf"))
	for old, replaced := range map[string]string{
		`"ssh agent@pve1.example.com sudo -n /usr/bin/systemctl restart pveproxy.service"`: `"touch open; while [ ! -e go ]; do sleep 0.1; done; rm go open"`,
		`["/usr/bin/systemctl restart pveproxy.service"]`:                                  `["/usr/bin/id -u"]`,
		`duration = "10m"`:             fmt.Sprintf("duration = %q", duration),
		`  nodes    = ["pve1"]` + "\n": "",
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("the example has no %s", old)
		}
		text = strings.Replace(text, old, replaced, 1)
	}
	return requirePvesec + withoutAPI(c) + text
}

// TestBreakGlassForOneRun applies a configuration with an access for one run on a node of each release: it is open
// while something needs it, in the plan and in the apply under names of its own, and then nothing of it is left. Of a
// run that is killed the nodes end it by themselves.
func TestBreakGlassForOneRun(t *testing.T) {
	t.Parallel()
	var spec lab.ClusterSpec
	for _, suite := range lab.Suites() {
		spec.Nodes = append(spec.Nodes, lab.NodeSpec{Suite: suite})
	}
	c := clusterOf(t, spec)
	w := harness.NewWorkspace(t).Quietly()
	const sudo = "runuser -u agent -- sudo -n id -u"
	before := map[string]string{}
	for _, node := range c.Nodes {
		before[node.Name] = snapshot(t, node)
	}
	isOpen := func() {
		t.Helper()
		for _, node := range c.Nodes {
			if got := shell(t, node, sudo+"; ! runuser -u agent -- sudo -n id -g; ls /etc/sudoers.d"); !strings.HasPrefix(got, "0\n") || strings.Count(got, "zz-pvesec-emergency-tf-run-") != 1 {
				t.Errorf("%s: while the run needs it: %s", node.Name, got)
			}
		}
	}
	isOver := func(node *lab.Node) {
		t.Helper()
		if after := snapshot(t, node); after != before[node.Name] {
			t.Errorf("%s: something is left:\nbefore\n%s\nafter\n%s", node.Name, before[node.Name], after)
		}
		if _, err := node.Shell(t.Context(), sudo); err == nil {
			t.Errorf("%s: agent still has the access", node.Name)
		}
	}

	w.Write("main.tf", forOneRun(t, c, "1h"))
	ended := make(chan error, 1)
	go func() {
		output, err := w.Try("apply", "-auto-approve", "-no-color")
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, output)
		}
		ended <- err
	}()
	untilOpen(t, w, ended)
	isOpen()
	w.Write("go", "")
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, node := range c.Nodes {
		isOver(node)
		events := shell(t, node, "journalctl -t pvesec -o cat --no-pager SYSLOG_FACILITY=4")
		names := map[string]bool{}
		for _, part := range strings.Split(events, `emergency access "`)[1:] {
			name, _, _ := strings.Cut(part, `"`)
			names[name] = true
		}
		if len(names) != 2 || strings.Count(events, "open from") != 2 || strings.Count(events, "ended before its time. Reason: the deployment restarts the proxy") != 2 {
			t.Errorf("%s: the events of a plan and an apply are\n%s", node.Name, events)
		}
	}

	// A run that is killed, with its provider: nobody closes the access.
	w.Write("main.tf", strings.Replace(forOneRun(t, c, "2m"), `resource "terraform_data" "restart"`, `resource "terraform_data" "again"`, 1))
	command := exec.CommandContext(context.WithoutCancel(t.Context()), harness.Terraform, "apply", "-auto-approve", "-no-color")
	command.Dir = w.Dir
	command.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(w.Dir, "cli.tfrc"), "CHECKPOINT_DISABLE=1")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	killed := make(chan error, 1)
	go func() { killed <- command.Wait() }()
	untilOpen(t, w, killed)
	isOpen()
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-killed; err == nil {
		t.Error("the run ended before it was killed")
	}
	w.Write("go", "") // the step of the pipeline has lost its parent
	for _, node := range c.Nodes {
		if got := shell(t, node, "cat /etc/sudoers.d/zz-pvesec-emergency-tf-run-* || true"); !strings.Contains(got, "NOTAFTER=2") {
			t.Errorf("%s: the access is gone before its end: %q", node.Name, got)
		}
	}
	for _, node := range c.Nodes {
		becomes(t, node, "the node ends the access", "! ls /etc/sudoers.d/zz-pvesec-emergency-* && ! ls /etc/systemd/system/pvesec-emergency-*")
		isOver(node)
		becomes(t, node, "the end is marked", `journalctl -t pvesec -o cat --no-pager | grep -q 'emergency access "tf-run-.* of agent: ended at its time'`)
	}
}

// untilOpen waits until a step of a run continues with the access, or the run ends without.
func untilOpen(t *testing.T, w *harness.Workspace, ended chan error) {
	t.Helper()
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		_ = exec.CommandContext(t.Context(), "sh", "-c", "cd "+w.Dir+"; until [ -e open ]; do sleep 0.1; done").Run() // ends with the test
	}()
	select {
	case err := <-ended:
		t.Fatalf("the run ended and opened nothing: %v", err)
	case <-opened:
	}
}
