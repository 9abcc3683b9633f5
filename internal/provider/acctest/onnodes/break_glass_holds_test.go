package onnodes

import (
	"strings"
	"sync"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab/kerneltest"
)

// TestBreakGlassHolds: the end of an access holds on a node of each release with a clock of its own: after a power cut
// and while the node is off, with the clock set forward and back, and where who has the access has masked the timer:
// then sudo alone ends it.
func TestBreakGlassHolds(t *testing.T) {
	t.Parallel()
	kerneltest.Run(t, breakGlassHolds)
}

func breakGlassHolds(t *testing.T) {
	t.Helper()
	var spec lab.ClusterSpec
	for _, suite := range lab.Suites() {
		spec.Nodes = append(spec.Nodes, lab.NodeSpec{Suite: suite, Kernel: true})
	}
	c := clusterOf(t, spec)
	var group sync.WaitGroup
	for _, n := range c.Nodes {
		g := &glassNode{t: t, c: c, n: n, access: hardening.BreakGlass{Name: "db", Subject: "agent", Reason: "a test"}, before: snapshot(t, n)}
		group.Go(func() {
			for _, holds := range []func(){g.afterPowerCut, g.clockBack, g.masked, g.whileOff} {
				if holds(); t.Failed() {
					return
				}
			}
		})
	}
	group.Wait()
}

const (
	agentsSudo = "runuser -u agent -- sudo -n id -u"
	endsTimer  = "pvesec-emergency-ends-db.timer"
	noGlass    = "! ls /etc/sudoers.d/zz-pvesec-emergency-db && ! ls /etc/systemd/system/pvesec-emergency-*"
)

// grants opens the access for so many seconds.
func (g *glassNode) grants(seconds int64) {
	g.t.Helper()
	pool := g.connect()
	defer pool.Close()
	g.must("open", g.openFor(pool, seconds))
	if got := g.shell(agentsSudo + "; systemctl is-active " + endsTimer); got != "0\nactive" {
		g.t.Errorf("%s: the access is open, and gives %q", g.n.Name, got)
	}
}

// isGone waits until nothing of the access is left.
func (g *glassNode) isGone(what, event string) {
	g.t.Helper()
	becomes(g.t, g.n, what, noGlass)
	becomes(g.t, g.n, "the end is marked", "journalctl -t pvesec -o cat --no-pager | tail -n 1 | grep -q '"+event+"'")
	if after := snapshot(g.t, g.n); after != g.before {
		g.t.Errorf("%s: %s: something is left:\nbefore\n%s\nafter\n%s", g.n.Name, what, g.before, after)
	}
	if _, err := g.n.Shell(g.t.Context(), agentsSudo); err == nil {
		g.t.Errorf("%s: %s: agent still has the access", g.n.Name, what)
	}
}

// restarts cuts the power and gives it back.
func (g *glassNode) restarts() {
	g.t.Helper()
	g.n.Kill()
	g.must("start", g.n.Start(g.t.Context()))
}

// afterPowerCut: the timer comes back with the node, and a clock that is set forward past the end ends the access at
// once.
func (g *glassNode) afterPowerCut() {
	g.grants(3600)
	g.restarts()
	if got := g.shell(agentsSudo + "; systemctl is-active " + endsTimer); got != "0\nactive" {
		g.t.Errorf("%s: after a power cut the access gives %q", g.n.Name, got)
	}
	g.shell("date -s '+2 hours'")
	g.isGone("the clock is set forward", "ended at its time")
	g.shell("date -s '-2 hours'")
}

// clockBack: where the clock is set back, the timer's other clock ends the access after its duration.
func (g *glassNode) clockBack() {
	g.grants(60)
	g.shell("date -s '-1 day'")
	g.isGone("the clock is set back", "ended before its time")
	g.shell("date -s '+1 day'")
}

// masked: who has all commands masks the timer. The file stays, sudo refuses from its time on, and the next run removes
// what is left.
func (g *glassNode) masked() {
	g.grants(60)
	g.shell("runuser -u agent -- sudo -n sh -c 'systemctl stop " + endsTimer + " && ln -sf /dev/null /etc/systemd/system/" + endsTimer + " && systemctl daemon-reload'")
	if got := g.shell("systemctl is-enabled " + endsTimer + " || true"); got != "masked" {
		g.t.Errorf("%s: the timer is %q", g.n.Name, got)
	}
	becomes(g.t, g.n, "sudo ends the access without the timer", "test -e /etc/sudoers.d/zz-pvesec-emergency-db && ! "+agentsSudo)
	pool := g.connect()
	defer pool.Close()
	seen, err := g.access.Observe(g.t.Context(), pool, g.target())
	g.must("observe", err)
	w, same := seen.Same(g.access)
	changes, err := seen.Changes(g.access, w)
	if said := strings.Join(changes, "\n"); err != nil || !same || !strings.Contains(said, endsTimer) {
		g.t.Errorf("%s: a masked timer is no change: %q, %v", g.n.Name, said, err)
	}
	g.must("close", g.close(pool))
	g.isGone("it is closed", "ended at its time")
}

// whileOff: a node that was off at the end of the access ends it when it starts.
func (g *glassNode) whileOff() {
	g.grants(40)    // opening it takes ten seconds where many nodes share a processor
	g.shell("sync") // that the stage was removed need not be on the disk yet; the next transaction removes it
	g.restarts()
	g.isGone("the node starts", "ended at its time")
}
