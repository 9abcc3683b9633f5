package onnodes

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// everything makes TestBreakGlassStruck strike every step, which takes long: make chaos.
var everything = flag.Bool("chaos", false, "strike every step of an emergency access, and not a sample")

// strikes are what kills a change of an emergency access: the provider on its machine, all that it started on the node,
// and the node itself.
var strikes = map[string]func(ctx context.Context, n *lab.Node, pool *node.Pool) error{
	"provider killed": func(ctx context.Context, n *lab.Node, pool *node.Pool) error {
		pool.Close()
		_, err := n.Shell(ctx, lab.StepGoesOn)
		return err
	},
	"all killed on the node": func(ctx context.Context, n *lab.Node, _ *node.Pool) error {
		_, err := n.Shell(ctx, "/usr/bin/pkill -KILL -f '^/bin/sh -s$'\n"+lab.StepGoesOn)
		return err
	},
	"power cut": func(ctx context.Context, n *lab.Node, _ *node.Pool) error {
		n.Kill()
		return n.Start(ctx)
	},
}

// A glassNode is a node on which an emergency access is opened and closed while something strikes.
type glassNode struct {
	t      *testing.T
	c      *lab.Cluster
	n      *lab.Node
	ends   *budget.Struck
	access hardening.BreakGlass
	before string
	half   int // of the sample, which the nodes of the releases share
}

// TestBreakGlassStruck has the provider, the commands on the node or the node killed before steps of opening and
// closing an access, on a node of each release. Whatever is left, sudo's files are valid, the access has its end or is
// not there, and the next run opens it whole or leaves nothing of it.
func TestBreakGlassStruck(t *testing.T) {
	t.Parallel()
	var spec lab.ClusterSpec
	for _, suite := range lab.Suites() {
		spec.Nodes = append(spec.Nodes, lab.NodeSpec{Suite: suite})
	}
	c := clusterOf(t, spec)
	var group sync.WaitGroup
	var ends budget.Struck
	for half, n := range c.Nodes {
		g := &glassNode{t: t, c: c, n: n, half: half, ends: &ends, access: hardening.BreakGlass{Name: "db", Subject: "agent", Reason: "a test", RequireLogging: true}}
		group.Go(g.strikeAll)
	}
	group.Wait()
	ends.Report(t)
}

func (g *glassNode) strikeAll() {
	ctx := g.t.Context()
	if err := g.n.HookSteps(ctx); err != nil {
		g.t.Error(err)
		return
	}
	pool := g.connect()
	open := func(pool *node.Pool) error { return g.open(pool) }
	shut := func(pool *node.Pool) error { return g.close(pool) }
	for range 2 { // the first time makes directories that stay
		g.before = snapshot(g.t, g.n)
		if g.must("open", open(pool)); g.t.Failed() {
			return
		}
		if g.must("close", shut(pool)); g.t.Failed() {
			return
		}
	}
	struck, cells, sampled := 0, 0, 0
	for _, change := range []struct {
		name           string
		prepare, under func(pool *node.Pool) error
	}{{"opening", shut, open}, {"closing", open, shut}} {
		g.must("prepare", change.prepare(pool))
		g.must("arm", g.n.ArmStep(ctx, 0, ""))
		g.must(change.name, change.under(pool))
		steps := strings.Split(strings.TrimSpace(g.shell("cat /run/fault/steps\n"+lab.Disarmed)), "\n")
		for i, name := range slices.Sorted(maps.Keys(strikes)) {
			for step := 1; step <= len(steps); step++ {
				if !*everything {
					// Of a sample each kind begins at another step, and the releases take turns.
					if (step+i*2)%(len(steps)/5+1) != 0 {
						continue
					}
					if sampled++; sampled%2 != g.half {
						continue
					}
				}
				if cells++; !budget.InPart(cells - 1) {
					continue
				}
				at := fmt.Sprintf("%s, %s before step %.80s", change.name, name, steps[step-1])
				g.must(at, change.prepare(pool))
				pool = g.strike(at, step, pool, change.under, strikes[name])
				if g.judge(at, pool); g.t.Failed() {
					return
				}
				struck++
				g.ends.Count(change.name+", "+name, "as it must be")
			}
		}
	}
	g.must("close", shut(pool))
	if struck < 10 && budget.Whole() {
		g.t.Errorf("%s was struck %d times", g.n.Name, struck)
	}
	g.t.Logf("%s was struck %d times", g.n.Name, struck)
}

// strike runs a change and kills it before a step. It gives the connection of the next run.
func (g *glassNode) strike(at string, step int, pool *node.Pool, under func(*node.Pool) error, kill func(context.Context, *lab.Node, *node.Pool) error) *node.Pool {
	g.t.Helper()
	ctx := g.t.Context()
	g.must(at, g.n.ArmStep(ctx, step, lab.StepWaits))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = under(pool) // killed
	}()
	g.must(at, g.n.AwaitStep(ctx, done))
	g.must(at, kill(ctx, g.n, pool))
	<-done
	pool.Close()
	// A hook that is taken away under a command would say so in its place.
	g.shell("[ ! -e /run/pvesec/lock ] || /usr/bin/flock -w 120 /run/pvesec/lock true\n" + lab.Disarmed)
	return g.connect()
}

// judge looks at what is left, and has the next run open the access and close it.
func (g *glassNode) judge(at string, pool *node.Pool) {
	g.t.Helper()
	text := g.shell("visudo -cq; cat " + g.access.Path() + " 2>/dev/null || true")
	if text != "" && (strings.Count(text, "NOTAFTER=2") != 1 || !strings.HasSuffix(text, " ALL")) {
		g.t.Errorf("%s: %s: the file is\n%s", g.n.Name, at, text)
	}
	g.must(at+": the next run opens", g.open(pool))
	seen, err := g.access.Observe(g.t.Context(), pool, g.target())
	if err != nil {
		g.t.Error(err)
		return
	}
	w, same := seen.Same(g.access)
	changes, err := seen.Changes(g.access, w)
	if err != nil || !same || len(changes) > 0 || seen.Unfinished {
		g.t.Errorf("%s: %s: the next run left %v, %v, unfinished %v", g.n.Name, at, changes, err, seen.Unfinished)
	}
	g.must(at+": the next run closes", g.close(pool))
	if after := snapshot(g.t, g.n); after != g.before {
		g.t.Errorf("%s: %s: something is left:\nbefore\n%s\nafter\n%s", g.n.Name, at, g.before, after)
	}
}

func (g *glassNode) open(pool *node.Pool) error { return g.openFor(pool, 3600) }

// openFor grants the access for so many seconds as a new resource does, after what an interrupted run left.
func (g *glassNode) openFor(pool *node.Pool, seconds int64) error {
	ctx := g.t.Context()
	if err := g.access.Settle(ctx, pool, []node.Target{g.target()}, nil); err != nil {
		return err
	}
	seen, err := g.access.Observe(ctx, pool, g.target())
	if err != nil {
		return err
	}
	if _, same := seen.Same(g.access); seen.Present(g.access) && !same {
		return fmt.Errorf("the file is not the access: %s", seen.Contents[g.access.Path()])
	}
	w := hardening.Window{Granted: seen.Clock, Begins: seen.Clock, Ends: seen.Clock + seconds}
	return g.access.Open(ctx, pool, []hardening.Opening{{Target: g.target(), Window: w, Seen: seen}}, nil)
}

func (g *glassNode) close(pool *node.Pool) error {
	unmarked, err := g.access.Close(g.t.Context(), pool, g.target(), nil)
	if err == nil && unmarked != nil {
		err = unmarked
	}
	return err
}

func (g *glassNode) target() node.Target {
	return node.Target{Name: g.n.Name, Address: g.n.Address, Port: g.n.Port}
}

// connect makes a pool whose limits can be waited for.
func (g *glassNode) connect() *node.Pool {
	g.t.Helper()
	timing := node.Timing{Keepalive: time.Second, Silence: 4 * time.Second, Settle: 20 * time.Second, Quick: 20 * time.Second, Patient: 30 * time.Second, Greeting: 20 * time.Second}
	if g.n.Kernel {
		timing = node.Timing{Greeting: 2 * time.Minute} // such a node is slow, and nothing is waited for
	}
	pool, err := node.NewPool(node.Config{User: "root", PrivateKey: g.c.SSHKeyPEM, KnownHosts: g.c.KnownHosts(), Timing: timing, ConnectTimeout: 2 * time.Minute})
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { pool.Close() })
	return pool
}

func (g *glassNode) must(doing string, err error) {
	g.t.Helper()
	if err != nil {
		g.t.Errorf("%s: %s: %v", g.n.Name, doing, err)
	}
}

func (g *glassNode) shell(script string) string {
	g.t.Helper()
	out, err := g.n.Shell(context.WithoutCancel(g.t.Context()), script)
	if err != nil {
		g.t.Errorf("%s: %v", g.n.Name, err)
	}
	return strings.TrimSpace(out)
}
