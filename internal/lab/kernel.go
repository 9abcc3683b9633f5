//go:build linux

package lab

import (
	"context"
	"crypto/sha256"
	_ "embed" // for shimSource
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The kernel of nodes with their own is user-mode-linux, a Linux kernel that is an ordinary program: it needs no
// virtualisation by hardware. Nodes of both suites run the kernel of Debian 13 (6.12).
const kernelSuite = Trixie

// kernelOptions extract the kernel, the C library it is linked with and a small compiler, without installing anything.
// The modules stay out: everything a node needs is built in.
var kernelOptions = []string{
	"--mode=root", "--format=directory", "--variant=extract", "--include=user-mode-linux,tcc",
	"--dpkgopt=path-exclude=/usr/share/*",
	"--dpkgopt=path-exclude=/usr/lib/uml/*",
}

// shimSource corrects how the kernel saves the registers of its processes; the file says why that is needed.
//
//go:embed shim/ptrace.c
var shimSource string

// shimLibrary is where the compiled shim lies below the kernel's directory.
const shimLibrary = "/usr/lib/pvesec-lab-ptrace.so"

// imageMiB is the size of the disk of a node with its own kernel. The image is sparse: about 200 MiB of it are used.
const imageMiB = 640

// kernelMasked are units without a purpose on such a node: no terminal is attached, no module exists, and no network
// leads to Debian's archives.
var kernelMasked = []string{
	"getty@tty1.service", "systemd-modules-load.service", "e2scrub_reap.service", "apt-daily.timer", "apt-daily-upgrade.timer",
}

// seedScript runs early in every boot. It gives the node its network, and before the first boot its identity, which the
// kernel offers as a hostfs.
const seedScript = `#!/bin/sh
# Written by the pvesec lab.
set -e
ip link set lo up
ip address add ` + guestAddress + `/30 dev eth0
ip link set eth0 up
[ -e /var/lib/lab-seeded ] && exit 0
mkdir -p /run/lab-seed
# Since 6.12 the option has a name for mount programs that use fsconfig(2), and still none for older ones.
mount -t hostfs -o hostfs=/run/node/upper none /run/lab-seed 2>/dev/null ||
	mount -t hostfs -o /run/node/upper none /run/lab-seed
cp -a /run/lab-seed/. /
umount /run/lab-seed
touch /var/lib/lab-seeded
sync
`

// seedUnit runs the script before anything that reads what it brings.
const seedUnit = `[Unit]
Description=Identity and network of a lab node
DefaultDependencies=no
After=systemd-remount-fs.service
Before=network-pre.target ssh.service rsyslog.service sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-seed
StandardError=journal+console

[Install]
WantedBy=sysinit.target
`

// BuildKernel makes sure that the cache has what nodes of the suite with their own kernel boot from: the kernel and a
// disk image of the root file system. The disk image takes some seconds once the root file system is there.
func BuildKernel(ctx context.Context, suite Suite, progress Progress) error {
	if _, err := buildKernel(ctx, progress); err != nil {
		return err
	}
	_, err := buildImage(ctx, suite, progress)
	return err
}

// buildKernel returns a directory in which the kernel is usr/bin/linux.uml: just enough of a root file system to run it
// in.
func buildKernel(ctx context.Context, progress Progress) (string, error) {
	recipe := recipeHash(append([]string{shimSource, shimLibrary}, kernelOptions...)...)
	return cached(fmt.Sprintf("kernel-%s-%s", kernelSuite, recipe), progress, func(dir string) error {
		m, err := hostMirror(ctx)
		if err != nil {
			return err
		}
		progress.say("fetching the kernel of nodes with their own, from %s (once, 45 MB)", m.main)
		arguments := append(append([]string{}, kernelOptions...), string(kernelSuite), dir)
		if err := bootstrap(ctx, append(arguments, m.sources(kernelSuite)...), progress); err != nil {
			return err
		}
		return completeKernel(ctx, dir)
	})
}

// completeKernel adds to the extracted packages what installing them would have made, the places where something is
// mounted later, and the shim.
func completeKernel(ctx context.Context, dir string) error {
	for _, link := range []string{"lib", "lib64"} { // from the package base-files
		if err := os.Symlink("usr/"+link, filepath.Join(dir, link)); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	for _, place := range []string{"proc", "dev", "run/node"} {
		if err := os.MkdirAll(filepath.Join(dir, place), 0o755); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, "/usr/bin/tcc", "-shared", "-nostdlib", "-o", shimLibrary, "-")
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dir}
	cmd.Dir, cmd.Env = "/", []string{}
	cmd.Stdin = strings.NewReader(shimSource)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compiling the kernel's shim: %w\n%s", err, output)
	}
	return nil
}

// buildImage returns the disk image (ext4, with a journal) of the suite.
func buildImage(ctx context.Context, suite Suite, progress Progress) (string, error) {
	rootFS, err := BuildRootFS(ctx, suite, progress)
	if err != nil {
		return "", err
	}
	recipe := recipeHash(append([]string{filepath.Base(rootFS), fmt.Sprint(imageMiB), seedScript, seedUnit}, kernelMasked...)...)
	return cached(fmt.Sprintf("image-%s-%s", suite, recipe), progress, func(image string) error {
		progress.say("making a disk image of Debian %s for nodes with their own kernel", suite)
		s, err := newSpawner()
		if err != nil {
			return err
		}
		err = s.do(func() error { return makeImage(ctx, rootFS, image) })
		return errors.Join(err, s.close())
	})
}

// makeImage makes the image of the root file system with what the guest needs in addition. It mounts things and must
// run on a thread with a mount namespace of its own.
func makeImage(ctx context.Context, rootFS, image string) error {
	dir, err := os.MkdirTemp(filepath.Dir(image), "image-*.mnt")
	if err != nil {
		return err
	}
	defer os.Remove(dir)
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "mode=700"); err != nil {
		return err
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	if err := makeLayers(dir); err != nil {
		return err
	}
	files := []seedFile{
		{path: "usr/local/sbin/lab-seed", mode: 0o755, content: seedScript},
		{path: "etc/systemd/system/lab-seed.service", mode: 0o644, content: seedUnit},
		{path: "etc/systemd/system/sysinit.target.wants/lab-seed.service", link: "../lab-seed.service"},
		{path: "etc/fstab", mode: 0o644, content: "/dev/ubda / ext4 defaults 0 0\n"},
	}
	for _, unit := range kernelMasked {
		files = append(files, seedFile{path: "etc/systemd/system/" + unit, link: "/dev/null"})
	}
	if err := writeSeed(filepath.Join(dir, "upper"), files); err != nil {
		return err
	}
	if err := mountLayers(rootFS, dir); err != nil {
		return err
	}
	defer func() { _ = unix.Unmount(filepath.Join(dir, "root"), unix.MNT_DETACH) }()
	mke2fs, err := lookPath("mke2fs")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, mke2fs, "-q", "-t", "ext4",
		"-E", "lazy_itable_init=0,lazy_journal_init=0", // the guest's disk driver cannot do what a lazy guest would do later
		"-d", filepath.Join(dir, "root"), image, fmt.Sprintf("%dM", imageMiB))
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mke2fs: %w\n%s", err, output)
	}
	return nil
}

// recipeHash is a short name for everything that decides what a cache entry contains.
func recipeHash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:4])
}
