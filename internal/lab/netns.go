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

// dialIn connects to addr from within the network namespace that netns refers to. A socket belongs to the namespace of
// the thread that created it, wherever it is used later.
func dialIn(ctx context.Context, netns *os.File, addr netip.AddrPort) (net.Conn, error) {
	fd, err := socketIn(netns)
	if err == nil {
		var conn net.Conn
		if conn, err = connect(ctx, fd, addr); err == nil {
			return conn, nil
		}
	}
	return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(addr), Err: err}
}

// socketIn creates a TCP socket in a network namespace, on a thread that goes back to its own namespace afterwards. The
// thread must not end instead: a parent death signal, prctl(2), is tied to the thread that started the child, and
// terraform, which tests start with one from whatever thread they are on, would be killed with it.
func socketIn(netns *os.File) (int, error) {
	type result struct {
		fd  int
		err error
	}
	results := make(chan result)
	go func() {
		runtime.LockOSThread()
		home, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			runtime.UnlockOSThread()
			results <- result{-1, err}
			return
		}
		defer home.Close()
		if err := unix.Setns(int(netns.Fd()), unix.CLONE_NEWNET); err != nil {
			runtime.UnlockOSThread()
			results <- result{-1, fmt.Errorf("entering the network namespace: %w", err)}
			return
		}
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if back := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); back != nil {
			results <- result{-1, errors.Join(os.NewSyscallError("socket", err), fmt.Errorf("leaving the network namespace: %w", back))}
			select {} // of no further use, but it must not end
		}
		runtime.UnlockOSThread()
		results <- result{fd, os.NewSyscallError("socket", err)}
	}()
	r := <-results
	return r.fd, r.err
}

// connect makes a TCP connection of a socket, which it takes over.
func connect(ctx context.Context, fd int, addr netip.AddrPort) (net.Conn, error) {
	socket := os.NewFile(uintptr(fd), "node")
	defer socket.Close() // net.FileConn duplicates it
	err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()})
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
