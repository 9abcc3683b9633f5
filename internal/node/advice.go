package node

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// adviceUnreachable says what to do about a failed dial or handshake.
func adviceUnreachable(err error, jumped bool) string {
	var dns *net.DNSError
	var timeout net.Error
	var channel *ssh.OpenChannelError
	switch {
	case errors.As(err, &channel) && channel.Reason == ssh.Prohibited:
		return "The jump host does not forward there: see AllowTcpForwarding and PermitOpen in its sshd_config, and permitopen in authorized_keys."
	case errors.As(err, &channel):
		return "The jump host does not get there: check the address, which is looked up on the jump host, and its routes and firewall."
	case jumped && errors.Is(err, context.DeadlineExceeded):
		return "The node gives no answer through the jump host: check the node, firewalls and routes between the two."
	case strings.Contains(err.Error(), "closed during the login"):
		return "sshd accepted the connection and hung up on the user: see AllowUsers and DenyUsers there, and the node's journal."
	case errors.As(err, &dns):
		return "The name does not resolve where Terraform runs: set the node's address."
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Nothing listens there: is sshd running, and is the port right?"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "The machine that runs Terraform gets no answer: check the node, firewalls and routes, or run Terraform inside that network (an HCP Terraform agent)."
	case errors.Is(err, syscall.ECONNRESET), strings.Contains(err.Error(), "EOF"):
		return "sshd dropped the connection before the login: too many connections at once (MaxStartups), a penalty for this source (PerSourcePenalties), or not an SSH server."
	}
	return "Check that an SSH server answers there."
}

// adviceInstall explains the error texts of a file system, as strerror(3) has them in the C locale.
func adviceInstall(output string) string {
	switch {
	case strings.Contains(output, "No space left on device"):
		return "\nThe file system of the node is full: free some space there."
	case strings.Contains(output, "Disk quota exceeded"):
		return "\nA quota on the node is used up."
	case strings.Contains(output, "Read-only file system"):
		return "\nThe file system of the node is mounted read-only, which ext4 does by itself after a disk error: see `dmesg` there."
	case strings.Contains(output, "immutable"):
		return "\n`chattr -i` on the node lifts that."
	}
	return ""
}
