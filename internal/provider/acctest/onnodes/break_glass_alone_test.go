package onnodes

import (
	"net"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestBreakGlassAlone opens and closes an access where nothing else works: an API that refuses connections, an /etc/pve
// that is read-only and answers no question about the cluster, one node off and one that does not answer.
func TestBreakGlassAlone(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}, {}, {}}})
	alive := c.Nodes[:2]
	for _, node := range alive {
		shell(t, node, "mkdir -p /etc/pve && mount -t tmpfs -o ro none /etc/pve && ! touch /etc/pve/x")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "https://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	w := harness.NewWorkspace(t).Quietly().Within()
	w.Write("main.tf", requirePvesec+strings.Replace(withoutAPI(c), "provider \"pvesec\" {\n", "provider \"pvesec\" {\n  endpoint = \""+endpoint+"\"\n  api_token = \"root@pam!run=00000000-0000-0000-0000-000000000000\"\n", 1)+
		"resource \"pvesec_break_glass\" \"db\" {\n  name = \"db\"\n  subject = \"agent\"\n  reason = \"no quorum\"\n  all_commands = true\n  require_password = false\n  duration = \"1h\"\n}\n")
	c.Nodes[2].Kill()
	c.Nodes[3].Link().Cut()

	const sudo = "runuser -u agent -- sudo -n id -u"
	if output := w.Terraform("apply", "-auto-approve", "-no-color"); !strings.Contains(output, "Unable to reach pve3, pve4, skipped") {
		t.Errorf("nothing is said of the nodes that do not answer:\n%s", output)
	}
	for _, node := range alive {
		if got := shell(t, node, sudo); got != "0" {
			t.Errorf("%s: with the access: %s", node.Name, got)
		}
	}
	if output := w.Terraform("plan", "-no-color"); strings.Count(output, " left\n") != len(alive) {
		t.Errorf("the plan does not say what is left on the nodes that answer:\n%s", output)
	}
	if output := w.Refused("destroy", "-auto-approve"); !strings.Contains(output, "pve3") || !strings.Contains(output, "pve4") {
		t.Errorf("the destroy names no node that does not answer: %s", output)
	}
	for _, node := range alive {
		if _, err := node.Shell(t.Context(), "test -e /etc/sudoers.d/zz-pvesec-emergency-db || "+sudo); err == nil {
			t.Errorf("%s: the access is open", node.Name)
		}
	}
	c.Nodes[3].Link().Heal()
	if err := c.Nodes[2].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Terraform("destroy", "-auto-approve", "-no-color")
}
