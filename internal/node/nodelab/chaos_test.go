//go:build linux

package nodelab_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// everything makes TestChaos inject every fault at every step on both releases, which takes long: make chaos.
var everything = flag.Bool("chaos", false, "inject every fault at every step, and not a sample")

const (
	// minFaults is how many faults TestChaos must have injected to count.
	minFaults = 120
	// pairs is how many pairs of nodes are struck at the same time.
	pairs = 3
	// manyViolations end TestChaos early.
	manyViolations = 8
)

// violations counts what was not as it must be.
var violations atomic.Int64

// TestChaos changes two nodes, one of each release, or one of them, while one has a fault. Whatever happens, each node
// ends valid, its content is exactly the old or the new one and what the caller was told, both nodes are alike unless
// one was told as unknown, nothing is left of a change that was told as clean, and where something is left the next
// apply goes through.
func TestChaos(t *testing.T) {
	t.Parallel()
	var workers []*pair
	for range pairs {
		c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve8", Suite: lab.Bookworm, DiskMiB: 48}, {Name: "pve9", Suite: lab.Trixie, DiskMiB: 48}}})
		workers = append(workers, newPair(t, c, c.Nodes...))
	}
	var ready sync.WaitGroup
	for _, p := range workers {
		ready.Go(p.prepare)
	}
	ready.Wait()
	if t.Failed() {
		return
	}
	cells := inPart(allCells(workers[0].steps, slices.Concat(conditions(), faults()), *everything))
	// Those that have to wait come first, so that the others fill the time.
	slices.SortStableFunc(cells, func(a, b cell) int {
		switch {
		case a.fault.slow == b.fault.slow:
			return 0
		case a.fault.slow:
			return -1
		}
		return 1
	})
	queue := make(chan cell, len(cells))
	for _, c := range cells {
		queue <- c
	}
	close(queue)
	var ends budget.Struck
	var wg sync.WaitGroup
	for _, p := range workers {
		wg.Go(func() {
			for c := range queue {
				if violations.Load() > manyViolations {
					return
				}
				begun := time.Now()
				end := p.inject(c)
				if testing.Verbose() {
					t.Logf("%5.1f s  %s, %s: %s", time.Since(begun).Seconds(), p.nodes[c.struck].Name, c, end)
				}
				ends.Count(c.fault.name, end)
			}
		})
	}
	wg.Wait()
	total := ends.Report(t)
	t.Logf("%d faults injected, into transactions of %d and %d steps", total, len(workers[0].steps[0]), len(workers[0].steps[1]))
	if total < minFaults && budget.Whole() || total != len(cells) {
		t.Errorf("only %d of %d faults were injected", total, len(cells))
	}
}

// inPart are the cells of the part that is run.
func inPart(all []cell) (cells []cell) {
	for i, c := range all {
		if budget.InPart(i) {
			cells = append(cells, c)
		}
	}
	return cells
}

// A cell is one fault on one node: before a step, or, with step 0, before the change.
type cell struct {
	fault  fault
	struck int
	step   int
	at     string // what the step runs
	alone  bool   // no other node is changed
}

func (c cell) String() string {
	name := c.fault.name
	if c.alone {
		name += ", alone"
	}
	if c.step == 0 {
		return name
	}
	return fmt.Sprintf("%s before step %.80s", name, c.at)
}

// allCells lists where to strike: on every node, changed with the others and alone, or, for a sample, in turn.
func allCells(steps [][]string, faults []fault, every bool) []cell {
	var cells []cell
	add := func(c cell, every, alone bool) {
		for _, c.alone = range []bool{false, true} {
			if every || c.alone == alone {
				cells = append(cells, c)
			}
		}
	}
	for i, f := range faults {
		for struck := range steps {
			if f.before != "" {
				if every || struck == i%len(steps) {
					add(cell{fault: f, struck: struck}, every, i%4 != 0)
				}
				continue
			}
			for n, at := range steps[struck] {
				// The sample begins at another step for each fault, goes from one node to the other, and changes two of
				// them every other time.
				turn := (n + i) / f.every
				chosen := every || (n+i)%f.every == 0 && turn%len(steps) == struck
				if chosen && (f.only == nil || f.only(at)) {
					add(cell{fault: f, struck: struck, step: n + 1, at: at}, every && len(steps) > 1, turn/len(steps)%2 == 1)
				}
			}
		}
	}
	return cells
}

// A pair is nodes that are changed together.
type pair struct {
	t       *testing.T
	cluster *lab.Cluster
	nodes   []*lab.Node
	pool    *node.Pool
	steps   [][]string // what the transaction runs on each node
	has     []int      // the version that each node has
	version int        // the newest
}

func newPair(t *testing.T, c *lab.Cluster, nodes ...*lab.Node) *pair {
	t.Helper()
	p := &pair{t: t, cluster: c, nodes: nodes, steps: make([][]string, len(nodes)), has: make([]int, len(nodes))}
	p.pool = p.connect()
	return p
}

// connect makes a pool whose limits can be waited for.
func (p *pair) connect() *node.Pool {
	p.t.Helper()
	config := node.Config{User: "root", PrivateKey: p.cluster.SSHKeyPEM, KnownHosts: p.cluster.KnownHosts(), Timing: node.Timing{
		Keepalive: time.Second, Silence: 4 * time.Second, Settle: 10 * time.Second, Quick: 8 * time.Second, Patient: 9 * time.Second, Greeting: 12 * time.Second,
	}}
	if p.nodes[0].Kernel { // such a node takes seconds for what another does at once, and right after its boot half a minute for a login
		config.ConnectTimeout = 90 * time.Second
		config.Timing = node.Timing{Keepalive: 5 * time.Second, Silence: 20 * time.Second, Settle: 15 * time.Second, Quick: 40 * time.Second, Patient: 50 * time.Second, Greeting: 90 * time.Second}
	}
	pool, err := node.NewPool(config)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { pool.Close() })
	return pool
}

func content(version int) string {
	return fmt.Sprintf("agent ALL=(root) NOPASSWD: /usr/bin/id %d\n", version)
}

// apply is the transaction under test.
func (p *pair) apply(ctx context.Context, pool *node.Pool, nodes []int) error {
	var changes []node.Change
	for _, i := range nodes {
		changes = append(changes, node.Change{Target: target(p.nodes[i]), Label: "the policy", Files: []node.File{policy(content(p.version))}})
	}
	return pool.Apply(ctx, changes, nil)
}

// all are the nodes, by number.
func (p *pair) all() (numbers []int) {
	for i := range p.nodes {
		numbers = append(numbers, i)
	}
	return numbers
}

// prepare installs the hooks and lists the steps.
func (p *pair) prepare() {
	ctx := p.t.Context()
	for _, n := range p.nodes {
		if err := putHooks(ctx, n, content(0)); err != nil {
			p.t.Error(err)
			return
		}
	}
	for range 2 { // the first one makes directories that the later ones find
		for _, n := range p.nodes {
			if err := n.ArmStep(ctx, 0, ""); err != nil {
				p.t.Error(err)
				return
			}
		}
		p.version++
		if err := p.apply(ctx, p.pool, p.all()); err != nil {
			p.t.Error(err)
			return
		}
	}
	for i, n := range p.nodes {
		text, err := n.Shell(ctx, "cat /run/fault/steps\n"+lab.Disarmed)
		if err != nil {
			p.t.Error(err)
			return
		}
		p.has[i] = p.version
		p.steps[i] = strings.Split(strings.TrimSpace(text), "\n")
		// The hooks see what runs under timeout(1) too.
		for _, tool := range []string{" visudo -c", " sync -- /var/backups/pvesec/", " mv -fT"} {
			if !strings.Contains(text, tool) {
				p.t.Errorf("%s: no step%s among\n%s", n.Name, tool, text)
			}
		}
	}
}

// inject runs one transaction with one fault, judges what is left, and says how it ended.
func (p *pair) inject(c cell) string {
	p.t.Helper()
	ctx, n, f := p.t.Context(), p.nodes[c.struck], c.fault
	nodes := p.all()
	if c.alone {
		nodes = []int{c.struck}
	}
	p.version++
	violated := func(format string, args ...any) {
		p.t.Helper()
		violations.Add(1)
		p.t.Errorf("%s, %s: %s", n.Name, c, fmt.Sprintf(format, args...))
	}
	pool := p.pool
	if f.before == "" {
		if err := n.ArmStep(ctx, c.step, f.action); err != nil {
			violated("%v", err)
			return "not struck"
		}
	} else {
		pool = p.connect() // settings of sshd count for new connections
		defer pool.Close()
		if _, err := n.Shell(ctx, f.before); err != nil {
			violated("%v", err)
			return "not struck"
		}
	}
	err := p.strike(ctx, c, pool, nodes, violated)
	repair := f.repair
	if repair == nil && f.after != "" {
		repair = script(f.after)
	}
	if repair != nil {
		if broken := repair(ctx, n); broken != nil {
			violated("%v", broken)
			return "not repaired"
		}
	}
	switch {
	case f.says == "done" && err != nil:
		violated("%v", err)
	case f.says != "done" && f.says != "" && (err == nil || !strings.Contains(err.Error(), f.says)):
		violated("%q is not said: %v", f.says, err)
	}
	end, settled := p.judge(ctx, c, nodes, err, violated)
	if !settled {
		p.recover(ctx, nodes, violated)
	}
	return end
}

// recover is the next apply, which goes through and leaves nothing behind.
func (p *pair) recover(ctx context.Context, nodes []int, violated func(string, ...any)) {
	p.t.Helper()
	if err := p.apply(ctx, p.pool, nodes); err != nil {
		violated("the next apply: %v", err)
	}
	for _, i := range nodes {
		p.has[i] = p.version
		if state, left := p.look(ctx, i, violated); state != "new" || left != "" {
			violated("the next apply left the %s state on %s, and %q", state, p.nodes[i].Name, left)
		}
	}
}

// strike runs the change, and does what happens outside of the node.
func (p *pair) strike(ctx context.Context, c cell, pool *node.Pool, nodes []int, violated func(string, ...any)) error {
	p.t.Helper()
	n, f := p.nodes[c.struck], c.fault
	if f.outside == nil {
		err := p.apply(ctx, pool, nodes)
		if f.before == "" {
			if _, missed := n.Shell(ctx, "[ -e /run/fault/struck ]"); missed != nil {
				violated("the step was not reached: %v", err)
			}
		}
		return err
	}
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = p.apply(ctx, pool, nodes)
	}()
	if waited := n.AwaitStep(ctx, done); waited != nil {
		<-done
		violated("the step was not reached: %v, %v", waited, err)
		return err
	}
	if broken := f.outside(ctx, n); broken != nil {
		violated("%v", broken)
	}
	if n.Running() {
		if _, told := n.Shell(ctx, "touch /run/fault/go"); told != nil {
			violated("%v", told)
		}
	}
	<-done
	return err
}

// look says whether a node has the old or the new state, and what is left of the change.
func (p *pair) look(ctx context.Context, i int, violated func(string, ...any)) (state, left string) {
	p.t.Helper()
	n := p.nodes[i]
	seen, err := n.Shell(ctx, lab.Disarmed+`[ ! -e /run/pvesec/lock ] || flock -w 10 /run/pvesec/lock true && locked= || locked=locked
		visudo -cq
		cat /etc/sudoers.d/agent; stat -c '%a %U %G' /etc/sudoers.d/agent; ls -d /etc/pvesec /etc/sudoers.d/agent.?* /etc/sudoers.d/.p* 2>/dev/null || true; printf %s "$locked"`)
	if err != nil {
		violated("%s is not valid: %v", n.Name, err)
		return "broken", ""
	}
	policy, left, found := strings.Cut(seen, "440 root root\n")
	switch {
	case found && policy == content(p.version):
		return "new", left
	case found && policy == content(p.has[i]):
		return "old", left
	case found && policy == "# foreign\n":
		return "foreign", left
	}
	violated("%s has neither the old nor the new state: %q", n.Name, seen)
	return "broken", left
}

// judge compares the states of the nodes with the old, the new, each other, and what the caller was told. It says how
// the cell ended and whether nothing is left for the next apply to settle.
func (p *pair) judge(ctx context.Context, c cell, nodes []int, err error, violated func(string, ...any)) (end string, settled bool) {
	p.t.Helper()
	var ae *node.ApplyError
	if err != nil && !errors.As(err, &ae) {
		violated("%v", err)
		return "error", false
	}
	settled, known := true, true
	var states []string
	for at, i := range nodes {
		n, told := p.nodes[i], node.Committed
		if ae != nil {
			told = ae.Outcomes[at].State
		}
		state, left := p.look(ctx, i, violated)
		sure := told != node.Unknown && told != node.NotRestored
		switch {
		case c.fault.foreign && i == c.struck && state == "foreign":
			settled, known = false, false
		case !sure && (!c.fault.unsure || i != c.struck):
			violated("%s is told as %s: %v", n.Name, told, err)
		case sure && (told == node.Committed) != (state == "new"):
			violated("%s is told as %s and has the %s state: %v", n.Name, told, state, err)
		case sure && left != "" && !c.fault.unsure:
			violated("%s is told as %s, and this is left: %q: %v", n.Name, told, left, err)
		}
		if state == "new" {
			p.has[i] = p.version
		}
		settled, known = settled && sure && left == "", known && sure
		states = append(states, state)
	}
	slices.Sort(states)
	states = slices.Compact(states)
	if len(states) > 1 && known {
		violated("the nodes differ: %q: %v", states, err)
	}
	return strings.Join(states, " and "), settled && len(states) == 1
}
