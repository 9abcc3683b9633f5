package difftest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// versions are the suites and the sudo that each of them has.
var versions = map[lab.Suite]sudoers.Version{lab.Bookworm: sudoers.PVE8, lab.Trixie: sudoers.PVE9}

// machine is what the tests need of a node.
type machine interface {
	Exec(ctx context.Context, stdin string, argv ...string) (string, error)
	Shell(ctx context.Context, script string) (string, error)
	WriteFile(ctx context.Context, path, content string, mode uint32) error
}

// station is one node with what is installed on it for the tests.
type station struct {
	node  machine
	world *world
	// policyPath is where the driver puts the policies of one test.
	policyPath string
}

// nodes are the nodes of this package, one of each suite. All tests share them: to boot one takes longer than most
// tests.
var nodes = map[lab.Suite]*sharedNode{lab.Bookworm: {}, lab.Trixie: {}}

type sharedNode struct {
	once  sync.Once
	node  machine
	stop  func() error
	world *world
	err   error
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, n := range nodes {
		if n.stop == nil {
			continue
		}
		if err := n.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "closing the lab:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// start boots the node, which outlives the test that asked for it first.
func (n *sharedNode) start(suite lab.Suite) error {
	n.once.Do(func() {
		ctx := context.Background()
		if n.node, n.stop, n.err = boot(ctx, suite); n.err != nil {
			return
		}
		if n.world, n.err = newWorld(ctx, n.node, versions[suite]); n.err == nil {
			n.err = installDriver(ctx, n.node)
		}
	})
	return n.err
}

var boot = func(ctx context.Context, suite lab.Suite) (machine, func() error, error) {
	cluster, err := lab.StartCluster(ctx, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Name: "sudo", Suite: suite}}})
	if err != nil {
		return nil, nil, err
	}
	return cluster.Nodes[0], cluster.Close, nil
}

// onBoth runs a test with both versions of sudo at the same time.
func onBoth(t *testing.T, test func(*testing.T, *station)) {
	t.Helper()
	t.Logf("repeat with -seed %d", theSeed())
	for suite, n := range nodes {
		t.Run(versions[suite].String(), func(t *testing.T) {
			t.Parallel()
			if err := n.start(suite); err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(t.Name(), "/")
			test(t, &station{node: n.node, world: n.world, policyPath: "/run/difftest/" + name})
		})
	}
}

const driverPath = "/usr/local/lib/plugin_driver"

// installDriver puts the programs where they may run: /run may be mounted noexec.
func installDriver(ctx context.Context, n machine) error {
	driver, driverErr := compileDriver()
	server, serverErr := compileServer()
	if err := errors.Join(driverErr, serverErr); err != nil {
		return err
	}
	return errors.Join(n.WriteFile(ctx, driverPath, driver, 0o755), n.WriteFile(ctx, serverPath, server, 0o755))
}
