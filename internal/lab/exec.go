//go:build linux

package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"

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

// enter runs argv as root inside the namespaces of the process that pidfd refers to, with the same capabilities as the node's
// own processes. It needs no network, no sshd and no login, so it works on a node that is cut off or broken.
// cgroup is the control group to put the command in.
func enter(ctx context.Context, pidfd int, cgroup *os.File, stdin string, argv []string) (stdout, stderr string, err error) {
	var out, errOut bytes.Buffer
	_, err = onThread(func() (struct{}, error) {
		none := struct{}{}
		// setns(2): a mount namespace can only be joined by a thread that shares its root and working directory with no other.
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			return none, err
		}
		if err := unix.Setns(pidfd, nodeNamespaces); err != nil {
			return none, fmt.Errorf("entering the node's namespaces: %w", err)
		}
		if err := dropCapabilities(); err != nil {
			return none, err
		}
		cmd := exec.CommandContext(ctx, "/usr/bin/env", argv...) // env(1) searches the node's path and reports a missing command
		cmd.Args[0] = "env"
		cmd.Env = []string{"PATH=" + nodePath, "HOME=/root", "USER=root", "LOGNAME=root", "LANG=C.UTF-8", "TERM=dumb"}
		cmd.Dir = "/"
		cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(cgroup.Fd())}
		cmd.Stdin = strings.NewReader(stdin)
		cmd.Stdout, cmd.Stderr = &out, &errOut
		return none, cmd.Run()
	})
	return out.String(), errOut.String(), err
}

// forbidden are capabilities that no process of a node has: each would act on the machine as a whole.
var forbidden = []uintptr{
	unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO, unix.CAP_SYS_TIME, unix.CAP_SYSLOG,
	unix.CAP_MAC_ADMIN, unix.CAP_MAC_OVERRIDE, unix.CAP_WAKE_ALARM,
}

// dropCapabilities removes the forbidden capabilities from the calling thread's bounding set: what it executes from now on
// cannot have them.
func dropCapabilities() error {
	for _, capability := range forbidden {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
			return fmt.Errorf("dropping capability %d: %w", capability, err)
		}
	}
	return nil
}
