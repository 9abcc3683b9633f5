//go:build linux

package nodelab_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// An accountCycle is a change of an account, and the way back from it.
type accountCycle struct {
	name     string
	to, back node.AccountChange
	// steps are parts of commands that the change must run.
	steps []string
}

// accountCycles are a change of each kind.
func accountCycles() []accountCycle {
	base := nightAccount()
	base.Expect = ""
	with := func(change func(*node.AccountChange)) node.AccountChange {
		a := base
		change(&a)
		return a
	}
	gone := node.AccountChange{Name: base.Name, Absent: true, RemoveHome: true, EndSessions: true}
	return []accountCycle{
		{"made", base, gone, []string{" useradd ", " setpriv "}},
		{"removed", gone, base, []string{" userdel "}},
		{
			"every part", with(func(a *node.AccountChange) {
				a.Comment, a.Shell, a.Groups, a.Expires = "another", "/bin/sh", []string{"cdrom"}, 30000
				a.Password, a.Hash, a.Keys = node.SetPassword, aHash, &node.KeyFile{Content: []byte("# another\n"), Only: true}
			}), base, []string{" usermod ", " chpasswd ", " chage ", " setpriv "},
		},
		{
			"user id and home", with(func(a *node.AccountChange) { a.UID, a.Home, a.EndSessions = 2001, "/home/op", true }),
			with(func(a *node.AccountChange) { a.UID, a.EndSessions = 2000, true }), []string{" usermod -u 2001 -d /home/op ", " chage -E 1 "},
		},
		{
			"additive", with(func(a *node.AccountChange) {
				a.OnlyGroups, a.Groups, a.DropGroups, a.Keys = false, []string{"cdrom"}, []string{"audio"}, &node.KeyFile{Content: []byte(aKey + "# another\n")}
			}),
			with(func(a *node.AccountChange) {
				a.OnlyGroups, a.DropGroups, a.Keys = false, []string{"cdrom"}, &node.KeyFile{Content: []byte(aKey)}
			}), []string{" usermod ", " setpriv "},
		},
	}
}

// TestAccountFaults has the shell killed, or a command fail, before a sample of the steps of each kind of change of an
// account on two nodes, before all in `make chaos`. Each node ends with the old account or the new one, whole, as the
// caller was told, and the next change goes through.
func TestAccountFaults(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPair(t, c, c.Nodes...)
	for _, n := range c.Nodes {
		if err := putHooks(t.Context(), n, content(0)); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	var notes string // of the last change
	apply := func(a node.AccountChange) error {
		notes = ""
		var changes []node.Change
		for _, n := range c.Nodes {
			noted := func(text string) {
				mu.Lock()
				defer mu.Unlock()
				notes += text + "\n"
			}
			changes = append(changes, node.Change{Target: target(n), Label: "the account", Accounts: []node.AccountChange{a}, Noted: noted})
		}
		return p.pool.Apply(t.Context(), changes, nil)
	}
	must := func(a node.AccountChange) {
		t.Helper()
		if err := apply(a); err != nil {
			t.Fatal(err)
		}
	}
	// What a settling that failed leaves aside is in the way of no one.
	found := func() (states []string) {
		for _, n := range c.Nodes {
			var lines []string
			for line := range strings.Lines(accountsOf(t, n)) {
				if !strings.Contains(line, ".pvesec-") {
					lines = append(lines, line)
				}
			}
			states = append(states, strings.Join(lines, ""))
		}
		return states
	}
	struck, cells := 0, 0
	var ends budget.Struck
	for i, cycle := range accountCycles() {
		// The state to which each round goes back: where a home moves both are there then, and a password that was
		// locked again keeps its hash behind the "!".
		must(cycle.back)
		must(cycle.to)
		must(cycle.back)
		moves := cycle.back.Home != "" && cycle.to.Home != "" && cycle.to.Home != cycle.back.Home
		before := found()
		for _, n := range c.Nodes {
			if err := n.ArmStep(t.Context(), 0, ""); err != nil {
				t.Fatal(err)
			}
		}
		must(cycle.to)
		var steps []string
		for _, n := range c.Nodes {
			steps = strings.Split(shell(t, n, "cat /run/fault/steps\n"+lab.Disarmed), "\n")
		}
		after := found()
		for _, part := range cycle.steps {
			if !strings.Contains(strings.Join(steps, "\n"), part) {
				t.Errorf("%s: no step%sin %q", cycle.name, part, steps)
			}
		}
		for k, action := range []string{session + "kill -KILL $sh", "exit 2"} {
			name := []string{"shell killed", "command fails"}[k]
			last := len(steps)
			if k == 1 {
				last -= len(sealed(steps)) // what fails once the change stands is told, and stays
			}
			for step := 1; step <= last; step++ {
				// Of each kind another part of the change, and the other action.
				if !*everything && (k != i%2 || step != last*(i+1)/(len(accountCycles())+1)) {
					continue
				}
				if cells++; !budget.InPart(cells - 1) {
					continue
				}
				begun := time.Now()
				must(cycle.back)
				struck++
				n := c.Nodes[struck%len(c.Nodes)]
				if err := n.ArmStep(t.Context(), step, action); err != nil {
					t.Fatal(err)
				}
				err := apply(cycle.to)
				shell(t, n, lab.Disarmed)
				at := fmt.Sprintf("%s: %s before step %.80s on %s", cycle.name, name, steps[step-1], n.Name)
				// A home whose way cannot be looked at stays, which the change tells.
				if home := "/home/" + cycle.to.Name; k == 1 && strings.Contains(steps[step-1], looksAtWay) && cycle.to.RemoveHome && err == nil && shell(t, n, "[ ! -e "+home+" ] || echo there") == "there" {
					if !strings.Contains(notes, home) {
						t.Errorf("%s: %s stays, and the change tells only %q", at, home, notes)
					}
					shell(t, n, "rm -r "+home)
				}
				var failed *node.ApplyError
				want, other, end := after, after, "changed"
				switch {
				case err == nil:
				case errors.As(err, &failed) && failed.Clean():
					want, other, end = before, before, "as before"
				default: // each node is as before or as after, whichever it is
					want, end = before, "told as not known"
				}
				ends.Count(cycle.name+", "+name, end)
				for j, got := range found() {
					if got != want[j] && got != other[j] {
						t.Errorf("%s (%v): %s has\n%s\nwant\n%s\nor\n%s", at, err, c.Nodes[j].Name, got, want[j], other[j])
					}
				}
				if err := apply(cycle.to); err != nil {
					t.Errorf("%s: the next change: %v", at, err)
				}
				for j, got := range found() {
					if got != after[j] {
						t.Errorf("%s: after the next change %s has\n%s\nwant\n%s", at, c.Nodes[j].Name, got, after[j])
					}
				}
				if testing.Verbose() {
					t.Logf("%5.1f s  %d of %d, %s", time.Since(begun).Seconds(), step, last, at)
				}
			}
		}
		if moves {
			must(cycle.back)
		}
	}
	if ends.Report(t) < len(accountCycles()) {
		t.Errorf("only %d faults were injected", struck)
	}
}

// looksAtWay is in the steps that look at the directories on the way to something.
const looksAtWay = " %a:%u:%g %U %G "

// sealed are the steps from the one on with which a change stands.
func sealed(steps []string) []string {
	for i, step := range steps {
		if strings.Contains(step, " mv ") && strings.HasSuffix(step, "/sealed") {
			return steps[i:]
		}
	}
	return nil
}
