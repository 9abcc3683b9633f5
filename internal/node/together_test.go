package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// own is a change of a file of its own on every node.
func own(t *testing.T, name, content string, servers ...*nodetest.Server) []node.Change {
	t.Helper()
	changes := policy(t, content, servers...)
	for i := range changes {
		changes[i].Label, changes[i].Files[0].Path = fmt.Sprintf("sudoers policy %q", name), "/etc/sudoers.d/"+name
	}
	return changes
}

// gathered makes changes at once while another one is under way on the first node, so that all of them wait for it, and
// returns the error of each. Once they wait, then is called.
func gathered(t *testing.T, p *node.Pool, servers []*nodetest.Server, contexts map[int]context.Context, then func(), changes ...[]node.Change) []error {
	t.Helper()
	// A change with a service is never made with others.
	first := policy(t, "new\n", servers...)
	first[0].RestartServices = []string{"rsyslog"}
	servers[0].Write(t, "tmp/hold", "", 0o600)
	servers[0].Tool(t, "sed", `while [ -e "$PVESEC_TEST_ROOT/tmp/hold" ]; do sleep 0.05; done; exec /usr/bin/sed "$@"`)
	errs := make([]error, len(changes))
	staged, once := make(chan struct{}), sync.Once{}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.Apply(testContext(t), first, func(string, string) { once.Do(func() { close(staged) }) }); err != nil {
			t.Error(err)
		}
	})
	<-staged
	for i, c := range changes {
		wg.Go(func() {
			ctx := contexts[i]
			if ctx == nil {
				ctx = testContext(t)
			}
			errs[i] = p.Apply(ctx, c, nil)
		})
	}
	for p.Gathered() < len(changes) {
		time.Sleep(5 * time.Millisecond)
	}
	if then != nil {
		then()
	}
	servers[0].Remove(t, "tmp/hold")
	wg.Wait()
	return errs
}

// TestTogether: changes that come at the same time are one transaction on each node, over one connection.
func TestTogether(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 2, nodetest.Options{})
	var changes [][]node.Change
	for i := range 10 {
		changes = append(changes, own(t, "p"+itoa(i), "# "+itoa(i)+"\n", servers...))
	}
	for i, err := range gathered(t, p, servers, nil, nil, changes...) {
		if err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	for _, s := range servers {
		for i := range 10 {
			if got := s.Read(t, "etc/sudoers.d/p"+itoa(i)); got != "# "+itoa(i)+"\n" {
				t.Errorf("%d: %q", i, got)
			}
		}
		noTraces(t, s)
		if logins, sessions, _ := s.Counts(); logins != 1 || sessions != 2 {
			t.Errorf("%d logins and %d commands, want one login, the transaction under way and one for all others", logins, sessions)
		}
	}
}

// TestTogetherFails: where one of the changes fails, its error is its own, and the others are made.
func TestTogetherFails(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 2, nodetest.Options{})
	changes := [][]node.Change{own(t, "a", "# a\n", servers...), own(t, "b", "BROKEN\n", servers...), own(t, "c", "# c\n", servers...)}
	conflict := own(t, "d", "# d\n", servers...)
	conflict[1].Expect = []node.Expect{{Path: "/etc/sudoers.d/d", Exists: true}}
	changes = append(changes, conflict)
	errs := gathered(t, p, servers, nil, nil, changes...)
	var invalid *node.ValidationError
	if !errors.As(errs[1], &invalid) || invalid.Path != "/etc/sudoers.d/b" || !strings.HasPrefix(errs[1].Error(), `sudoers policy "b" was not applied; every node is as it was before`) {
		t.Errorf("b: %v", errs[1])
	}
	var changed *node.ConflictError
	if !errors.As(errs[3], &changed) || changed.Path != "/etc/sudoers.d/d" || changed.Node != "pve2" || !strings.HasPrefix(errs[3].Error(), `sudoers policy "d" was`) {
		t.Errorf("d: %v", errs[3])
	}
	if errs[0] != nil || errs[2] != nil {
		t.Errorf("a: %v; c: %v", errs[0], errs[2])
	}
	for _, s := range servers {
		for name, want := range map[string]string{"a": "# a\n", "b": "(absent)", "c": "# c\n", "d": "(absent)"} {
			if got := s.Read(t, "etc/sudoers.d/"+name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		noTraces(t, s)
	}
}

// TestTogetherApart: what is not to share the fate of others does not: a removal, and who writes the same file.
func TestTogetherApart(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 1, nodetest.Options{})
	s := servers[0]
	s.Write(t, "etc/sudoers.d/gone", "agent ALL = ALL\n", 0o440)
	removal := own(t, "gone", "", s)
	removal[0].Files[0].Kind = node.Absent
	errs := gathered(t, p, servers, nil, nil, removal, own(t, "same", "BROKEN\n", s), own(t, "same", "# fine\n", s))
	if errs[0] != nil || errs[1] == nil || errs[2] != nil {
		t.Errorf("got %v", errs)
	}
	if s.Read(t, "etc/sudoers.d/gone") != "(absent)" || s.Read(t, "etc/sudoers.d/same") != "# fine\n" {
		t.Error(s.List(t, "etc/sudoers.d"))
	}
	if _, sessions, _ := s.Counts(); sessions != 4 {
		t.Errorf("%d transactions, want 4", sessions)
	}
}

// TestTogetherLeft: who no longer waits takes nobody with him, neither before the others begin nor while they are made.
func TestTogetherLeft(t *testing.T) {
	t.Parallel()
	for _, begun := range []bool{false, true} {
		t.Run(fmt.Sprint(begun), func(t *testing.T) {
			t.Parallel()
			servers, p := cluster(t, 2, nodetest.Options{})
			ctx, cancel := context.WithCancel(testContext(t))
			changes := [][]node.Change{own(t, "a", "# a\n", servers...), own(t, "b", "# b\n", servers...), own(t, "c", "# c\n", servers...)}
			then := cancel
			if begun {
				then = func() {}
				var once sync.Once
				for i := range changes[1] {
					changes[1][i].Listed = []node.Listed{{User: "root", Command: "/usr/bin/true", Path: changes[1][i].Files[0].Path}}
				}
				// sudo is asked after the files are in place, the first time in vain.
				for _, s := range servers {
					s.Tool(t, "sudo", `echo 'User root may run the following commands on pve1: /usr/bin/true'; [ -e "$PVESEC_TEST_ROOT/tmp/asked" ] || { : >"$PVESEC_TEST_ROOT/tmp/asked"; sleep 1; }`)
				}
				go func() {
					for servers[0].Read(t, "tmp/asked") == "(absent)" {
						time.Sleep(5 * time.Millisecond)
					}
					once.Do(cancel)
				}()
			}
			errs := gathered(t, p, servers, map[int]context.Context{1: ctx}, then, changes...)
			if !node.Interrupted(errs[1]) || errs[0] != nil || errs[2] != nil {
				t.Errorf("got %v", errs)
			}
			for _, s := range servers {
				for name, want := range map[string]string{"a": "# a\n", "b": "(absent)", "c": "# c\n"} {
					if got := s.Read(t, "etc/sudoers.d/"+name); got != want {
						t.Errorf("%s: %q, want %q", name, got, want)
					}
				}
				noTraces(t, s)
			}
		})
	}
}

// TestTogetherUnreachable: a node that cannot be reached fails all of them, each by its own name, after one attempt.
func TestTogetherUnreachable(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 2, nodetest.Options{})
	gone := own(t, "a", "# a\n", servers...)[1].Target
	changes := [][]node.Change{own(t, "a", "# a\n", servers...), own(t, "b", "# b\n", servers...)}
	errs := gathered(t, p, servers[:1], nil, servers[1].Close, changes...)
	for i, name := range []string{"a", "b"} {
		var unreachable *node.UnreachableError
		if !errors.As(errs[i], &unreachable) || unreachable.Node != gone.Name || !strings.HasPrefix(errs[i].Error(), fmt.Sprintf("sudoers policy %q was not applied", name)) {
			t.Errorf("%s: %v", name, errs[i])
		}
	}
}
