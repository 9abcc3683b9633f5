//go:build linux

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// spawner is an OS thread with a mount namespace of its own. Disks are mounted there, so that the caller never sees
// them, and nodes are started from there, so that they inherit these mounts and so that their parent death signal is
// tied to a thread that lives as long as the program.
type spawner struct {
	calls chan func()
	done  chan error
}

// newSpawner starts the thread. When close is called it leaves its mount namespace, which is gone then with every mount
// in it; when the program ends, the processes that it started end too.
func newSpawner() (*spawner, error) {
	s := &spawner{calls: make(chan func()), done: make(chan error)}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: its working directory is its own for good, so nothing else may run on it
		home, err := os.Open("/proc/thread-self/ns/mnt")
		if err == nil {
			defer home.Close()
			err = privateMounts()
		}
		started <- err
		if err != nil {
			return
		}
		for call := range s.calls {
			call()
		}
		s.done <- unix.Setns(int(home.Fd()), unix.CLONE_NEWNS)
		select {} // the thread must not end, see socketIn
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return s, nil
}

// privateMounts gives the calling thread its own mount namespace with nothing propagating in or out.
func privateMounts() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("creating a mount namespace (is the process root with CAP_SYS_ADMIN?): %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making the mount namespace private: %w", err)
	}
	return nil
}

// do runs call on the spawner's thread and waits for it.
func (s *spawner) do(call func() error) error {
	result := make(chan error, 1)
	s.calls <- func() { result <- call() }
	return <-result
}

// start starts cmd as a child of the spawner's thread.
func (s *spawner) start(cmd *exec.Cmd) error { return s.do(cmd.Start) }

// close gives the mounts up.
func (s *spawner) close() error {
	close(s.calls)
	return <-s.done
}
