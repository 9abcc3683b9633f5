//go:build linux

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// onThread runs call on an OS thread that ends with it, so that call may change the thread's namespaces, capabilities and
// file system attributes for good.
func onThread[T any](call func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	results := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // never unlocked, see spawner
		value, err := call()
		results <- result{value, err}
	}()
	r := <-results
	return r.value, r.err
}

// dialIn connects to addr from within the network namespace that netns refers to. A socket belongs to the namespace of the
// thread that created it, wherever it is used later.
func dialIn(ctx context.Context, netns *os.File, addr netip.AddrPort) (net.Conn, error) {
	conn, err := onThread(func() (net.Conn, error) {
		if err := unix.Setns(int(netns.Fd()), unix.CLONE_NEWNET); err != nil {
			return nil, fmt.Errorf("entering the network namespace: %w", err)
		}
		return connect(ctx, addr)
	})
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(addr), Err: err}
	}
	return conn, nil
}

// connect makes a TCP connection on the calling thread.
func connect(ctx context.Context, addr netip.AddrPort) (net.Conn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	socket := os.NewFile(uintptr(fd), "node")
	defer socket.Close() // net.FileConn duplicates it
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()})
	if errors.Is(err, unix.EINPROGRESS) {
		err = awaitConnect(ctx, fd)
	}
	if err != nil {
		return nil, os.NewSyscallError("connect", err)
	}
	return net.FileConn(socket)
}

// awaitConnect waits until a connection in progress is made, refused, or ctx ends.
func awaitConnect(ctx context.Context, fd int) error {
	const tick = 50 * time.Millisecond // how soon a cancelled context is noticed
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, int(tick.Milliseconds()))
		if errors.Is(err, unix.EINTR) || (err == nil && n == 0) {
			continue
		}
		if err != nil {
			return err
		}
		code, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			return err
		}
		if code != 0 {
			return unix.Errno(code)
		}
		return nil
	}
}
