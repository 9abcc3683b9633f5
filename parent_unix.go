//go:build !windows

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// unread reports whether a file is a pipe whose other end nobody has open any more. Terraform reads the standard error
// of its providers through one.
func unread(file *os.File) bool {
	if is, err := file.Stat(); err != nil || is.Mode()&os.ModeNamedPipe == 0 {
		return false
	}
	pipe := []unix.PollFd{{Fd: int32(file.Fd())}}
	_, err := unix.Poll(pipe, 0)
	return err == nil && pipe[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0
}
