//go:build linux

package nodelab_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// versionOf is an account of which every part tells the version.
func versionOf(version int) node.AccountChange {
	groups := [][]string{{"audio"}, {"video", "cdrom"}}[version%2]
	return node.AccountChange{
		Name: "nightowl", Comment: fmt.Sprint("version ", version), Home: "/home/nightowl", Shell: "/bin/sh", Groups: groups, OnlyGroups: true, Expires: 30000 + version, Password: node.SetPassword,
		Hash: fmt.Sprintf("%s%02d", strings.TrimSuffix(aHash, "Q3"), version%100), Keys: &node.KeyFile{Content: []byte(fmt.Sprintf("# version %d\n%s", version, aKey)), Only: true},
	}
}

// versionFound is the version that a node has in every part of an account; an account with two versions is told as it is.
func versionFound(ctx context.Context, n *lab.Node) (string, error) {
	out, err := n.Shell(ctx, `getent passwd nightowl | cut -d: -f5 | sed 's/version //'; echo $(($(grep ^nightowl: /etc/shadow | cut -d: -f8) - 30000)); sed -n 's/# version //p' /home/nightowl/.ssh/authorized_keys
		grep ^nightowl: /etc/shadow | cut -d: -f2 | tail -c 3; id -nG nightowl; ls -A /home/nightowl/.ssh; ls -A /etc/pvesec 2>/dev/null || true`)
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	groups := []string{"nightowl audio", "nightowl cdrom video"}
	var version int
	_, _ = fmt.Sscan(lines[0], &version)
	groupsNow := ""
	if len(lines) > 4 {
		fields := strings.Fields(lines[4])
		if len(fields) == 3 && fields[1] == "video" {
			fields[1], fields[2] = fields[2], fields[1]
		}
		groupsNow = strings.Join(fields, " ")
	}
	if len(lines) == 6 && lines[1] == lines[0] && lines[2] == lines[0] && lines[3] == fmt.Sprintf("%02d", version%100) && groupsNow == groups[version%2] && lines[5] == "authorized_keys" {
		return lines[0], nil
	}
	return strings.Join(lines, "; "), nil
}

// TestAccountFaults has the shell killed, or a command fail, before a sample of the steps that change an account on two nodes, before all with -chaos. Each node ends with the old account or
// the new one, whole, as the caller was told, and the next change goes through.
func TestAccountFaults(t *testing.T) {
	t.Parallel()
	c := start(t)
	p := newPair(t, c, c.Nodes...)
	for _, n := range c.Nodes {
		if err := putHooks(t.Context(), n, content(0)); err != nil {
			t.Fatal(err)
		}
	}
	version := 0
	apply := func() error {
		version++
		var changes []node.Change
		for _, n := range c.Nodes {
			changes = append(changes, node.Change{Target: target(n), Label: "the account", Accounts: []node.AccountChange{versionOf(version)}})
		}
		return p.pool.Apply(t.Context(), changes, nil)
	}
	if err := apply(); err != nil {
		t.Fatal(err)
	}
	var steps []string
	for _, n := range c.Nodes {
		if err := arm(t.Context(), n, 0, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := apply(); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		steps = strings.Split(shell(t, n, "cat /run/fault/steps\n"+disarmed), "\n")
	}
	for _, tool := range []string{" usermod ", " chpasswd ", " chage ", " setpriv "} {
		if !strings.Contains(strings.Join(steps, "\n"), tool) {
			t.Errorf("no step%sin %q", tool, steps)
		}
	}
	every, struck := 31, 0
	if *everything {
		every = 1
	}
	for name, action := range map[string]string{"shell killed": session + "kill -KILL $sh", "command fails": "exit 1"} {
		for step := 1 + struck%2; step <= len(steps); step += every {
			struck++
			n := c.Nodes[struck%len(c.Nodes)]
			had := fmt.Sprint(version)
			if err := arm(t.Context(), n, step, action); err != nil {
				t.Fatal(err)
			}
			err := apply()
			shell(t, n, disarmed)
			at := fmt.Sprintf("%s before step %.80s on %s", name, steps[step-1], n.Name)
			var failed *node.ApplyError
			want := fmt.Sprint(version)
			switch {
			case err == nil:
			case errors.As(err, &failed) && failed.Clean():
				want = had
			default:
				want = ""
			}
			for _, n := range c.Nodes {
				got, err := versionFound(t.Context(), n)
				if err != nil || want != "" && got != want {
					t.Errorf("%s: %s has %q, want %q: %v", at, n.Name, got, want, err)
				}
			}
			if want != fmt.Sprint(version) {
				if err := apply(); err != nil {
					t.Errorf("%s: the next change: %v", at, err)
				}
			}
			for _, n := range c.Nodes {
				if got, err := versionFound(t.Context(), n); err != nil || got != fmt.Sprint(version) {
					t.Errorf("%s: after the next change %s has %q: %v", at, n.Name, got, err)
				}
			}
		}
	}
	if struck < 4 {
		t.Errorf("only %d faults were injected, into a transaction of %d steps", struck, len(steps))
	}
	t.Logf("%d faults injected, into a transaction of %d steps", struck, len(steps))
}
