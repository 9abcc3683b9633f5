package node_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// TestTransactionProcesses: how many programs a transaction starts: few, and for each further file no more than those
// that make, copy and rename it.
func TestTransactionProcesses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before      string // what each file holds; empty for none
		kind        node.Kind
		first, more int
	}{
		"new":       {"", node.Regular, 30, 1},
		"replaced":  {"old\n", node.Regular, 34, 3},
		"removed":   {"old\n", node.Absent, 30, 3},
		"unchanged": {"new\n", node.Regular, 14, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := func(files int) int {
				s := nodetest.Start(t, nodetest.Options{})
				fakes(t, s)
				for _, tool := range strings.Fields("timeout base64 stat ls readlink getent id sha256sum cat cmp cp mv ln rm mkdir rmdir chown chmod sed grep sync find date head tail tr flock") {
					s.Tool(t, tool, fmt.Sprintf(`echo %s >>'%s/started'; exec /usr/bin/%[1]s "$@"`, tool, s.Root))
				}
				var list []node.File
				for i := range files {
					list = append(list, sudoers("/etc/sudoers.d/agent"+itoa(i), "new\n"))
					list[i].Kind = c.kind
					if c.before != "" {
						s.Write(t, list[i].Path, c.before, 0o440)
					}
				}
				if err := newPool(t, s).Apply(testContext(t), alone(t, s, list...), nil); err != nil {
					t.Fatal(err)
				}
				tools := strings.Fields(s.Read(t, "started"))
				if os.Getenv("PVESEC_TEST_SHOW") != "" {
					t.Log(tools)
				}
				return len(tools)
			}
			one, many := started(1), started(11)
			if one > c.first || many > one+10*c.more || one == 0 {
				t.Errorf("%d programs for one file, %d for eleven; no more than %d, and %d for each further one", one, many, c.first, c.more)
			}
		})
	}
}

// TestSilentClient: a node that hears nothing more of its client goes back to what it had, under every shell. As long
// as the client says that it waits, the node waits too.
func TestSilentClient(t *testing.T) {
	t.Parallel()
	for name, shell := range shells() {
		for _, step := range []string{"validated", "verified", "waits"} {
			t.Run(name+" "+step, func(t *testing.T) {
				t.Parallel()
				silent := nodetest.Start(t, nodetest.Options{Shell: shell})
				slow := nodetest.Start(t, nodetest.Options{})
				for _, s := range []*nodetest.Server{silent, slow} {
					fakes(t, s)
				}
				slow.Tool(t, "visudo", "sleep 2; echo fine")
				slow.Signer = silent.Signer
				p := poolOf(t, node.Config{PrivateKey: silent.PrivateKey, KnownHosts: silent.KnownHosts + slow.KnownHosts, Timing: node.Timing{Silence: 2 * time.Second}})
				before := silent.List(t, "etc")
				changes := []node.Change{alone(t, silent, sudoers("/etc/sudoers.d/agent", "new\n"))[0], alone(t, slow, sudoers("/etc/sudoers.d/agent", "new\n"))[0]}
				changes[1].Target = target("pve2", slow)
				err := p.Apply(testContext(t), changes, func(name, did string) {
					if name == "pve1" && did == step {
						silent.Deafen()
					}
				})
				if step == "waits" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				var ae *node.ApplyError
				if !errors.As(err, &ae) || !ae.Clean() || !strings.Contains(err.Error(), "the client is gone") {
					t.Fatalf("got %v", err)
				}
				if after := silent.List(t, "etc"); after != before {
					t.Errorf("not as before:\n%s\nbefore:\n%s", after, before)
				}
				noTraces(t, silent)
			})
		}
	}
}
