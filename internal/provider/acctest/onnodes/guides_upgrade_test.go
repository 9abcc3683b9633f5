package onnodes

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestUpgradeGuide does what the guide of the upgrade says with a node that becomes one of Proxmox VE 9: another node
// takes its place, with what pvesec left on it. The plan before is empty, and so is the one after.
func TestUpgradeGuide(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve1", Suite: lab.Bookworm}, {Name: "upgraded", Suite: lab.Trixie}}})
	configurations, commands := blocks(t, "pve-upgrade.md", "terraform"), blocks(t, "pve-upgrade.md", "shell")
	if len(configurations) != 1 || !slices.Equal(commands, []string{"terraform plan -detailed-exitcode\n", "terraform plan -detailed-exitcode\n"}) {
		t.Fatalf("the guide has %q and %q", configurations, commands)
	}
	w := harness.NewWorkspace(t).Quietly().Within()
	at := func(node *lab.Node, port int) {
		w.Write("main.tf", requirePvesec+configWith(c, connection{nodes: fmt.Sprintf("node {\n    name    = \"pve1\"\n    address = %q\n    port    = %d\n  }\n", node.Address, port)})+
			configurations[0]+"\nresource \"pvesec_audit_logging\" \"agent\" {\n  subjects       = [\"agent\"]\n  on_unreachable = \"skip\"\n}\n")
	}
	old, upgraded := c.Nodes[0], c.Nodes[1]
	at(old, lab.SSHPort)
	w.Terraform("apply", "-auto-approve", "-no-color")
	w.Terraform(strings.Fields(commands[0])[1:]...)

	at(old, 1) // while it is being upgraded
	if printed := w.Terraform("plan", "-no-color"); !strings.Contains(printed, "pve1") || !strings.Contains(printed, "skip") {
		t.Errorf("a node that is down is not named:\n%s", printed)
	}

	kept := shell(t, old, "cd / && tar -cz etc/sudoers.d etc/logrotate.d/pvesec-* $(find etc/systemd/system -name '*pvesec*') var/lib/pvesec-* var/log/sudo* var/log/pvesec* | base64 -w 0")
	shell(t, upgraded, "cd / && base64 -d <<'E' | tar -xz\n"+kept+"\nE\nsystemctl daemon-reload && systemctl start pvesec-security-pvesec.service pvesec-recordings-pvesec.timer; install -m 755 /bin/true /usr/sbin/qm")
	at(upgraded, lab.SSHPort)
	w.Terraform(strings.Fields(commands[1])[1:]...)
	if got := shell(t, upgraded, "sudo -V | head -n 1; runuser -u agent -- sudo -n -l /usr/sbin/qm start 2001"); !strings.Contains(got, "1.9.16") || !strings.Contains(got, "/usr/sbin/qm start 2001") {
		t.Errorf("the upgraded node says %s", got)
	}
}
