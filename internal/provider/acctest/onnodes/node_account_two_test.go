package onnodes

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestNodeAccountOfTwo: two workspaces change accounts of the same nodes at once, each its own; of one account only the
// first is made, and the other workspace is told. An account whose groups differ from node to node is imported as it
// is, and the plan shows the difference.
func TestNodeAccountOfTwo(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	shell(t, c.Nodes[0], "useradd -m -s /bin/bash -G operators nightowl")
	shell(t, c.Nodes[1], "useradd -m -s /bin/bash -G games nightowl")
	workspace := func(config string) *harness.Workspace {
		w := harness.NewWorkspace(t).Quietly()
		w.Write("main.tf", config)
		return w
	}
	owl := func(more string) string {
		return requirePvesec + config(c) + accountConfig("  groups = [\"operators\"]\n  shell = \"/bin/bash\"\n"+more)
	}
	lark := requirePvesec + config(c) + strings.ReplaceAll(accountConfig("  groups = [\"games\"]"), "nightowl", "lark")
	unchanged := func(w *harness.Workspace) {
		t.Helper()
		if output, err := w.Try("plan", "-no-color", "-detailed-exitcode"); err != nil {
			t.Errorf("the plan is not empty: %v\n%s", err, output)
		}
	}

	first := workspace(owl(""))
	first.Terraform("import", "-no-color", "pvesec_node_account.nightowl", "nightowl")
	if output := first.Terraform("plan", "-no-color"); !strings.Contains(output, `- "games",`) || !strings.Contains(output, `+ "operators",`) || strings.Contains(output, "must be replaced") {
		t.Errorf("the plan does not show the groups of pve2:\n%s", output)
	}
	first.Terraform("apply", "-auto-approve", "-no-color")
	unchanged(first)
	for _, node := range c.Nodes {
		if got := shell(t, node, "id -nG nightowl"); got != "nightowl operators" {
			t.Errorf("%s: nightowl is in %s", node.Name, got)
		}
	}
	if said := workspace(owl("")).Refused("apply", "-auto-approve"); !strings.Contains(said, "exists on pve1 already") {
		t.Errorf("another workspace takes the account: %s", said)
	}

	// Both at once: a change of one account, and twice the same new one.
	first.Write("main.tf", owl("  comment = \"Night shift\"\n"))
	type ended struct {
		w      *harness.Workspace
		output string
		err    error
	}
	results := make(chan ended, 3)
	for _, w := range []*harness.Workspace{first, workspace(lark), workspace(lark)} {
		go func() {
			output, err := w.Try("apply", "-auto-approve", "-no-color")
			results <- ended{w, output, err}
		}()
	}
	made := 0
	for range cap(results) {
		switch one := <-results; {
		case one.err == nil:
			unchanged(one.w)
			made++
		case one.w == first || !strings.Contains(one.output, "exists on pve"):
			t.Errorf("a workspace failed: %v\n%s", one.err, one.output)
		}
	}
	if made != 2 {
		t.Errorf("%d workspaces succeeded", made)
	}
	for _, node := range c.Nodes {
		if got := shell(t, node, "getent passwd nightowl | cut -d: -f 5; id -nG lark"); got != "Night shift\nlark games" {
			t.Errorf("%s: %s", node.Name, got)
		}
	}
	first.Terraform("destroy", "-auto-approve", "-no-color")
	for _, node := range c.Nodes {
		if got := shell(t, node, "id -nG lark; id nightowl 2>&1 || true"); !strings.HasPrefix(got, "lark games\n") {
			t.Errorf("%s: after the destroy of the first: %s", node.Name, got)
		}
	}
}
