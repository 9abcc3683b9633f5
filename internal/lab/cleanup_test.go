//go:build linux

package lab

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab/kerneltest"
)

// traces lists what is left of a lab.
func traces(t *testing.T, id string) []string {
	t.Helper()
	var found []string
	if _, err := os.Stat(filepath.Join(stateRoot(), id)); err == nil {
		found = append(found, "its state directory")
	}
	groups, err := labCgroups(id)
	if err != nil {
		t.Fatal(err)
	}
	found = append(found, groups...)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, id) {
			found = append(found, "mount: "+strings.TrimSpace(line))
		}
	}
	return found
}

func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	kerneltest.Run(t, closeLeavesNothing)
}

func closeLeavesNothing(t *testing.T) {
	t.Helper()
	c := ForTest(t, ClusterSpec{Nodes: []NodeSpec{{}, {Kernel: true}}})
	id := c.lab.state.id
	if len(traces(t, id)) == 0 {
		t.Fatal("a running lab leaves no traces: the test looks in the wrong places")
	}
	for _, mount := range traces(t, id) {
		if strings.HasPrefix(mount, "mount: ") {
			t.Errorf("the caller's mount namespace shows the lab: %s", mount)
		}
	}
	var pids []int
	for _, n := range c.Nodes {
		switch m := n.machine.(type) {
		case container:
			pids = append(pids, m.cmd.Process.Pid)
		case *guest:
			pids = append(pids, m.cmd.Process.Pid)
		}
	}
	pids = append(pids, c.janitor.Process.Pid)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if left := traces(t, id); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, pid := range pids {
		if err := unix.Kill(pid, 0); err != unix.ESRCH {
			t.Errorf("process %d is still there: %v", pid, err)
		}
	}
	for _, n := range c.Nodes {
		if _, err := net.Dial("tcp", sshAddress(n)); err == nil {
			t.Errorf("%s still answers", n.Name)
		}
	}
}

// TestCrash kills a process that runs a lab in the way that leaves it no chance to clear up.
func TestCrash(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	var id string
	var pid int
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(line, &id, &pid); err != nil {
		t.Fatalf("the other process says %q", line)
	}
	if err := unix.Kill(pid, 0); err != nil {
		t.Fatalf("its node does not run: %v", err)
	}
	if len(traces(t, id)) == 0 {
		t.Fatal("its lab left no traces even while it ran")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		gone := unix.Kill(pid, 0) == unix.ESRCH
		left := traces(t, id)
		if gone && len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the node is gone: %v; left behind: %v", gone, left)
		}
	}
}

// TestSweep tells the living from the dead, without any node.
func TestSweep(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, id := range []string{"alive", "dead"} {
		if err := os.MkdirAll(filepath.Join(root, id, "pve1"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, id, ownerLockFile), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := os.Open(filepath.Join(root, "alive", ownerLockFile))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if err := sweep(root); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "alive")); err != nil {
		t.Errorf("a living lab was swept away: %v", err)
	}
	if _, err := os.Stat(filepath.Join(root, "dead")); err == nil {
		t.Error("a dead lab was left")
	}
}
