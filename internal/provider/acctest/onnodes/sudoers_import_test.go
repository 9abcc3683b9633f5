package onnodes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestImportThenPresets is the walk of an administrator with an existing file, on both releases: an import with
// generated configuration plans nothing, and rewritten with a preset the plan says what is new.
func TestImportThenPresets(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	const file = "# by hand, before pvesec\nagent ALL=(root) NOPASSWD: /usr/bin/uptime, \\\n\t/usr/sbin/qm ^status 2[0-9]{3}$\n"
	for _, node := range c.Nodes {
		shell(t, node, "umask 337; cat >/etc/sudoers.d/agent <<'EOF'\n"+file+"EOF")
	}
	before := shell(t, c.Nodes[0], "cat /etc/sudoers.d/agent") + shell(t, c.Nodes[1], "cat /etc/sudoers.d/agent")
	w := harness.NewWorkspace(t).Quietly().Within()
	w.Write("main.tf", requirePvesec+config(c)+"import {\n  to = pvesec_sudoers_policy.agent\n  id = \"agent\"\n}\n")
	const nothing = "1 to import, 0 to add, 0 to change, 0 to destroy"
	if printed := w.Terraform("plan", "-no-color", "-generate-config-out=generated.tf"); !strings.Contains(printed, nothing) {
		t.Fatalf("the generated configuration is not what is there:\n%s", printed)
	}
	w.Terraform("apply", "-auto-approve", "-no-color")
	w.Terraform("plan", "-detailed-exitcode", "-no-color")
	if after := shell(t, c.Nodes[0], "cat /etc/sudoers.d/agent") + shell(t, c.Nodes[1], "cat /etc/sudoers.d/agent"); after != before {
		t.Errorf("an import changed the file:\n%s", after)
	}

	if err := os.Remove(filepath.Join(w.Dir, "generated.tf")); err != nil {
		t.Fatal(err)
	}
	w.Write("main.tf", requirePvesec+config(c)+`
data "pvesec_sudoers_document" "agent" {
  preset { name = "monitoring" }
  rule {
    commands = ["/usr/bin/uptime", "/usr/sbin/qm ^status 2[0-9]{3}$"]
    nopasswd = true
  }
}

resource "pvesec_sudoers_policy" "agent" {
  name     = "agent"
  subject  = "agent"
  document = data.pvesec_sudoers_document.agent.json
}
`)
	printed := w.Terraform("plan", "-no-color", "-out=plan")
	if !strings.Contains(printed, `+ "sudo /usr/bin/dmesg -T",`) || !strings.Contains(printed, "+ no_longer_allowed = []") || strings.Contains(printed, `+ "sudo /usr/bin/uptime",`) {
		t.Errorf("the plan does not say what the preset adds, or says that what was there is new:\n%s", printed)
	}
	w.Terraform("apply", "-no-color", "plan")
	w.Terraform("plan", "-detailed-exitcode", "-no-color")
	for _, node := range c.Nodes {
		for _, command := range []string{"/usr/bin/uptime", "/usr/bin/dmesg -T"} {
			shell(t, node, "sudo -l -U agent "+command)
		}
	}
}
