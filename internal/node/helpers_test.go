package node_test

import (
	"context"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

func TestMain(m *testing.M) {
	budget.MoreAtOnce()
	m.Run()
}

// shells are the shells of this machine that the remote programs must run under, as the server's Shell option. /bin/sh
// is one of the others.
func shells() map[string]string {
	found := map[string]string{"sh": "/bin/sh"}
	usual, err := filepath.EvalSymlinks("/bin/sh")
	if err != nil {
		usual = "/bin/sh"
	}
	for name, args := range map[string]string{"dash": "", "busybox": " sh", "bash": " --posix"} {
		if path, err := exec.LookPath(name); err == nil {
			if same, err := filepath.EvalSymlinks(path); err == nil && same == usual {
				continue
			}
			found[name] = path + args
		}
	}
	return found
}

func target(name string, s *nodetest.Server) node.Target {
	return node.Target{Name: name, Address: s.Host, Port: s.Port}
}

// newPool makes a pool that logs in as the server expects and knows the host keys of all servers.
func newPool(t *testing.T, servers ...*nodetest.Server) *node.Pool {
	t.Helper()
	cfg := node.Config{PrivateKey: servers[0].PrivateKey, ConnectTimeout: 20 * time.Second}
	for _, s := range servers {
		cfg.KnownHosts += s.KnownHosts
		s.Signer = servers[0].Signer
	}
	return poolOf(t, cfg)
}

func poolOf(t *testing.T, cfg node.Config) *node.Pool {
	t.Helper()
	p, err := node.NewPool(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// testContext ends well before the test binary would, so that a hang shows as an error with its place.
func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// me returns the names of the account that runs the test, as owner and group of installed files.
func me(t *testing.T) (owner, group string) {
	t.Helper()
	u, err := user.LookupId(itoa(os.Getuid()))
	if err != nil {
		t.Fatal(err)
	}
	g, err := user.LookupGroupId(itoa(os.Getgid()))
	if err != nil {
		t.Fatal(err)
	}
	return u.Username, g.Name
}

func contextWithTimeout(t *testing.T, limit time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	return context.WithTimeout(testContext(t), limit)
}
