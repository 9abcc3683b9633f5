//go:build linux

package nodelab_test

import (
	"flag"
	"strings"
	"sync"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab/kerneltest"
)

// everyStep makes TestPowerCutOfKernel cut the power at every step, which takes long: make chaos.
var everyStep = flag.Bool("every-step", false, "cut the power of nodes with their own kernel before every step of a transaction")

// decisive is the step of a transaction at which `make test` cuts the power: a node with its own kernel takes half a
// minute of a processor to boot, so `make chaos` does it at every step.
var decisive = map[string][]string{
	"pve8": {" mv -fT -- /etc/pvesec/stage/"}, // the rename
	"pve9": {" sync -- /var/backups/pvesec/"}, // the copies and the rename are flushed
}

// TestPowerCutOfKernel cuts the power of nodes with their own kernel, where what was not flushed is lost, at the steps
// that depend on what was: right before and after the rename, and when the journal goes.
func TestPowerCutOfKernel(t *testing.T) {
	t.Parallel()
	kerneltest.Run(t, powerCutOfKernel)
}

func powerCutOfKernel(t *testing.T) {
	t.Helper()
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve8", Suite: lab.Bookworm, Kernel: true}, {Name: "pve9", Suite: lab.Trixie, Kernel: true}}})
	var wg sync.WaitGroup
	var ends budget.Struck
	for _, n := range c.Nodes {
		p := newPair(t, c, n)
		wg.Go(func() {
			if p.prepare(); t.Failed() {
				return
			}
			cuts := 0
			reached := map[string]bool{}
			cut := powerCut(1, func(step string) bool {
				if *everyStep {
					return true
				}
				for _, text := range decisive[n.Name] {
					// Of steps with the same text the first does.
					if strings.Contains(step, text) && !reached[text] {
						reached[text] = true
						return true
					}
				}
				return false
			})
			cells := inPart(allCells(p.steps, []fault{cut}, true))
			for _, c := range cells {
				if t.Failed() {
					return
				}
				end := p.inject(c)
				t.Logf("%s: %s: %s", n.Name, c, end)
				ends.Count("power cut of "+n.Name, end)
				cuts++
			}
			if cuts < len(decisive[n.Name]) && budget.Whole() {
				t.Errorf("%s: the power was cut %d times, want %d: the steps are\n%s", n.Name, cuts, len(decisive[n.Name]), strings.Join(p.steps[0], "\n"))
			}
		})
	}
	wg.Wait()
	ends.Report(t)
}
