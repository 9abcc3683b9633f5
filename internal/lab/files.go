//go:build linux

package lab

import (
	"context"
	"errors"
	"os/exec"
	"strconv"
	"time"
)

// execLimit is how long a command on a node may take where the caller sets no limit. A test that waits in vain fails by
// its name, and does not take the package's time with it.
const execLimit = 10 * time.Minute

var errExecLimit = errors.New("the command did not end within " + execLimit.String())

// Exec runs a command as root on the node and returns what it wrote to standard output. It does not go over the network
// and needs no login, so it observes and tampers with a node whatever state its sshd, sudo or link is in. (A node with
// its own kernel has no other door than sshd; there Exec goes past the link to it.) Anything but exit status 0 is an
// *ExecError. So is a command that runs for more than ten minutes, unless ctx has a deadline of its own.
func (n *Node) Exec(ctx context.Context, stdin string, argv ...string) (string, error) {
	m, err := n.running()
	if err != nil {
		return "", err
	}
	if _, own := ctx.Deadline(); !own {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, execLimit, errExecLimit)
		defer cancel()
	}
	stdout, stderr, err := m.exec(ctx, stdin, argv)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return stdout, &ExecError{Node: n.Name, Argv: argv, Code: exitCode(err), Stderr: stderr, Err: err}
	}
	return stdout, nil
}

// exitCode is the exit status that an error from running a command stands for, -1 when there was none.
func exitCode(err error) int {
	var status interface{ ExitStatus() int } // ssh.ExitError
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case errors.As(err, &status):
		return status.ExitStatus()
	}
	return -1
}

// Shell runs a shell script as root on the node, ending at the first command that fails.
func (n *Node) Shell(ctx context.Context, script string) (string, error) {
	return n.Exec(ctx, "", "sh", "-euc", script)
}

// ReadFile returns the content of a file on the node.
func (n *Node) ReadFile(ctx context.Context, path string) (string, error) {
	return n.Exec(ctx, "", "cat", "--", path)
}

// WriteFile writes a file on the node, in place when it exists, and sets its mode (octal permission bits). Missing
// parent directories are made. The owner of a new file is root.
func (n *Node) WriteFile(ctx context.Context, path, content string, mode uint32) error {
	const script = `mkdir -p -- "$(dirname -- "$1")"; cat >"$1"; chmod -- "$2" "$1"`
	_, err := n.Exec(ctx, content, "sh", "-euc", script, "sh", path, strconv.FormatUint(uint64(mode), 8))
	return err
}

// Remove removes a file, or a directory with all it contains, from the node. What does not exist is already removed.
func (n *Node) Remove(ctx context.Context, path string) error {
	_, err := n.Exec(ctx, "", "rm", "-rf", "--", path)
	return err
}
