//go:build linux

package nodelab_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// clientVariable makes this test program the client that TestKilledProvider kills: "address port step", with the key
// and the host keys on standard input.
const clientVariable = "PVESEC_NODELAB_CLIENT"

func TestMain(m *testing.M) {
	if os.Getenv(clientVariable) != "" {
		if err := client(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	budget.MoreAtOnce()
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

// TestKilledProvider: SIGKILL of the process that changes the node, at several moments. The node is in the old or the
// new state, and the next run goes on from there.
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
