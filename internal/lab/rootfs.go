//go:build linux

package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// packages are installed in every root file system in addition to Debian's minimal base. rsyslog, auditd, logrotate and
// systemd-journal-remote are what the provider configures; a PVE node has all of them or they are in its repositories.
// stunnel4 asks senders for certificates in front of a collector of a test, which systemd-journal-remote of Debian does
// not. strace tells what a program really does.
var packages = []string{
	"openssh-server", "sudo", "logrotate", "rsyslog", "systemd-journal-remote", "auditd", "systemd", "systemd-sysv", "dbus",
	"libpam-systemd", "iproute2", "procps", "cron", "ca-certificates", "openssl", "less", "e2fsprogs", "stunnel4", "strace",
}

// bootstrapOptions leave out what no test looks at, and what must differ between nodes.
var bootstrapOptions = []string{
	"--mode=root", "--format=directory", "--variant=minbase",
	"--include=" + strings.Join(packages, ","),
	"--dpkgopt=path-exclude=/usr/share/doc/*",
	"--dpkgopt=path-include=/usr/share/doc/*/copyright",
	"--dpkgopt=path-exclude=/usr/share/man/*",
	"--dpkgopt=path-exclude=/usr/share/locale/*",
	"--dpkgopt=path-exclude=/usr/share/info/*",
	"--dpkgopt=path-exclude=/usr/share/lintian/*",
	`--aptopt=Acquire::Languages "none"`,
	`--aptopt=APT::Install-Recommends "false"`,
	`--customize-hook=rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/machine-id; : > "$1"/etc/machine-id`,
}

// Progress receives one line per step of something that takes long. It may be nil.
type Progress func(line string)

func (p Progress) say(format string, args ...any) {
	if p != nil {
		p(fmt.Sprintf(format, args...))
	}
}

// CacheDir is where root file systems and kernels are kept between runs: PVESEC_LAB_CACHE, else pvesec-lab in the
// user's cache directory ($XDG_CACHE_HOME or ~/.cache).
func CacheDir() (string, error) {
	if dir := os.Getenv("PVESEC_LAB_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory; set PVESEC_LAB_CACHE: %w", err)
	}
	return filepath.Join(cache, "pvesec-lab"), nil
}

// BuildRootFS returns the directory of the suite's root file system and builds it first when the cache has none: about
// a minute and 150 to 200 MB. Several processes may call it at once; one builds, the others wait.
func BuildRootFS(ctx context.Context, suite Suite, progress Progress) (string, error) {
	if err := suite.check(); err != nil {
		return "", err
	}
	return cached(rootFSName(suite), progress, func(dir string) error {
		m, err := hostMirror(ctx)
		if err != nil {
			return err
		}
		progress.say("building the root file system of Debian %s from %s (once, about a minute)", suite, m.main)
		arguments := append(append([]string{}, bootstrapOptions...), string(suite), dir)
		return bootstrap(ctx, append(arguments, m.sources(suite)...), progress)
	})
}

// rootFSName names the cache entry after everything that decides what is in it, so that a changed recipe is built anew.
func rootFSName(suite Suite) string {
	return fmt.Sprintf("rootfs-%s-%s", suite, recipeHash(bootstrapOptions...))
}

// stopDelay is how long mmdebstrap may take to stop when it is told to.
const stopDelay = 10 * time.Second

// bootstrap runs mmdebstrap and passes its messages on.
func bootstrap(ctx context.Context, arguments []string, progress Progress) error {
	cmd := exec.CommandContext(ctx, "mmdebstrap", arguments...)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: unix.CLONE_NEWNS, // whatever it mounts goes with it: removing an unfinished tree must not reach /dev
		Setpgid:      true,             // an interrupt at the terminal comes from us, when ctx is cancelled
		Pdeathsig:    unix.SIGTERM,
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
	cmd.WaitDelay = stopDelay
	read, write := io.Pipe()
	cmd.Stderr = write
	log := &tail{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(io.TeeReader(read, log)); lines.Scan(); {
			if message, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "I: "); ok {
				progress.say("mmdebstrap: %s", message)
			}
		}
		_, _ = io.Copy(io.Discard, read) // a line too long for the scanner must not block mmdebstrap
	}()
	runtime.LockOSThread() // the death signal is tied to the thread, which nothing else may use and end meanwhile
	err := cmd.Run()
	runtime.UnlockOSThread()
	write.Close()
	<-done
	if err != nil {
		return fmt.Errorf("mmdebstrap: %w; the end of its output:\n%s", err, log)
	}
	return nil
}

// cached returns the cache entry of that name, made by build when it is not there. The entry appears under its name
// only when it is complete; build gets another path, to a directory that does not exist yet.
func cached(name string, progress Progress, build func(path string) error) (string, error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	entry := filepath.Join(cache, name)
	if _, err := os.Lstat(entry); err == nil {
		return entry, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	lock, err := lockFile(entry+".lock", progress)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if _, err := os.Lstat(entry); err == nil { // built while we waited
		return entry, nil
	}
	part := entry + ".part"
	if err := os.RemoveAll(part); err != nil {
		return "", fmt.Errorf("removing an unfinished build: %w", err)
	}
	if err := build(part); err != nil {
		return "", errors.Join(err, os.RemoveAll(part))
	}
	if err := os.Rename(part, entry); err != nil {
		return "", err
	}
	return entry, nil
}

// lockFile takes the lock, saying so when it has to wait.
func lockFile(path string, progress Progress) (*os.File, error) {
	lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		progress.say("waiting for another process that builds %s", strings.TrimSuffix(filepath.Base(path), ".lock"))
		err = unix.Flock(int(lock.Fd()), unix.LOCK_EX)
	}
	if err != nil {
		lock.Close()
		return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return lock, nil
}

// cachedRootFS is the suite's root file system, which StartCluster has seen to before.
func cachedRootFS(suite Suite) (string, error) {
	return BuildRootFS(context.Background(), suite, nil)
}
