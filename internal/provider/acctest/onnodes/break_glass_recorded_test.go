package onnodes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestBreakGlassIsRecorded: beside audit logging, the security log has the begin and the end of an access with its
// reason, the recording has what went in and out, and the effective access of the subject has the path to root. A begin
// to come is refused where sudo pays no heed to it, and held back elsewhere.
func TestBreakGlassIsRecorded(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite}}})
			pve := c.Nodes[0]
			w := harness.NewWorkspace(t).Quietly().Within()
			write := func(more string) {
				w.Write("main.tf", requirePvesec+config(c)+harness.AuditConfig("io_logs {\n    input = true\n  }")+
					"resource \"pvesec_break_glass\" \"db\" {\n  name = \"db\"\n  subject = \"agent\"\n  reason = \"the database is down\"\n  all_commands = true\n  require_password = false\n"+
					"  duration = \"1h\"\n  depends_on = [pvesec_audit_logging.ops]\n"+more+"}\n"+
					"data \"pvesec_effective_access\" \"agent\" {\n  subjects = [\"agent\"]\n  depends_on = [pvesec_break_glass.db]\n}\n"+
					"output \"paths\" { value = join(\"\\n\", data.pvesec_effective_access.agent.paths[*].text) }\n")
			}
			const sudo = "runuser -u agent -- sudo -n sh -c 'cat; echo printed'"
			write(fmt.Sprintf("  starts_at = %q\n", time.Now().Add(time.Hour).UTC().Format(time.RFC3339)))
			if suite == lab.Trixie {
				if said := w.Refused("apply", "-auto-approve"); !strings.Contains(said, "pve1 would open the access at once") {
					t.Errorf("a begin to come: %s", said)
				}
			} else {
				w.Terraform("apply", "-auto-approve", "-no-color")
				if _, err := pve.Shell(t.Context(), sudo+" </dev/null"); err == nil {
					t.Error("sudo does not wait for the begin")
				}
				if output := w.Terraform("plan", "-no-color"); !strings.Contains(output, "Emergency access of agent is open") || !strings.Contains(output, "pve1: from 2") {
					t.Errorf("the plan does not say when the access begins:\n%s", output)
				}
			}
			write("  renew_id = \"2\"\n")
			if output := w.Terraform("apply", "-auto-approve", "-no-color"); !strings.Contains(output, "zz-pvesec-emergency-db") {
				t.Errorf("the effective access does not have it:\n%s", output)
			}
			shell(t, pve, "echo typed | "+sudo)
			for name, want := range map[string]string{"stdin": "typed", "stdout": "printed"} {
				if got := shell(t, pve, "find /var/log -path '*sudo*' -name "+name+" -exec zcat -f {} +"); !strings.Contains(got, want) {
					t.Errorf("the recording of %s is %q", name, got)
				}
			}
			w.Terraform("destroy", "-target=pvesec_break_glass.db", "-auto-approve", "-no-color")
			for _, event := range []string{`emergency access \"db\" of agent: open from 2`, `emergency access \"db\" of agent: ended before its time. Reason: the database is down`} {
				found := "grep -qF -- '" + event + "' " + securityLog
				if got := shell(t, pve, await(found)+found+" && echo yes || tail -n 5 "+securityLog); got != "yes" {
					t.Errorf("the security log has no %s; it ends with\n%s", event, got)
				}
			}
			w.Terraform("destroy", "-auto-approve", "-no-color")
		})
	}
}
