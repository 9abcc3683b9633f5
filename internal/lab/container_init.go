//go:build linux

package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// containerConfig is what the first process of a container node is told, on file descriptor 3.
type containerConfig struct {
	Name   string
	RootFS string   // lower layer of the overlay
	Disk   string   // directory with upper, work and root
	Purge  []string // Debian packages to purge before the first boot
}

// containerMain is PID 1 of a container node: it builds the node's world from inside fresh namespaces and becomes
// systemd.
func containerMain() error {
	var config containerConfig
	pipe := os.NewFile(3, "config")
	if err := json.NewDecoder(pipe).Decode(&config); err != nil {
		return fmt.Errorf("the parent process went away: %w", err)
	}
	pipe.Close()
	// The control group is entered by now; only a namespace made inside it has it as its root.
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(config.Name)); err != nil {
		return err
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	root := filepath.Join(config.Disk, "root")
	if err := mountRoot(config, root); err != nil {
		return err
	}
	if err := changeRoot(root); err != nil {
		return err
	}
	// systemd does so itself, but not in a container: credentials of services reach them only in this way.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing the mounts of the node: %w", err)
	}
	if err := dropCapabilities(); err != nil {
		return err
	}
	if err := purge(config.Purge); err != nil {
		return err
	}
	environment := []string{"container=lab", "PATH=" + nodePath, "TERM=linux"}
	return unix.Exec("/sbin/init", []string{"/sbin/init", "--log-target=journal"}, environment)
}

// mountRoot mounts the overlay and the kernel's file systems below root.
func mountRoot(config containerConfig, root string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	const kernel = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	at := func(path string) string { return filepath.Join(root, path) }
	if err := mountLayers(config.RootFS, config.Disk); err != nil {
		return err
	}
	mounts := []struct {
		fsType, target string
		flags          uintptr
		data           string
	}{
		{"tmpfs", at("dev"), unix.MS_NOSUID, "mode=755,size=4m"},
		{"proc", at("proc"), kernel, ""},
		{"sysfs", at("sys"), kernel | unix.MS_RDONLY, ""},
		{"cgroup2", at("sys/fs/cgroup"), kernel, ""},
		{"tmpfs", at("run"), unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
		{"tmpfs", at("tmp"), unix.MS_NOSUID | unix.MS_NODEV, "mode=1777"},
	}
	for _, m := range mounts {
		if err := unix.Mount(m.fsType, m.target, m.fsType, m.flags, m.data); err != nil {
			return fmt.Errorf("mounting %s on %s: %w", m.fsType, m.target, err)
		}
	}
	if err := makeDevices(at("dev")); err != nil {
		return err
	}
	return protectProc(at("proc"))
}

// makeDevices fills /dev with the devices that every process may use, and with a pseudo terminal file system of its
// own.
func makeDevices(dev string) error {
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		target := filepath.Join(dev, name)
		if err := os.WriteFile(target, nil, 0o666); err != nil {
			return err
		}
		if err := unix.Mount("/dev/"+name, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("binding /dev/%s: %w", name, err)
		}
	}
	for _, dir := range []string{"pts", "shm", "mqueue"} {
		if err := os.Mkdir(filepath.Join(dev, dir), 0o755); err != nil {
			return err
		}
	}
	// Group 5 is tty in every Debian system (base-passwd).
	if err := unix.Mount("devpts", filepath.Join(dev, "pts"), "devpts", unix.MS_NOSUID|unix.MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,gid=5"); err != nil {
		return fmt.Errorf("mounting devpts: %w", err)
	}
	if err := unix.Mount("tmpfs", filepath.Join(dev, "shm"), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777"); err != nil {
		return err
	}
	links := map[string]string{
		"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2",
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	return nil
}

// protectProc makes the parts of /proc read-only through which a node could change the machine; what concerns its own
// network stays writable.
func protectProc(proc string) error {
	for _, name := range []string{"sys", "sysrq-trigger", "irq", "bus"} {
		path := filepath.Join(proc, name)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := unix.Mount(path, path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("binding %s: %w", path, err)
		}
		const readOnly = unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
		if err := unix.Mount("", path, "", readOnly, ""); err != nil {
			return fmt.Errorf("making %s read-only: %w", path, err)
		}
	}
	return nil
}

// changeRoot makes root the root file system and leaves nothing of the old one reachable: pivot_root(2), NOTES.
func changeRoot(root string) error {
	if err := unix.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("changing the root file system: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("detaching the old root file system: %w", err)
	}
	return unix.Chdir("/")
}

// purge removes Debian packages with their configuration, as an administrator would who never wanted them.
func purge(packages []string) error {
	if len(packages) == 0 {
		return nil
	}
	cmd := exec.Command("/usr/bin/dpkg", append([]string{"--purge"}, packages...)...)
	// Debian's sudo refuses to go when root has no password, unless it is told that this is meant.
	cmd.Env = []string{"PATH=" + nodePath, "DEBIAN_FRONTEND=noninteractive", "SUDO_FORCE_REMOVE=yes", "LANG=C.UTF-8"}
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("purging %v: %w\n%s", packages, err, output)
	}
	return nil
}

// loopbackUp brings the loopback interface of the network namespace up.
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	return interfaceUp(socket, "lo")
}

// interfaceUp sets the flags of an interface to up and running: netdevice(7), SIOCSIFFLAGS.
func interfaceUp(socket int, name string) error {
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("bringing interface %s up: %w", name, err)
	}
	return nil
}
