package check_test

import (
	"fmt"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/assessment"
	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

// BenchmarkNodes judges clusters of 1, 8 and 32 nodes by all checks, with what the nodes told in memory: pvesec's own
// work, which grows with the number of nodes and no faster.
func BenchmarkNodes(b *testing.B) {
	for _, count := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("%d nodes", count), func(b *testing.B) {
			for b.Loop() {
				nodes := make([]*posture.Node, count)
				for i := range nodes {
					var err error
					if nodes[i], err = posture.CollectSettings(b.Context(), hardened().tells(), node.Target{Name: fmt.Sprintf("pve%d", i)}); err != nil {
						b.Fatal(err)
					}
				}
				a := assessment.New(nodes, nil, nil, assessment.Options{Level: check.Level2, Now: now})
				if !a.Compliant() || len(a.Markdown()) < 1000 {
					b.Fatal(a.Summary())
				}
			}
		})
	}
}
