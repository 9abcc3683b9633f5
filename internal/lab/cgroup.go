//go:build linux

package lab

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroupPrefix starts the name of every control group the lab makes, so that leftovers are recognised.
const cgroupPrefix = "pvesec-lab."

// errNoCgroup2 reports that no cgroup2 hierarchy is mounted; systemd needs a subtree of one.
var errNoCgroup2 = errors.New("no cgroup2 hierarchy is mounted (looked in /proc/self/mountinfo)")

// cgroup2Root finds where the cgroup2 hierarchy is mounted: /sys/fs/cgroup on a unified host, /sys/fs/cgroup/unified on
// a hybrid one (systemd's naming), or elsewhere.
func cgroup2Root() (string, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		// proc_pid_mountinfo(5): the fields before " - " include the mount point as the fifth, after it comes the type.
		mount, source, ok := strings.Cut(lines.Text(), " - ")
		fields := strings.Fields(mount)
		if ok && strings.HasPrefix(source, "cgroup2 ") && len(fields) >= 5 {
			return fields[4], nil
		}
	}
	return "", errNoCgroup2
}

// makeCgroup creates the control group for one node of one lab.
func makeCgroup(labID, node string) (string, error) {
	root, err := cgroup2Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, cgroupPrefix+labID+"."+node)
	if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("creating a control group for node %s: %w", node, err)
	}
	return dir, nil
}

// removeCgroup kills whatever is left in the control group and removes it with its descendants.
func removeCgroup(dir string) error {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, "cgroup.kill"), []byte("1"), 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("killing the processes of %s: %w", dir, err)
	}
	var err error
	for attempt := 0; attempt < 200; attempt++ { // a killed process keeps its group busy until it is reaped
		if err = removeCgroupTree(dir); err == nil || !errors.Is(err, unix.EBUSY) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
	return err
}

// removeCgroupTree removes the group and its descendants, deepest first: the files in a group are not removable
// themselves.
func removeCgroupTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeCgroupTree(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := unix.Rmdir(dir); err != nil && !errors.Is(err, unix.ENOENT) {
		return &fs.PathError{Op: "rmdir", Path: dir, Err: err}
	}
	return nil
}

// labCgroups lists the control groups of labs whose id begins with the given prefix.
func labCgroups(idPrefix string) ([]string, error) {
	root, err := cgroup2Root()
	if errors.Is(err, errNoCgroup2) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(root, cgroupPrefix+idPrefix+"*"))
}
