//go:build linux

package lab

import (
	"fmt"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// spawner is an OS thread with a mount namespace of its own. Disks are mounted there, so that the caller never sees them, and
// nodes are started from there, so that they inherit these mounts and so that their parent death signal is tied to a thread
// that lives exactly as long as the lab.
type spawner struct {
	calls chan func()
	done  chan struct{}
}

// newSpawner starts the thread. It ends, and takes every mount and every process it started with it, when close is called
// or when the whole program ends.
func newSpawner() (*spawner, error) {
	s := &spawner{calls: make(chan func()), done: make(chan struct{})}
	started := make(chan error)
	go func() {
		defer close(s.done)
		runtime.LockOSThread() // never unlocked: the thread must not be reused, it ends with this goroutine
		err := privateMounts()
		started <- err
		if err != nil {
			return
		}
		for call := range s.calls {
			call()
		}
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

// close ends the thread.
func (s *spawner) close() {
	close(s.calls)
	<-s.done
}
