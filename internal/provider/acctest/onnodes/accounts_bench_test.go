package onnodes

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// manyAccounts is how many accounts BenchmarkAccounts plans on each of three nodes.
const manyAccounts = 500

// BenchmarkAccounts compares a plan without changes of 500 accounts on three nodes with what is the least: OpenSSH that
// logs in everywhere once, and Terraform that plans as many resources which need nothing. Each is the best of three.
func BenchmarkAccounts(b *testing.B) {
	r := newRig(b, 3)
	var ready sync.WaitGroup
	for _, node := range r.cluster.Nodes {
		ready.Go(func() {
			if _, err := node.Shell(context.Background(), fmt.Sprintf("for i in $(seq %d); do useradd -m -s /bin/bash night$i; done", manyAccounts)); err != nil {
				b.Error(err)
			}
		})
	}
	ready.Wait()
	for _, rtt := range []time.Duration{0, 50 * time.Millisecond} {
		b.Run(fmt.Sprintf("rtt=%s", rtt), func(b *testing.B) {
			r.tb = b
			r.use(3, rtt)
			names := fmt.Sprintf("toset([for i in range(1, %d) : \"night${i}\"])", manyAccounts+1)
			r.write("empty/main.tf", "resource \"terraform_data\" \"night\" {\n  for_each = "+names+"\n  input = each.key\n}\n", 0o600)
			r.write("full/main.tf", "resource \"pvesec_node_account\" \"night\" {\n  for_each = "+names+"\n  name = each.key\n  shell = \"/bin/bash\"\n  groups = []\n}\n"+
				"import {\n  for_each = "+names+"\n  to = pvesec_node_account.night[each.key]\n  id = each.key\n}\n", 0o600)
			for _, dir := range []string{"empty", "full"} {
				r.timed(dir, "terraform", "apply", "-auto-approve", "-input=false")
			}
			plan := func(dir string) time.Duration {
				return best(func() time.Duration { return r.timed(dir, "terraform", "plan", "-input=false", "-detailed-exitcode") })
			}
			for b.Loop() {
				floor, empty, full := best(r.floor), plan("empty"), plan("full")
				b.ReportMetric(floor.Seconds(), "floor_s")
				b.ReportMetric(empty.Seconds(), "empty_plan_s")
				b.ReportMetric(full.Seconds(), "plan_s")
				b.ReportMetric(full.Seconds()/(1.3*floor.Seconds()+empty.Seconds()), "plan/allowed")
			}
		})
	}
}
