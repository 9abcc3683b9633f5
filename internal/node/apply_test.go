package node_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// cluster starts n pretended nodes with fake tools and one pool that reaches them all.
func cluster(t *testing.T, n int, o nodetest.Options) ([]*nodetest.Server, *node.Pool) {
	t.Helper()
	var servers []*nodetest.Server
	for range n {
		s := nodetest.Start(t, o)
		fakes(t, s)
		s.Write(t, "etc/sudoers.d/agent", "old\n", 0o440)
		servers = append(servers, s)
	}
	return servers, newPool(t, servers...)
}

// policy is the same change for every node.
func policy(t *testing.T, content string, servers ...*nodetest.Server) []node.Change {
	t.Helper()
	var changes []node.Change
	for i, s := range servers {
		changes = append(changes, node.Change{
			Target: target(fmt.Sprintf("pve%d", i+1), s), Label: `sudoers policy "agent"`,
			Files: mine(t, sudoers("/etc/sudoers.d/agent", content)),
		})
	}
	return changes
}

// allHave checks the policy file of every node, and that nothing is left of the transaction.
func allHave(t *testing.T, want string, servers ...*nodetest.Server) {
	t.Helper()
	for i, s := range servers {
		if got := s.Read(t, "etc/sudoers.d/agent"); got != want {
			t.Errorf("pve%d has %q, want %q", i+1, got, want)
		}
		noTraces(t, s)
	}
}

func TestApplyOnAllNodes(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 3, nodetest.Options{})
	steps := map[string][]string{}
	err := p.Apply(testContext(t), policy(t, "new\n", servers...), func(node, step string) { steps[node] = append(steps[node], step) })
	if err != nil {
		t.Fatal(err)
	}
	allHave(t, "new\n", servers...)
	for _, n := range []string{"pve1", "pve2", "pve3"} {
		if got := strings.Join(steps[n], ","); got != "staged,validated,installed,verified,done" {
			t.Errorf("%s went through %s", n, got)
		}
	}
}

// TestOneNodeRejects: a node that fails after the others have committed rolls them all back, and the table says so.
func TestOneNodeRejects(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 3, nodetest.Options{})
	// pve3 takes its time and then rejects what is in place, when the others have long been done.
	servers[2].Tool(t, "visudo", `[ $# -gt 1 ] || ! grep -q new "$PVESEC_TEST_ROOT/etc/sudoers.d/agent" || { sleep 1; echo "unknown defaults entry"; exit 1; }`)
	err := p.Apply(testContext(t), policy(t, "new\n", servers...), nil)
	want := `sudoers policy "agent" was not applied; every node is as it was before

  pve1  rolled back   (was committed)
  pve2  rolled back   (was committed)
  pve3  rolled back   visudo on pve3 rejected the whole configuration with /etc/sudoers.d/agent: unknown defaults entry`
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	allHave(t, "old\n", servers...)
}

// TestUnreachableNode: nothing is changed anywhere and the node is named.
func TestUnreachableNode(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 3, nodetest.Options{})
	servers[1].Close()
	err := p.Apply(testContext(t), policy(t, "new\n", servers...), nil)
	var ue *node.UnreachableError
	if !errors.As(err, &ue) || ue.Node != "pve2" || !strings.Contains(err.Error(), "pve2  unchanged     cannot reach pve2 (127.0.0.1:") {
		t.Errorf("got %v", err)
	}
	allHave(t, "old\n", servers...)
}

// pause makes visudo wait on one node, at the moment when the new file is in place, until release is called. reached is
// closed at that moment.
func pause(t *testing.T, s *nodetest.Server) (reached <-chan struct{}, release func()) {
	t.Helper()
	s.Tool(t, "visudo", `
[ $# -gt 1 ] && exit 0
grep -q new "$PVESEC_TEST_ROOT/etc/sudoers.d/agent" || exit 0
: >"$PVESEC_TEST_ROOT/tmp/reached"
while [ ! -e "$PVESEC_TEST_ROOT/tmp/go" ]; do sleep 0.05; done`)
	ch := make(chan struct{})
	go func() {
		for {
			if _, err := os.Stat(filepath.Join(s.Root, "tmp/reached")); err == nil {
				close(ch)
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return ch, sync.OnceFunc(func() { s.Write(t, "tmp/go", "", 0o644) })
}

// TestLostConnection: the connection of one node breaks while its new file is in place. The node restores by itself,
// the other one too, and the client finds that out over a new connection.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers, p := cluster(t, 2, nodetest.Options{Shell: shell})
			reached, release := pause(t, servers[1])
			go func() {
				<-reached
				servers[1].Cut()
				release()
			}()
			err := p.Apply(testContext(t), policy(t, "new\n", servers...), nil)
			var ae *node.ApplyError
			if !errors.As(err, &ae) || !ae.Clean() || ae.Outcomes[0].State != node.RolledBack || ae.Outcomes[1].State != node.RolledBack {
				t.Fatalf("got %v", err)
			}
			allHave(t, "old\n", servers...)
		})
	}
}

// TestKilledClient: the whole client goes away; every node restores without it.
func TestKilledClient(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 2, nodetest.Options{})
	reached, release := pause(t, servers[1])
	go func() {
		<-reached
		p.Close()
		release()
	}()
	if err := p.Apply(testContext(t), policy(t, "new\n", servers...), nil); err == nil {
		t.Fatal("applied over a closed pool")
	}
	// A new run waits for the locks of the old one and finds everything as it was.
	var mu sync.Mutex
	recovered := false
	err := newPool(t, servers...).Apply(testContext(t), withExpect(policy(t, "newer\n", servers...), "old\n"), func(_, step string) {
		mu.Lock()
		defer mu.Unlock()
		recovered = recovered || strings.Contains(step, "interrupted")
	})
	if err != nil {
		t.Fatal(err)
	}
	if recovered {
		t.Error("a journal was left although the shells lived")
	}
	allHave(t, "newer\n", servers...)
}

func withExpect(changes []node.Change, content string) []node.Change {
	for i := range changes {
		changes[i].Expect = []node.Expect{{Path: "/etc/sudoers.d/agent", Exists: true, SHA256: sum(content)}}
	}
	return changes
}

// TestKilledShell: SIGKILL of the remote shell leaves a journal. An observation reports it, and the next transaction
// restores before it compares.
func TestKilledShell(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		if name == "busybox" {
			continue // it prefers its own flock, which does not wait
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers, p := cluster(t, 1, nodetest.Options{Shell: shell})
			s := servers[0]
			reached, release := pause(t, s)
			ctx, cancel := context.WithCancel(testContext(t))
			done := make(chan error)
			go func() { done <- p.Apply(ctx, policy(t, "new\n", s), nil) }()
			<-reached
			// Nobody may answer the client's question what became of the node, or it would be restored at once.
			s.Write(t, "etc/nologin", "", 0o644)
			s.Tool(t, "flock", `[ ! -e "$PVESEC_TEST_ROOT/etc/nologin" ] || exit 1; exec /usr/bin/flock "$@"`)
			s.Kill()
			release()
			err := <-done
			cancel()
			var ae *node.ApplyError
			if !errors.As(err, &ae) || ae.Outcomes[0].State != node.Unknown {
				t.Fatalf("got %v", err)
			}
			_ = os.Remove(filepath.Join(s.Root, "etc/nologin"))
			if got := s.Read(t, "etc/sudoers.d/agent"); got != "new\n" {
				t.Fatalf("the killed transaction left %q", got)
			}
			// The tool that the killed shell had started holds the lock for as long as it runs.
			o, err := p.Observe(testContext(t), target("pve1", s), node.Query{})
			for err == nil && o.Busy {
				o, err = p.Observe(testContext(t), target("pve1", s), node.Query{})
			}
			if err != nil || !o.Unfinished || o.Busy {
				t.Errorf("observed %+v %v", o, err)
			}
			var steps []string
			err = p.Apply(testContext(t), withExpect(policy(t, "newer\n", s), "old\n"), func(_, step string) { steps = append(steps, step) })
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(strings.Join(steps, ","), "interrupted run") {
				t.Errorf("the recovery was not told: %q", steps)
			}
			allHave(t, "newer\n", s)
		})
	}
}

// TestRestoresWithoutUs: the shell on the node is killed while a change is in place that locks us out. Nobody gets in
// to undo it, so the node does it by itself.
func TestRestoresWithoutUs(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		if name == "busybox" {
			continue // it prefers its own flock to the test's
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{Shell: shell})
			fakes(t, s)
			s.Write(t, "etc/sudoers.d/agent", "old\n", 0o440)
			p := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, Timing: node.Timing{Confirm: 2 * time.Second, Settle: time.Second}})
			reached, release := pause(t, s)
			changes := policy(t, "new\n", s)
			changes[0].Confirm = true
			done := make(chan error)
			go func() { done <- p.Apply(testContext(t), changes, nil) }()
			<-reached
			// Only the node's own timer waits for the lock without a limit; everyone else stays out.
			s.Tool(t, "flock", `case $1 in 9) exec /usr/bin/flock 9 ;; esac; exit 1`)
			s.Kill()
			if got := s.Read(t, "etc/sudoers.d/agent"); got != "new\n" {
				t.Fatalf("the killed transaction left %q", got)
			}
			release()
			if err := <-done; err == nil {
				t.Error("applied without its shell")
			}
			for { // one path, not a listing: the node is removing the files meanwhile
				if _, err := os.Lstat(filepath.Join(s.Root, "etc/pvesec")); errors.Is(err, os.ErrNotExist) {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			allHave(t, "old\n", s)
		})
	}
}

// TestConfirmed: a change that may lock us out is confirmed over a connection of its own, and leaves no timer behind.
func TestConfirmed(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 2, nodetest.Options{})
	changes := policy(t, "new\n", servers...)
	changes[0].Confirm = true
	var mu sync.Mutex
	var steps []string
	if err := p.Apply(testContext(t), changes, func(node, step string) {
		mu.Lock()
		defer mu.Unlock()
		steps = append(steps, node+" "+step)
	}); err != nil {
		t.Fatal(err)
	}
	allHave(t, "new\n", servers...)
	one, _, _ := servers[0].Counts()
	other, _, _ := servers[1].Counts()
	if one != 2 || other != 1 || !slices.Contains(steps, "pve1 confirming over a new connection") {
		t.Errorf("%d and %d handshakes, steps %q", one, other, steps)
	}
	// Nothing to do means nothing to confirm.
	if err := p.Apply(testContext(t), changes, nil); err != nil {
		t.Fatal(err)
	}
	if n, _, _ := servers[0].Counts(); n != 2 {
		t.Errorf("%d handshakes although nothing changed", n)
	}
}

// TestCancelled: a cancelled context ends the transaction soon, with everything restored and the error saying why.
func TestCancelled(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 2, nodetest.Options{})
	reached, release := pause(t, servers[0])
	ctx, cancel := context.WithCancel(testContext(t))
	go func() {
		<-reached
		cancel()
		release()
	}()
	err := p.Apply(ctx, policy(t, "new\n", servers...), nil)
	var ae *node.ApplyError
	if !errors.As(err, &ae) || !ae.Clean() || !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if got := ae.Summary(); got != `sudoers policy "agent" was not applied: interrupted; every node is as it was before` || strings.Contains(err.Error(), "context") {
		t.Errorf("the error says\n%v", err)
	}
	allHave(t, "old\n", servers...)
}

// TestCancelledBefore: a run that ends before any node was asked says that nothing was changed.
func TestCancelledBefore(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 2, nodetest.Options{})
	ctx, cancel := context.WithCancel(testContext(t))
	cancel()
	err := p.Apply(ctx, policy(t, "new\n", servers...), nil)
	var ae *node.ApplyError
	if !errors.As(err, &ae) || ae.Summary() != `sudoers policy "agent" was not applied: interrupted; nothing was changed` || strings.Contains(err.Error(), "cannot reach") {
		t.Errorf("got %v", err)
	}
	_, err = p.Observe(ctx, target("pve1", servers[0]), node.Query{})
	if !node.Interrupted(err) || !strings.HasPrefix(err.Error(), "interrupted while ") {
		t.Errorf("got %v", err)
	}
}

// TestTwoRuns: two pools, as of two Terraform workspaces, change the same nodes in opposite order without waiting for
// each other endlessly.
func TestTwoRuns(t *testing.T) {
	t.Parallel()
	servers, p1 := cluster(t, 3, nodetest.Options{})
	p2 := newPool(t, servers...)
	ctx := testContext(t)
	var wg sync.WaitGroup
	for i := range 4 {
		p, content := p1, fmt.Sprintf("run %d\n", i)
		changes := policy(t, content, servers...)
		if i%2 == 1 {
			p = p2
			changes[0], changes[2] = changes[2], changes[0]
		}
		wg.Go(func() {
			if err := p.Apply(ctx, changes, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	allHave(t, servers[0].Read(t, "etc/sudoers.d/agent"), servers...)
}

// TestForeignFaultBesideOthers: what one tool said before the change is not taken for what another one said.
func TestForeignFaultBesideOthers(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 1, nodetest.Options{})
	servers[0].Write(t, "etc/sudoers.d/foreign", "BROKEN\n", 0o440)
	servers[0].Write(t, "etc/logrotate.conf", "include /etc/logrotate.d\n", 0o644)
	servers[0].Write(t, "etc/logrotate.d/alternatives", "/var/log/alternatives.log {\n}\n", 0o644)
	change := policy(t, "new\n", servers...)
	change[0].Files = append(change[0].Files, node.File{Path: "/etc/logrotate.d/agent", Content: []byte("/var/log/agent.log {\n}\n"), Mode: 0o644, Validate: node.Logrotate})
	if err := p.Apply(testContext(t), change, nil); err != nil {
		t.Error(err)
	}
}

// TestForeignFault: a fault in somebody else's file keeps no change out, and a new fault is still told from it.
func TestForeignFault(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 1, nodetest.Options{})
	servers[0].Write(t, "etc/sudoers.d/foreign", "BROKEN\n", 0o440)
	var steps []string
	if err := p.Apply(testContext(t), policy(t, "new\n", servers...), func(_, step string) { steps = append(steps, step) }); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(steps, "\n"), "complained before this change") {
		t.Errorf("the foreign fault was not told: %q", steps)
	}
	allHave(t, "new\n", servers...)
	err := p.Apply(testContext(t), policy(t, "fine\nBROKEN\n", servers...), nil)
	if !is[*node.ValidationError](err) {
		t.Errorf("got %v", err)
	}
	allHave(t, "new\n", servers...)
}

// TestBadChanges are refused before anything is dialled.
func TestBadChanges(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{})
	p := newPool(t, s)
	at := target("pve1", s)
	for name, changes := range map[string][]node.Change{
		"relative path":  {{Target: at, Files: []node.File{{Path: "etc/x"}}}},
		"newline":        {{Target: at, Files: []node.File{{Path: "/etc/x\ny"}}}},
		"twice":          {{Target: at, Files: []node.File{{Path: "/etc/x"}, {Path: "/etc/x"}}}},
		"node twice":     {{Target: at}, {Target: at}},
		"owner":          {{Target: at, Files: []node.File{{Path: "/etc/x", Owner: "-R"}}}},
		"service":        {{Target: at, RestartServices: []string{"a b"}}},
		"command":        {{Target: at, RequireCommands: []string{"$(reboot)"}}},
		"expected hash":  {{Target: at, Expect: []node.Expect{{Path: "/etc/x", Exists: true, SHA256: "no"}}}},
		"unknown kind":   {{Target: at, Files: []node.File{{Path: "/etc/x", Kind: 99}}}},
		"root directory": {{Target: at, Files: []node.File{{Path: "/", Kind: node.Absent}}}},
	} {
		if err := p.Apply(testContext(t), changes, nil); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if h, _, _ := s.Counts(); h != 0 {
		t.Errorf("%d connections", h)
	}
}
