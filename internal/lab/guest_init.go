//go:build linux

package lab

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The two ends of the cable between a node with its own kernel and the network namespace that the kernel's process runs
// in.
const (
	hostAddress  = "192.0.2.1" // TEST-NET-1 (RFC 5737): it exists only in that namespace
	guestAddress = "192.0.2.2"
	guestMAC     = "02:00:c0:00:02:02"
	tapName      = "tap0"
)

// guestConfig is what the first process of a node with its own kernel is told, on file descriptor 3.
type guestConfig struct {
	Name      string
	MachineID string
	Kernel    string // directory of the kernel program
	Image     string // disk image that the node's own disk is a copy-on-write layer of
	Disk      string // directory with the layer and with the identity in upper
	MemoryMiB int
}

// guestMain is PID 1 next to a node with its own kernel: it makes a world in which only that kernel's files exist and
// becomes the kernel.
func guestMain() error {
	var config guestConfig
	pipe := os.NewFile(3, "config")
	if err := json.NewDecoder(pipe).Decode(&config); err != nil {
		return fmt.Errorf("the parent process went away: %w", err)
	}
	pipe.Close()
	if err := makeTap(); err != nil {
		return err
	}
	root := filepath.Join(config.Disk, "kernel", "root")
	if err := mountKernelRoot(config, root); err != nil {
		return err
	}
	if err := changeRoot(root); err != nil {
		return err
	}
	if err := keepOnly(unix.CAP_NET_ADMIN); err != nil { // attaching to the cable takes that one
		return err
	}
	if err := pinToOneProcessor(); err != nil {
		return err
	}
	environment := []string{"LD_PRELOAD=" + shimLibrary, "TMPDIR=/dev/shm", "PATH=/usr/bin", "HOME=/run/node"}
	return unix.Exec("/usr/bin/linux.uml", append([]string{"linux.uml"}, kernelCommandLine(config)...), environment)
}

// pinToOneProcessor keeps this thread, and what it becomes, on one of its processors. The kernel and the processes of
// its node run in turns, at each system call of them: a turn on another processor takes more of a processor's time, and
// twice as long until it begins.
func pinToOneProcessor() error {
	var allowed, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return os.NewSyscallError("sched_getaffinity", err)
	}
	processor := -1
	for nth := rand.IntN(allowed.Count()); nth >= 0; {
		if processor++; allowed.IsSet(processor) {
			nth--
		}
	}
	one.Set(processor)
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &one))
}

// kernelCommandLine is the kernel's command line (kernel-command-line(7), and the kernel's documentation of user mode).
func kernelCommandLine(config guestConfig) []string {
	return []string{
		"umid=node", "uml_dir=/run/node/uml",
		"ubd0=/run/node/disk.cow,/run/image", "root=/dev/ubda", "rw",
		fmt.Sprintf("mem=%dM", config.MemoryMiB),
		"audit=1", "quiet", "con=null", "con0=null,fd:1",
		"eth0=tuntap," + tapName + "," + guestMAC,
		"systemd.hostname=" + config.Name, "systemd.machine_id=" + config.MachineID,
	}
}

// mountKernelRoot mounts, below root, the kernel program with its library, the node's disk, and the few devices it
// needs. The node's root can make the kernel open files of the world that it runs in (hostfs), so that world is kept
// empty.
func mountKernelRoot(config guestConfig, root string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := mountLayers(config.Kernel, filepath.Dir(root)); err != nil {
		return err
	}
	at := func(path string) string { return filepath.Join(root, path) }
	if err := unix.Mount("proc", at("proc"), "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting proc: %w", err)
	}
	if err := protectProc(at("proc")); err != nil {
		return err
	}
	if err := unix.Mount(config.Disk, at("run/node"), "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("binding the disk: %w", err)
	}
	if err := bindFile(config.Image, at("run/image")); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", at("dev"), "tmpfs", unix.MS_NOSUID, "mode=755,size=1m"); err != nil {
		return err
	}
	for _, dir := range []string{"shm", "net"} {
		if err := os.Mkdir(at("dev/"+dir), 0o755); err != nil {
			return err
		}
	}
	// The kernel keeps the node's memory in a file, executable because programs run from it.
	if err := unix.Mount("tmpfs", at("dev/shm"), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, fmt.Sprintf("mode=1777,size=%dm", config.MemoryMiB+16)); err != nil {
		return err
	}
	for _, name := range []string{"null", "zero", "random", "urandom", "net/tun"} {
		if err := bindFile("/dev/"+name, at("dev/"+name)); err != nil {
			return err
		}
	}
	return nil
}

// bindFile makes a file appear at target too.
func bindFile(source, target string) error {
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		return err
	}
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("binding %s: %w", source, err)
	}
	return nil
}

// makeTap makes the network interface that the kernel attaches to, and gives it the host's end of the addresses.
func makeTap() error {
	tun, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening /dev/net/tun (modprobe tun): %w", err)
	}
	defer unix.Close(tun)
	request, err := unix.NewIfreq(tapName)
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(tun, unix.TUNSETIFF, request); err != nil {
		return fmt.Errorf("making a TAP interface: %w", err)
	}
	if err := unix.IoctlSetInt(tun, unix.TUNSETPERSIST, 1); err != nil {
		return fmt.Errorf("keeping the TAP interface: %w", err)
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	if err := setAddress(socket, unix.SIOCSIFADDR, hostAddress); err != nil {
		return err
	}
	if err := setAddress(socket, unix.SIOCSIFNETMASK, "255.255.255.252"); err != nil {
		return err
	}
	return interfaceUp(socket, tapName)
}

// setAddress sets an address of the TAP interface: netdevice(7).
func setAddress(socket int, request uint, address string) error {
	ifreq, err := unix.NewIfreq(tapName)
	if err != nil {
		return err
	}
	parsed := netip.MustParseAddr(address).As4()
	if err := ifreq.SetInet4Addr(parsed[:]); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(socket, request, ifreq); err != nil {
		return fmt.Errorf("setting the address %s of %s: %w", address, tapName, err)
	}
	return nil
}
