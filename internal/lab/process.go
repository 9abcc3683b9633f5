//go:build linux

package lab

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// process is the first process of a node's pid namespace: when it ends, the kernel ends all others.
type process struct {
	cmd   *exec.Cmd
	pidfd int
	netns *os.File
	tail  *tail
	done  chan struct{}
}

// startProcess starts this program again in a role, in new namespaces, as a child of the spawner's thread, and hands it
// its configuration. cgroup is the control group to start in, or empty for the caller's.
func startProcess(s *spawner, role string, config any, cgroup string) (*process, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer write.Close()
	p := &process{pidfd: -1, tail: &tail{}, done: make(chan struct{})}
	p.cmd = &exec.Cmd{
		Path:       selfExe,
		Args:       []string{role},
		Env:        []string{},
		Dir:        "/",
		Stdout:     p.tail,
		Stderr:     p.tail,
		ExtraFiles: []*os.File{read},
		SysProcAttr: &syscall.SysProcAttr{
			Setsid:     true,
			Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
			// The signal is set before the role's configuration is sent, and without it the role does not begin: a node
			// cannot outlive its parent by being started at the wrong moment.
			Pdeathsig: unix.SIGKILL,
			PidFD:     &p.pidfd,
		},
	}
	if cgroup != "" {
		dir, err := os.Open(cgroup)
		if err != nil {
			read.Close()
			return nil, err
		}
		defer dir.Close()
		p.cmd.SysProcAttr.UseCgroupFD, p.cmd.SysProcAttr.CgroupFD = true, int(dir.Fd())
	}
	err = s.start(p.cmd)
	read.Close()
	if err != nil {
		return nil, fmt.Errorf("starting a process in new namespaces: %w", err)
	}
	go func() {
		_ = p.cmd.Wait() // the cause is on the console
		close(p.done)
	}()
	if p.netns, err = os.Open(fmt.Sprintf("/proc/%d/ns/net", p.cmd.Process.Pid)); err == nil {
		err = json.NewEncoder(write).Encode(config)
	}
	if err != nil {
		p.kill()
		return nil, fmt.Errorf("%w; its output:\n%s", err, p.console())
	}
	return p, nil
}

// kill ends the process, and with it its pid namespace.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
	if p.netns != nil {
		p.netns.Close()
	}
	unix.Close(p.pidfd)
}

func (p *process) exited() <-chan struct{} { return p.done }

func (p *process) console() string { return p.tail.String() }

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

var _ io.Writer = (*tail)(nil)

// tailSize is how much a tail keeps.
const tailSize = 32 << 10

func (t *tail) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, data...)
	if excess := len(t.text) - tailSize; excess > 0 {
		t.text = append(t.text[:0], t.text[excess:]...)
	}
	return len(data), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
