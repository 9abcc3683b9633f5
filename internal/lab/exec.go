//go:build linux

package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ExecError is a command on a node that could not be run or ended with a status other than zero.
type ExecError struct {
	Node   string
	Argv   []string
	Code   int    // exit status, -1 when the command did not run or was killed
	Stderr string // what it wrote to standard error
	Err    error
}

func (e *ExecError) Error() string {
	text := fmt.Sprintf("%s: %s: %v", e.Node, strings.Join(e.Argv, " "), e.Err)
	if stderr := strings.TrimSpace(e.Stderr); stderr != "" {
		text += "\n" + stderr
	}
	return text
}

func (e *ExecError) Unwrap() error { return e.Err }

// nodePath is the search path for commands run on a node, root's default in Debian.
const nodePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// nodeNamespaces are the namespaces in which a node lives.
const nodeNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWCGROUP

// enter runs argv as root inside the namespaces of the process that pidfd refers to, with the same capabilities as the
// node's own processes. It needs no network, no sshd and no login, so it works on a node that is cut off or broken.
// cgroup is the control group to put the command in. A process of its own goes there, since a thread could not come
// back.
func enter(ctx context.Context, pidfd int, cgroup *os.File, stdin string, argv []string) (stdout, stderr string, err error) {
	var out, errOut bytes.Buffer
	duplicate, err := unix.FcntlInt(uintptr(pidfd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return "", "", os.NewSyscallError("fcntl", err)
	}
	node := os.NewFile(uintptr(duplicate), "node")
	defer node.Close()
	cmd := exec.CommandContext(ctx, selfExe, argv...)
	cmd.Args[0] = roleEnter
	cmd.Env = []string{"PATH=" + nodePath, "HOME=/root", "USER=root", "LOGNAME=root", "LANG=C.UTF-8", "TERM=dumb"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(cgroup.Fd())}
	cmd.ExtraFiles = []*os.File{node}
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = &out, &errOut
	cmd.WaitDelay = 30 * time.Second // what it left in the background may hold its output open
	err = cmd.Run()
	return out.String(), errOut.String(), err
}

// enterMain is roleEnter: it enters the namespaces of the process behind file descriptor 3 and runs the command in its
// arguments there. Only its children are in the pid namespace, so it waits and returns the command's exit status.
func enterMain() error {
	// setns(2): a mount namespace can only be joined by a thread that shares its root and working directory with no
	// other.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return err
	}
	if err := unix.Setns(3, nodeNamespaces); err != nil {
		return fmt.Errorf("entering the node's namespaces: %w", err)
	}
	if err := dropCapabilities(); err != nil {
		return err
	}
	// The command ends with this process. Go's own Pdeathsig is of no use: it compares process ids across pid
	// namespaces. env(1) searches the node's path and reports a missing command.
	cmd := exec.Command("/usr/bin/setpriv", append([]string{"--pdeathsig", "KILL", "/usr/bin/env"}, os.Args[1:]...)...)
	cmd.Dir = "/"
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.Exited() {
		os.Exit(ended.ExitCode())
	}
	return err
}
