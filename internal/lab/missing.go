//go:build linux

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// program is something the lab executes on the host.
type program struct{ name, debianPackage, purpose string }

// programs are all the lab needs outside its nodes.
var programs = []program{
	{"mmdebstrap", "mmdebstrap", "builds the root file systems"},
	{"mke2fs", "e2fsprogs", "makes the disk image of nodes with their own kernel"},
}

// archiveKeyring holds the keys that mmdebstrap verifies Debian's archives with.
const archiveKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg"

// Missing lists in plain sentences what keeps the lab from running here, each with what to do about it. It is empty
// where everything is there.
func Missing() []string {
	var missing []string
	add := func(format string, args ...any) { missing = append(missing, fmt.Sprintf(format, args...)) }
	if os.Geteuid() != 0 {
		add("root: nodes are made of namespaces, mounts and control groups; run as root (sudo)")
	} else if err := canUnshare(); err != nil {
		add("the capability to make namespaces (CAP_SYS_ADMIN): %v; in a container, run it privileged", err)
	}
	for _, p := range programs {
		if _, err := lookPath(p.name); err != nil {
			add("%s, which %s: apt-get install %s", p.name, p.purpose, p.debianPackage)
		}
	}
	if _, err := os.Stat(archiveKeyring); err != nil {
		add("the keys of Debian's archives: apt-get install debian-archive-keyring")
	}
	root, err := cgroup2Root()
	switch {
	case err != nil:
		add("a cgroup2 hierarchy for systemd: %v; mount -t cgroup2 cgroup2 /sys/fs/cgroup", err)
	case unix.Access(root, unix.W_OK) != nil:
		add("write access to the cgroup2 hierarchy at %s", root)
	}
	if !overlayKnown() {
		add("the overlay file system: modprobe overlay")
	}
	return missing
}

// MissingPackages names the Debian packages that would bring the programs and keys that Missing complains about.
func MissingPackages() []string {
	var packages []string
	for _, p := range programs {
		if _, err := lookPath(p.name); err != nil {
			packages = append(packages, p.debianPackage)
		}
	}
	if _, err := os.Stat(archiveKeyring); err != nil {
		packages = append(packages, "debian-archive-keyring")
	}
	return packages
}

// lookPath finds a program, also in the directories that only root's search path has.
func lookPath(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", err
}

// canUnshare tries what a spawner does.
func canUnshare() error {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	return cmd.Run()
}

// overlayKnown reports whether the kernel has the overlay file system; mounting would also load the module on demand.
func overlayKnown() bool {
	known, err := os.ReadFile("/proc/filesystems")
	if err != nil || strings.Contains(string(known), "\toverlay\n") {
		return true
	}
	return exec.Command("modprobe", "--quiet", "--dry-run", "overlay").Run() == nil
}
