//go:build linux

package lab

import (
	"context"
	"net"
)

// machine is a node's running system: what Start makes and Kill ends.
type machine interface {
	// dial connects to the node's sshd, past its Link.
	dial(ctx context.Context) (net.Conn, error)
	// exec runs a command as root and returns what it wrote; err is nil only for status 0.
	exec(ctx context.Context, stdin string, argv []string) (stdout, stderr string, err error)
	// kill ends every process at once and waits until they are gone.
	kill()
	// exited is closed when the first process has ended, by kill or by itself.
	exited() <-chan struct{}
	// console is the end of what the system has printed so far.
	console() string
}
