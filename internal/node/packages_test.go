package node_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// withoutTools pretends that a node lacks the commands of two packages that its apt-get can install. It writes down how
// it was called.
func withoutTools(t *testing.T, s *nodetest.Server, update, install string) {
	t.Helper()
	s.Tool(t, "apt-get", `
echo "$DEBIAN_FRONTEND $*" >>"$PVESEC_TEST_ROOT/tmp/apt"
case $* in
*update*) `+update+` ;;
*install*) `+install+` ;;
esac`)
}

const (
	// comes installs what transactions ask for by these names.
	comes = `for command in sudo_logsrvd augenrules; do printf '#!/bin/sh\n' >"$PVESEC_TEST_ROOT/test/bin/$command"; chmod 755 "$PVESEC_TEST_ROOT/test/bin/$command"; done`
	// unpaid is what apt-get says on a new node of Proxmox VE, which has the repository for subscribers.
	unpaid = `echo 'Err:5 https://user:hush@enterprise.proxmox.com/debian/pve trixie InRelease'
echo '  401  Unauthorized [IP: 192.0.2.7 443]'
echo "E: Failed to fetch https://user:hush@enterprise.proxmox.com/debian/pve/dists/trixie/InRelease  401  Unauthorized [IP: 192.0.2.7 443]"
echo "E: The repository 'https://enterprise.proxmox.com/debian/pve trixie InRelease' is not signed."
exit 100`
	unfound = `echo 'E: Unable to locate package sudo'; exit 100`
	offline = `echo 'E: Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease  Could not connect to deb.debian.org:80'; exit 100`
)

// tools are commands that no machine which runs the tests has.
var tools = []string{"visudo", "sudo_logsrvd", "augenrules"}

// TestInstallsPackages: packages of commands that a node lacks are installed before anything of the change is in place,
// once each and unattended.
func TestInstallsPackages(t *testing.T) {
	t.Parallel()
	for name, update := range map[string]string{"all lists": "", "no subscription": unpaid} {
		servers, p := cluster(t, 1, nodetest.Options{Without: tools[1:]})
		s := servers[0]
		withoutTools(t, s, update, `grep -q old "$PVESEC_TEST_ROOT/etc/sudoers.d/agent" || exit 9; `+comes)
		changes := policy(t, "new\n", s)
		var installed, said []string
		changes[0].RequireCommands, changes[0].InstallPackages = tools, true
		changes[0].Installed = func(packages []string) { installed = packages }
		if err := p.Apply(testContext(t), changes, func(_, step string) { said = append(said, step) }); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		allHave(t, "new\n", s)
		if got := strings.Join(installed, " "); got != "sudo auditd" {
			t.Errorf("%s: installed %q", name, got)
		}
		calls := strings.Split(strings.TrimSpace(s.Read(t, "tmp/apt")), "\n")
		if len(calls) != 2 || !strings.HasSuffix(calls[0], " update") || !strings.HasSuffix(calls[1], " install --no-install-recommends --no-remove -- sudo auditd") || !strings.HasPrefix(calls[1], "noninteractive ") {
			t.Errorf("%s: apt-get was called %q", name, calls)
		}
		steps := strings.Join(said, "\n")
		if !strings.Contains(steps, "installed sudo, auditd") || strings.Contains(steps, "no subscription") != (update != "") || strings.Contains(steps, "hush") {
			t.Errorf("%s: said\n%s", name, steps)
		}
	}
}

// TestInstallsNothingUnasked: a node that lacks nothing is left alone, and so is one that changed since the plan, and
// one whose packages nobody asked for.
func TestInstallsNothingUnasked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		without []string
		change  func(*node.Change)
		check   func(error) bool
	}{
		"nothing lacks": {nil, func(c *node.Change) { c.RequireCommands, c.InstallPackages = tools[:1], true }, func(err error) bool { return err == nil }},
		"not asked":     {tools[1:], func(c *node.Change) { c.RequireCommands = tools }, is[*node.MissingCommandError]},
		"no package": {tools[1:], func(c *node.Change) {
			c.RequireCommands, c.InstallPackages = append([]string{"no-such-command"}, tools...), true
		}, is[*node.MissingCommandError]},
		"conflict": {tools[1:], func(c *node.Change) {
			c.RequireCommands, c.InstallPackages, c.Expect = tools, true, []node.Expect{{Path: "/etc/sudoers.d/agent"}}
		}, is[*node.ConflictError]},
	} {
		servers, p := cluster(t, 1, nodetest.Options{Without: c.without})
		withoutTools(t, servers[0], "", comes)
		changes := policy(t, "new\n", servers[0])
		c.change(&changes[0])
		if err := p.Apply(testContext(t), changes, nil); !c.check(err) {
			t.Errorf("%s: %v", name, err)
		}
		if got := servers[0].Read(t, "tmp/apt"); got != "(absent)" {
			t.Errorf("%s: apt-get was called: %s", name, got)
		}
	}
}

// TestPackagesFail: where apt-get cannot install a package nothing changes, and why is said: the repository for
// subscribers apart from other faults.
func TestPackagesFail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ update, install, says, silent string }{
		"no subscription": {unpaid, unfound, "apt-get could not install sudo, auditd on pve1: Unable to locate package sudo\nBefore that it could not read all package lists: " +
			"enterprise.proxmox.com answered 401 Unauthorized: the node has no subscription.", "hush"},
		"offline":          {offline, unfound, "Could not connect to deb.debian.org:80", "subscription"},
		"both":             {strings.Replace(unpaid, "exit 100", offline, 1), unfound, "Others failed too: Failed to fetch http://deb.debian.org", "hush"},
		"lists are fine":   {"", unfound, "Unable to locate package sudo", "Before that"},
		"without a reason": {"", "echo one; echo two; exit 1", "one; two", "Before that"},
		"a login cut off":  {"", "i=0; while [ $i -lt 200 ]; do echo \"E: Failed to fetch https://user:pa@hush@deb.example.com/debian/$i\"; i=$((i + 1)); done; exit 100", "https://deb.example.com/debian/199", "hush"},
		"a cut in a login": {"", fmt.Sprintf("for i in 1 2 3 4 5 6; do echo 'https://user:secret-hush@deb.example.com/%s'; done; exit 100", strings.Repeat("x", 985-len("hush@deb.example.com/\n"))), "https://deb.example.com/x", "hush"},
		"lies":             {"", "", "sudo_logsrvd is not installed on pve1", "apt-get could not"},
	} {
		servers, p := cluster(t, 1, nodetest.Options{Without: tools[1:]})
		withoutTools(t, servers[0], c.update, c.install)
		changes := policy(t, "new\n", servers[0])
		changes[0].RequireCommands, changes[0].InstallPackages = tools, true
		err := p.Apply(testContext(t), changes, nil)
		var failed *node.ApplyError
		if !errors.As(err, &failed) || failed.Outcomes[0].State != node.Unchanged || !strings.Contains(failed.Outcomes[0].Err.Error(), c.says) || strings.Contains(err.Error(), c.silent) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(err.Error(), "installed, and not removed") {
			t.Errorf("%s: a package that did not come is said to be installed: %v", name, err)
		}
		allHave(t, "old\n", servers[0])
	}
}

// TestSlowPackages: apt-get is not stopped half-way. This one ends only after the change was given up.
func TestSlowPackages(t *testing.T) {
	t.Parallel()
	servers, _ := cluster(t, 1, nodetest.Options{Without: tools[1:]})
	s := servers[0]
	withoutTools(t, s, "", `until [ -e "$PVESEC_TEST_ROOT/tmp/given-up" ]; do sleep 0.1; done; echo ended >"$PVESEC_TEST_ROOT/tmp/ended"`)
	changes := policy(t, "new\n", s)
	changes[0].RequireCommands, changes[0].InstallPackages = tools, true
	p := poolOf(t, node.Config{PrivateKey: s.PrivateKey, KnownHosts: s.KnownHosts, Timing: node.Timing{Patient: time.Second}})
	err := p.Apply(testContext(t), changes, nil)
	if err == nil || !strings.Contains(err.Error(), "apt-get did not end within 5 seconds. It goes on: apply again when it has ended") {
		t.Errorf("said: %v", err)
	}
	allHave(t, "old\n", s)
	s.Write(t, "tmp/given-up", "", 0o600)
	for ctx := testContext(t); s.Read(t, "tmp/ended") == "(absent)"; time.Sleep(100 * time.Millisecond) {
		if err := ctx.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUndoKeepsPackages: an undo does not remove packages, and says so.
func TestUndoKeepsPackages(t *testing.T) {
	t.Parallel()
	servers, p := cluster(t, 2, nodetest.Options{Without: tools[1:]})
	for _, s := range servers {
		withoutTools(t, s, "", comes)
	}
	changes := policy(t, "new\n", servers...)
	for i := range changes {
		changes[i].RequireCommands, changes[i].InstallPackages = tools, true
	}
	changes[1].Files[0].Content = []byte("BROKEN\n")
	err := p.Apply(testContext(t), changes, nil)
	if err == nil || !strings.Contains(err.Error(), "every node is as it was before, except for packages that were installed") ||
		strings.Count(err.Error(), "(sudo, auditd installed, and not removed)") == 0 {
		t.Errorf("said: %v", err)
	}
	allHave(t, "old\n", servers...)
}

// TestProgramsOfSystemd: a program of systemd that is not on the path is looked for where Debian has it, under every
// shell, and its package is known.
func TestProgramsOfSystemd(t *testing.T) {
	t.Parallel()
	const program = "systemd-journal-upload"
	for name, shell := range shells() {
		for _, there := range []bool{true, false} {
			s := nodetest.Start(t, nodetest.Options{Shell: shell})
			if there {
				s.Write(t, "usr/lib/systemd/"+program, "", 0o755)
			}
			seen, err := newPool(t, s).Observe(testContext(t), target("pve1", s), node.Query{Commands: []string{program}})
			if err != nil || (seen.Commands[program] != "") != there {
				t.Errorf("%s, there %v: %+v, %v", name, there, seen, err)
			}
		}
	}
	if got := node.PackageOf(program); got != "systemd-journal-remote" {
		t.Errorf("it is in %q", got)
	}
}
