package node

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/untrusted"
)

// UnreachableError says that no SSH connection to a node came about.
type UnreachableError struct {
	// Node is its name, or "jump host" and the address of one.
	Node, Address string
	Port          int
	User          string
	// Via is the jump host over which it was tried; empty without one.
	Via string
	Err error
}

func (e *UnreachableError) Error() string {
	at := Target{e.Node, e.Address, e.Port}.String()
	if e.Via != "" {
		at += " through " + e.Via
	}
	if Interrupted(e.Err) {
		return "interrupted while connecting to " + at
	}
	return fmt.Sprintf("cannot reach %s as user %q: %s\n%s", at, e.User, untrusted.Text(e.Err.Error()), adviceUnreachable(e.Err, e.Via != ""))
}

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// HostKeyError says that the node's host key is not the one that the configuration pins, or that none is pinned.
type HostKeyError struct {
	Node, Address string
	Port          int
	// Expected lists algorithm and fingerprint of the keys that would have been accepted; empty when none is
	// configured.
	Expected string
	// Offered is algorithm and fingerprint of the node's key.
	Offered string
	// Reason is set where the key is refused for more than being another one: revoked, certificate expired, …
	Reason string
}

func (e *HostKeyError) Error() string {
	at := Target{e.Node, e.Address, e.Port}.String()
	switch {
	case e.Reason != "":
		return fmt.Sprintf("the host key of %s is refused: %s\n  offered   %s", at, e.Reason, e.Offered)
	case e.Expected == "":
		return fmt.Sprintf("no host key of %s is known, so it is refused\n  offered   %s\n"+
			"Compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the node's console, then add the key to known_hosts or its fingerprint to host_key_fingerprints.", at, e.Offered)
	}
	return fmt.Sprintf("the host key of %s is not the expected one, so it is refused\n  expected  %s\n  offered   %s\n"+
		"Either the node was reinstalled (compare with `ssh-keygen -lf` on its console and update the configuration), or somebody is in between.", at, e.Expected, e.Offered)
}

// AuthError says that the node refused the login.
type AuthError struct {
	// Node is its name, or "jump host" and the address of one.
	Node, Address string
	Port          int
	User          string
	// Methods were offered, with their keys.
	Methods []string
	// Method is publickey or password, whichever is configured. NotOffered says that the server did not even let us try
	// it.
	Method     string
	NotOffered bool
	// TooMany says that the server hung up after too many keys.
	TooMany bool
	// NotTried says why nothing was tried, for example an agent that does not answer.
	NotTried string
	// Banner is what the server said before the login.
	Banner string
	Err    error
}

func (e *AuthError) Error() string {
	at := Target{e.Node, e.Address, e.Port}.String()
	if e.NotTried != "" {
		return fmt.Sprintf("no login of user %q at %s: %s", e.User, at, untrusted.Text(e.NotTried))
	}
	msg := fmt.Sprintf("%s refused the login of user %q: ", at, e.User)
	switch {
	case e.NotOffered:
		msg += fmt.Sprintf("it does not take %s from that user; not tried: %s", e.Method, strings.Join(e.Methods, ", "))
	default:
		msg += "tried " + strings.Join(e.Methods, ", ") + ", none was accepted"
	}
	if e.Banner != "" {
		msg += fmt.Sprintf("; the server said: %s", e.Banner)
	}
	return msg + "\n" + e.advice()
}

func (e *AuthError) advice() string {
	switch {
	case e.TooMany:
		return "The server hung up after too many keys (MaxAuthTries): let the agent hold fewer, or give the one key as private_key."
	case e.Method == "password" && e.NotOffered:
		return "sshd there has PasswordAuthentication no, or PermitRootLogin prohibit-password: use a key."
	case e.Method == "password":
		return "See that the password is right, and that sshd lets that user in (AllowUsers, shell, expiry)."
	case e.NotOffered:
		return "sshd there has PubkeyAuthentication no, or AuthenticationMethods asks for more than a key."
	case e.User == "root":
		return "Add the public key to /root/.ssh/authorized_keys of the node, and see that sshd has PermitRootLogin prohibit-password or yes."
	}
	return fmt.Sprintf("Add the public key to the authorized_keys of %s on the node, and see that sshd lets that user in (AllowUsers, shell, expiry).", e.User)
}

// Unwrap returns the cause.
func (e *AuthError) Unwrap() error { return e.Err }

// PrivilegeKind tells apart why a user who is not root gets no further.
type PrivilegeKind string

// The kinds of a [PrivilegeError].
const (
	SudoMissing    PrivilegeKind = "sudo-missing"
	PasswordNeeded PrivilegeKind = "password-needed"
	WrongPassword  PrivilegeKind = "wrong-password"
	NotPermitted   PrivilegeKind = "not-permitted"
	// TerminalRequired: requiretty, sudoers(5), keeps everyone out who has no terminal.
	TerminalRequired PrivilegeKind = "terminal-required"
)

// NoTerminal is the sudoers line that lets a user run sudo without a terminal where requiretty holds for everyone.
func NoTerminal(user string) string { return fmt.Sprintf("Defaults:%s !requiretty", user) }

// PrivilegeError says that the login works but root's power is not there.
type PrivilegeError struct {
	Node, User string
	Kind       PrivilegeKind
	// Output is what sudo said.
	Output string
}

func (e *PrivilegeError) Error() string {
	line := fmt.Sprintf("%s ALL=(root) NOPASSWD: %s", e.User, SudoersCommand)
	switch e.Kind {
	case SudoMissing:
		return fmt.Sprintf("sudo is not installed on %s, and user %q is not root\nProxmox VE ships without sudo: install it there (`apt-get install sudo`), or log in as root.", e.Node, e.User)
	case PasswordNeeded:
		return fmt.Sprintf("sudo on %s wants a password of user %q, or has no rule for that user: %s\nConfigure sudo_password, or permit what pvesec runs with this line in sudoers:\n  %s", e.Node, e.User, e.Output, line)
	case TerminalRequired:
		return fmt.Sprintf("sudo on %s wants a terminal (requiretty), and pvesec has none: %s\nThis line in sudoers lets user %q in without one:\n  %s", e.Node, e.Output, e.User, NoTerminal(e.User))
	case WrongPassword:
		return fmt.Sprintf("sudo on %s does not accept the sudo_password of user %q; it was tried once", e.Node, e.User)
	}
	return fmt.Sprintf("sudo on %s does not permit user %q to run %s: %s\nThis line in sudoers permits it:\n  %s", e.Node, e.User, SudoersCommand, e.Output, line)
}
