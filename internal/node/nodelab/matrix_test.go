//go:build linux

package nodelab_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// minFaults is how many faults the matrix must have injected to count.
const minFaults = 200

// hook stands before a tool on the path of the remote program. It counts the commands that the transaction runs, from its first
// line to its last, and lets the fault happen right before the one whose number is in /run/fault/at. That one goes on afterwards.
const hook = `#!/bin/sh
IFS= read -r parent </proc/$PPID/cmdline
case $parent in
/bin/sh*-s*)
	[ -d /run/fault ] && {
		read -r n </run/fault/count
		n=$((n + 1))
		echo $n >/run/fault/count
		read -r at </run/fault/at
		[ "$at" != 0 ] || echo "$n ${0##*/} $*" >>/run/fault/steps
		[ "$n" != "$at" ] || . /run/fault/action
	}
	;;
esac
exec %s "$@"
`

// hooked are the tools that a transaction runs.
var hooked = []string{"mv", "ln", "rm", "cp", "mkdir", "rmdir", "chown", "chmod", "sync", "stat", "sha256sum", "base64", "cmp", "sed", "flock", "date", "cat", "tr", "grep"}

// A fault is one way in which the world gets worse at a given moment.
type fault struct {
	name string
	// action is what happens, run by a shell on the node.
	action string
	// outside happens on this side while the node waits; nil for none.
	outside func(ctx context.Context, n *lab.Node) error
	// repair ends the fault, as somebody would have to who wants to go on.
	repair func(ctx context.Context, n *lab.Node) error
	// every is how many steps lie between two at which it is injected; only, when not nil, picks the steps.
	every int
	only  func(step string) bool
	// foreign is what somebody else wrote instead.
	foreign bool
}

// await makes the node wait until this side has done its part.
const await = "touch /run/fault/reached; while [ ! -e /run/fault/go ]; do /usr/bin/sleep 0.02; done"

// session is the process id of sshd's part of the session, in $sshd.
const session = `read -r sh rest <<-EOF
$(/usr/bin/pgrep -o -f '^/bin/sh -s$')
EOF
read -r pid name state sshd rest </proc/$sh/stat
`

func faults() []fault {
	thaw := func(ctx context.Context, n *lab.Node) error {
		_, err := n.Shell(ctx, "chattr -i /etc/sudoers.d /etc/sudoers.d/agent; rm -f /full")
		return err
	}
	return []fault{
		{name: "shell killed", action: "/usr/bin/pkill -KILL -f '^/bin/sh -s$'", every: 1},
		{name: "connection cut", action: session + "kill -9 $sshd", every: 3},
		{name: "disk full", action: "/usr/bin/dd if=/dev/zero of=/full bs=1M 2>/dev/null", repair: thaw, every: 4},
		{name: "immutable file", action: "/usr/bin/chattr +i /etc/sudoers.d/agent", repair: thaw, every: 6},
		{name: "immutable directory", action: "/usr/bin/chattr +i /etc/sudoers.d", repair: thaw, every: 6},
		{name: "command fails", action: "exit 1", every: 4},
		{name: "second writer", action: "echo '# foreign' >/etc/sudoers.d/agent.new; /usr/bin/chmod 440 /etc/sudoers.d/agent.new; /usr/bin/mv /etc/sudoers.d/agent.new /etc/sudoers.d/agent", foreign: true, every: 6},
		{name: "read-only", action: await, outside: readOnly, repair: readWrite, every: 8},
		powerCut(12, nil),
	}
}

func powerCut(every int, only func(step string) bool) fault {
	return fault{
		name: "power cut", action: await, every: every, only: only,
		outside: func(_ context.Context, n *lab.Node) error { n.Kill(); return nil },
		repair:  func(ctx context.Context, n *lab.Node) error { return n.Start(ctx) },
	}
}

// everyStep makes TestPowerCutOfKernel cut the power at every step, which takes long: make faults.
var everyStep = flag.Bool("every-step", false, "cut the power of nodes with their own kernel before every step of a transaction")

// TestPowerCutOfKernel cuts the power of nodes with their own kernel, where what was not flushed is lost, at the steps that depend on
// what was: right before and after the rename, and when the journal goes.
func TestPowerCutOfKernel(t *testing.T) {
	t.Parallel()
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve8", Suite: lab.Bookworm, Kernel: true}, {Name: "pve9", Suite: lab.Trixie, Kernel: true}}})
	steps := map[string]string{"pve8": "sync -- /etc/sudoers.d", "pve9": "sync -- /etc/pvesec/stage/"}
	var wg sync.WaitGroup
	for _, n := range c.Nodes {
		m := &matrix{t: t, n: n, pool: newPool(t, c, "root"), cells: map[string]map[int]string{}}
		m.faults = []fault{powerCut(1, func(step string) bool {
			return *everyStep || strings.Contains(step, steps[n.Name]) && !strings.Contains(step, "new.0") && !strings.Contains(step, "journal.new")
		})}
		wg.Go(func() {
			m.run()
			t.Log(m.String())
		})
	}
	wg.Wait()
}

// TestFaultMatrix injects every fault at the commands of a transaction, on both releases. Whatever happens, the node ends valid, the
// operator can get in, the content is exactly the old or the new one and what the caller was told, and the next apply goes through.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	c := lab.ForTest(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "pve8", Suite: lab.Bookworm, DiskMiB: 48}, {Name: "pve9", Suite: lab.Trixie, DiskMiB: 48}}})
	matrices := make([]*matrix, len(c.Nodes))
	var wg sync.WaitGroup
	for i, n := range c.Nodes {
		matrices[i] = &matrix{t: t, n: n, pool: newPool(t, c, "root"), faults: faults(), cells: map[string]map[int]string{}}
		wg.Go(matrices[i].run)
	}
	wg.Wait()
	total := 0
	for _, m := range matrices {
		t.Log(m.String())
		total += m.injected
	}
	t.Logf("%d faults injected", total)
	if total < minFaults {
		t.Errorf("only %d faults were injected", total)
	}
}

// A matrix is what became of one node, by fault and step.
type matrix struct {
	t        *testing.T
	n        *lab.Node
	pool     *node.Pool
	faults   []fault
	steps    []string // what the transaction runs, by number from 1
	cells    map[string]map[int]string
	injected int
	version  int
}

func (m *matrix) content() string {
	return fmt.Sprintf("agent ALL=(root) NOPASSWD: /usr/bin/id %d\n", m.version)
}

// arm puts the hooks into place. A step of 0 only lists the steps.
func (m *matrix) arm(step int, action string) error {
	_, err := m.n.Shell(m.t.Context(), fmt.Sprintf("rm -rf /run/fault; mkdir /run/fault; echo 0 >/run/fault/count; echo %d >/run/fault/at; cat >/run/fault/action <<'END'\n%s\nEND", step, action))
	return err
}

func (m *matrix) run() {
	m.t.Helper()
	ctx := m.t.Context()
	script := "rm -rf /etc/pvesec /var/backups/pvesec; id agent >/dev/null 2>&1 || useradd -m agent\n"
	for _, tool := range hooked {
		script += fmt.Sprintf("real=$(readlink -f /usr/bin/%[1]s); printf '%%s' '%[2]s' >/usr/sbin/%[1]s; chmod 755 /usr/sbin/%[1]s\n", tool, strings.ReplaceAll(fmt.Sprintf(hook, "/usr/bin/"+tool), "'", `'\''`))
	}
	script += "mv /usr/sbin/visudo /usr/bin/visudo.real; printf '%s' '" + strings.ReplaceAll(fmt.Sprintf(hook, "/usr/bin/visudo.real"), "'", `'\''`) + "' >/usr/sbin/visudo; chmod 755 /usr/sbin/visudo\n"
	if _, err := m.n.Shell(ctx, script); err != nil {
		m.t.Error(err)
		return
	}
	if err := m.n.WriteFile(ctx, "/etc/sudoers.d/agent", m.content(), 0o440); err != nil {
		m.t.Error(err)
		return
	}
	if _, err := m.n.Shell(ctx, "sync"); err != nil { // so that a power cut leaves the hooks
		m.t.Error(err)
		return
	}
	for range 2 { // the first one makes directories that the later ones find
		if err := m.arm(0, ""); err != nil {
			m.t.Error(err)
			return
		}
		m.version++
		if err := m.apply(ctx); err != nil {
			m.t.Error(err)
			return
		}
	}
	steps, err := m.n.ReadFile(ctx, "/run/fault/steps")
	if err != nil {
		m.t.Error(err)
		return
	}
	m.steps = strings.Split(strings.TrimSpace(steps), "\n")
	for _, f := range m.faults {
		m.cells[f.name] = map[int]string{}
		for step := 1; step <= len(m.steps) && !m.t.Failed(); step += f.every {
			if f.only == nil || f.only(m.steps[step-1]) {
				m.inject(ctx, f, step)
			}
		}
	}
}

// apply is the transaction under test.
func (m *matrix) apply(ctx context.Context) error {
	return m.pool.Apply(ctx, []node.Change{{Target: target(m.n), Label: "the policy", Files: []node.File{policy(m.content())}}}, nil)
}

// inject runs one transaction with one fault and judges what is left.
func (m *matrix) inject(ctx context.Context, f fault, step int) {
	m.t.Helper()
	old := m.content()
	m.version++
	violated := func(format string, args ...any) {
		m.t.Helper()
		m.t.Errorf("%s, %s before step %d (%s): %s", m.n.Name, f.name, step, m.steps[step-1], fmt.Sprintf(format, args...))
	}
	if err := m.arm(step, f.action); err != nil {
		violated("%v", err)
		return
	}
	done := make(chan error, 1)
	go func() { done <- m.apply(ctx) }()
	var err error
	if f.outside != nil {
		if _, waited := m.n.Shell(ctx, "for i in $(seq 500); do [ -e /run/fault/reached ] && exit 0; sleep 0.02; done; exit 1"); waited != nil {
			violated("the step was not reached: %v", waited)
			return
		}
		if broken := f.outside(ctx, m.n); broken != nil {
			violated("%v", broken)
		}
		if m.n.Running() {
			if _, told := m.n.Shell(ctx, "touch /run/fault/go"); told != nil {
				violated("%v", told)
			}
		}
	}
	err = <-done
	m.injected++
	if f.repair != nil {
		if broken := f.repair(ctx, m.n); broken != nil {
			violated("%v", broken)
			return
		}
	}
	seen, looked := m.n.Shell(ctx, "rm -rf /run/fault; visudo -cq && cat /etc/sudoers.d/agent && stat -c '%a %U %G' /etc/sudoers.d/agent")
	if looked != nil {
		violated("the node is not valid: %v", looked)
		return
	}
	m.judge(f, step, old, seen, err, violated)
	if o, lost := m.pool.Observe(ctx, target(m.n), node.Query{}); lost != nil {
		violated("the operator does not get in: %v", lost)
	} else if o.Unfinished && (err == nil || clean(err)) {
		violated("told as clean, and a journal is left")
	}
	if err := m.apply(ctx); err != nil {
		violated("the next apply: %v", err)
	}
	if seen, _ := m.n.Shell(ctx, "cat /etc/sudoers.d/agent; ls -d /etc/pvesec 2>/dev/null || true"); seen != m.content() {
		violated("the next apply left %q", seen)
	}
}

// judge compares the state of the node with the old, the new, and what the caller was told.
func (m *matrix) judge(f fault, step int, old, seen string, err error, violated func(string, ...any)) {
	m.t.Helper()
	const mode = "440 root root\n"
	cell := "?"
	switch {
	case seen == old+mode:
		cell = "old"
	case seen == m.content()+mode:
		cell = "new"
	case f.foreign && strings.HasPrefix(seen, "# foreign\n"):
		cell = "foreign"
	default:
		violated("neither the old nor the new state: %q", seen)
	}
	m.cells[f.name][step] = cell
	switch {
	case cell == "foreign":
	case err == nil && cell != "new":
		violated("told as done, and it is not")
	case clean(err) && cell != "old":
		violated("told as unchanged, and it is not: %v", err)
	case err != nil && !clean(err) && f.name != "power cut" && !slices.Contains([]string{"disk full", "read-only", "immutable file", "immutable directory", "command fails"}, f.name):
		violated("the outcome is not known: %v", err)
	}
}

// clean says whether an error tells that everything is as before.
func clean(err error) bool {
	var ae *node.ApplyError
	return errors.As(err, &ae) && ae.Clean()
}

// String is the matrix: a line for each step, a column for each fault.
func (m *matrix) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s), %d faults\n%-46s", m.n.Name, m.n.Suite, m.injected, "before")
	for _, f := range m.faults {
		fmt.Fprintf(&b, " %-14s", f.name)
	}
	for i, s := range m.steps {
		fmt.Fprintf(&b, "\n%-46.46s", s)
		for _, f := range m.faults {
			cell := m.cells[f.name][i+1]
			if cell == "" {
				cell = "."
			}
			fmt.Fprintf(&b, " %-14s", cell)
		}
	}
	return b.String()
}

// clientVariable makes this test program the client that TestKilledProvider kills: "address port step", with the key and the host keys on
// standard input.
const clientVariable = "PVESEC_NODELAB_CLIENT"

func TestMain(m *testing.M) {
	if os.Getenv(clientVariable) != "" {
		if err := client(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// client applies one change and prints its steps.
func client() error {
	var address string
	var port int
	if _, err := fmt.Sscan(os.Getenv(clientVariable), &address, &port); err != nil {
		return err
	}
	key, err := os.ReadFile("/dev/stdin")
	if err != nil {
		return err
	}
	private, known, _ := strings.Cut(string(key), "\x00")
	p, err := node.NewPool(node.Config{PrivateKey: []byte(private), KnownHosts: known})
	if err != nil {
		return err
	}
	change := node.Change{Target: node.Target{Name: "node", Address: address, Port: port}, Label: "the policy", Files: []node.File{policy("agent ALL=(root) NOPASSWD: /usr/bin/id\n")}}
	return p.Apply(context.Background(), []node.Change{change}, nil)
}

// TestKilledProvider: SIGKILL of the process that changes the node, at several moments. The node is in the old or the new state, and
// the next run goes on from there.
func TestKilledProvider(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPool(t, c, "root")
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		for _, tool := range []string{"ln", "mv", "sync", "visudo"} {
			reset(t, n)
			genuine := "/usr/bin/" + tool
			if tool == "visudo" {
				genuine += ".real"
			}
			shell(t, n, fmt.Sprintf(`[ -e /usr/bin/visudo.real ] || cp -p /usr/sbin/visudo /usr/bin/visudo.real; rm -rf /run/fault; mkdir /run/fault
				rm -f /usr/sbin/%[1]s; printf '#!/bin/sh\ntouch /run/fault/reached\nwhile [ ! -e /run/fault/go ]; do sleep 0.02; done\nexec %[2]s "$@"\n' >/usr/sbin/%[1]s
				chmod 755 /usr/sbin/%[1]s`, tool, genuine))
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", clientVariable, n.Address, n.Port))
			cmd.Stdin = strings.NewReader(string(c.SSHKeyPEM) + "\x00" + c.KnownHosts())
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			shell(t, n, "for i in $(seq 500); do [ -e /run/fault/reached ] && exit 0; sleep 0.02; done; exit 1")
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
			_ = cmd.Wait() // killed
			shell(t, n, fmt.Sprintf("touch /run/fault/go; rm -f /usr/sbin/%s; [ -e /usr/sbin/visudo ] || cp -p /usr/bin/visudo.real /usr/sbin/visudo; for i in $(seq 500); do [ -e /etc/pvesec ] || exit 0; sleep 0.02; done; exit 1", tool))
			valid(t, n, oldPolicy)
			if err := p.Apply(t.Context(), []node.Change{{Target: target(n), Files: []node.File{policy("# new\n")}}}, nil); err != nil {
				t.Errorf("killed at %s: %v", tool, err)
			}
			valid(t, n, "# new\n")
		}
	})
}
