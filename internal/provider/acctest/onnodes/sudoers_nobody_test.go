package onnodes

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestSubjectsThatReachNobody: on both releases the plan of a policy says that its subject has no account, that its
// group does not exist, or that nobody is in it, before the apply and at each refresh. An account that comes with the
// same run is none of them.
func TestSubjectsThatReachNobody(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	for _, node := range c.Nodes {
		shell(t, node, "groupadd idle; groupadd primary; useradd -g primary erin")
	}
	policy := func(name, subject string) string {
		return "resource \"pvesec_sudoers_policy\" \"" + name + "\" {\n  name    = \"" + name + "\"\n  subject = " + subject + "\n  rule { commands = [\"/usr/bin/id\"] }\n}\n"
	}
	w := harness.NewWorkspace(t).Quietly().Within()
	w.Write("main.tf", requirePvesec+config(c)+policy("ghost", `"ghost"`)+policy("nogroup", `"%gone"`)+policy("idle", `"%idle"`)+policy("primary", `"%primary"`)+policy("agent", `"agent"`)+
		"resource \"pvesec_node_account\" \"coming\" {\n  name = \"coming\"\n}\n"+policy("coming", "pvesec_node_account.coming.name"))
	warns := func(when string, args ...string) {
		t.Helper()
		said := strings.Join(strings.Fields(w.Terraform(append(args, "-no-color")...)), " ")
		for _, text := range []string{"Warning: ghost has no account on pve1, pve2", "Warning: %gone does not exist on pve1, pve2", "Warning: %idle has no members on pve1, pve2"} {
			if !strings.Contains(said, text) {
				t.Errorf("%s: no %q in\n%s", when, text, said)
			}
		}
		for _, name := range []string{"agent", "coming", "%primary"} {
			if strings.Contains(said, "Warning: "+name) {
				t.Errorf("%s: %s reaches somebody:\n%s", when, name, said)
			}
		}
	}
	warns("new", "plan")
	w.Terraform("apply", "-auto-approve", "-no-color")
	warns("unchanged", "plan", "-detailed-exitcode")
}
