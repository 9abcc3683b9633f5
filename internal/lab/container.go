//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// container is a node under the caller's kernel: systemd in namespaces.
type container struct {
	*process
	cgroup string
}

// containerMasked are units that cannot work in namespaces and would leave the system degraded: the kernel lets only
// the initial pid namespace control auditing. audit-rules.service exists since Debian 13.
var containerMasked = []string{"auditd.service", "audit-rules.service"}

// containerSSH is where sshd listens inside a container node.
var containerSSH = netip.MustParseAddrPort("127.0.0.1:22")

// startContainer boots a container node whose disk is in the spawner's mount namespace.
func startContainer(s *spawner, config containerConfig, cgroup string) (machine, error) {
	p, err := startProcess(s, roleContainer, config, cgroup)
	if err != nil {
		return nil, err
	}
	return container{p, cgroup}, nil
}

func (c container) dial(ctx context.Context) (net.Conn, error) {
	return dialIn(ctx, c.netns, containerSSH)
}

func (c container) exec(ctx context.Context, stdin string, argv []string) (stdout, stderr string, err error) {
	// Beside systemd's own groups: cgroup2 allows no process in a group that hands controllers to its children.
	dir := filepath.Join(c.cgroup, "lab.exec")
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", "", err
	}
	group, err := os.Open(dir)
	if err != nil {
		return "", "", err
	}
	defer group.Close()
	return enter(ctx, c.pidfd, group, stdin, argv)
}

// awaitSystemd waits until systemd has finished starting and fails unless everything it started runs.
func awaitSystemd(ctx context.Context, m machine) error {
	state, stderr, err := m.exec(ctx, "", []string{"systemctl", "is-system-running", "--wait"})
	if state := strings.TrimSpace(state); state == "running" {
		return nil
	} else if err == nil || state != "" {
		failed, _, _ := m.exec(ctx, "", []string{"systemctl", "--failed", "--plain", "--no-legend"})
		return fmt.Errorf("systemd says %q; failed units:\n%s", state, failed)
	}
	return fmt.Errorf("asking systemd for its state: %w: %s", err, stderr)
}
