package onnodes

import (
	"fmt"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// BenchmarkPlanOfPolicies measures what a plan without changes of 1, 10 and 50 policies on three nodes takes of the
// processor, and the apply before it. Each policy is for a user of its own, or all are for one.
func BenchmarkPlanOfPolicies(b *testing.B) {
	c := lab.ForTest(b, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}, {Suite: lab.Trixie}}})
	for _, node := range c.Nodes {
		if _, err := node.Shell(b.Context(), "useradd agent; for i in $(seq 0 49); do useradd agent$i; done"); err != nil {
			b.Fatal(err)
		}
	}
	for _, subject := range []string{"agent${count.index}", "agent"} {
		least := map[int]time.Duration{}
		for _, policies := range []int{1, 10, 50} {
			name := map[bool]string{true: "one_subject", false: "own_subjects"}[subject == "agent"]
			b.Run(fmt.Sprintf("%s/policies=%d", name, policies), func(b *testing.B) {
				w := harness.NewWorkspace(b)
				w.Write("main.tf", "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\n"+config(c)+fmt.Sprintf(`
resource "pvesec_sudoers_policy" "many" {
  count   = %d
  name    = "many${count.index}"
  subject = "%s"
  rule { commands = ["/usr/sbin/qm ^start 2[0-9]{3}$", "/usr/bin/id ${count.index}"] }
}
`, policies, subject))
				applying, _ := w.Measured("apply", "-input=false", "-auto-approve")
				for b.Loop() {
					if used, _ := w.Measured("plan", "-input=false", "-detailed-exitcode"); least[policies] == 0 || used.CPU < least[policies] {
						least[policies] = used.CPU
					}
				}
				b.ReportMetric(least[policies].Seconds(), "plan_cpu_s")
				b.ReportMetric(applying.CPU.Seconds(), "apply_cpu_s")
				if policies > 1 {
					b.ReportMetric(float64((least[policies]-least[1]).Milliseconds())/float64(policies-1), "plan_cpu_ms/further")
				}
				w.Terraform("destroy", "-input=false", "-auto-approve")
			})
		}
	}
}
