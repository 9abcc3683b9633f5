//go:build linux

package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// startJanitor starts a process that waits for the end of the lab's process and then clears up. An orderly Close leaves
// it nothing to do; it matters when the lab's process is killed or panics. It runs in a session of its own, so that an
// interrupt at the terminal does not reach it.
func startJanitor(st *state) (*exec.Cmd, error) {
	cmd := &exec.Cmd{
		Path:        selfExe,
		Args:        []string{roleJanitor, st.id},
		Env:         []string{"PVESEC_LAB_STATE=" + stateRoot()},
		Dir:         "/",
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the janitor: %w", err)
	}
	return cmd, nil
}

// janitorMain is the janitor's process.
func janitorMain() error {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT, unix.SIGPIPE)
	if err := awaitUnlocked(filepath.Join(stateRoot(), os.Args[1], ownerLockFile)); err != nil {
		return err
	}
	return withStateRoot(sweep)
}

// awaitUnlocked blocks until no process holds the lock file any more.
func awaitUnlocked(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
