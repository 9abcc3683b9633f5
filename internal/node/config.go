package node

import (
	"fmt"
	"net"
	"strconv"
	"time"
)

// DefaultPort is the port of a [Target] that names none.
const DefaultPort = 22

// DefaultConnectTimeout bounds dialling and the SSH handshake together when [Config.ConnectTimeout] is zero.
const DefaultConnectTimeout = 20 * time.Second

// A Target is one node and where its sshd listens.
type Target struct {
	// Name is the node's name in the cluster. It appears in every message and selects entries of
	// [Config.Fingerprints]; known_hosts lines may name it instead of the address, as PVE's own HostKeyAlias does.
	Name string
	// Address is the host name or IP address to dial, exactly as configured. Empty means Name.
	Address string
	// Port is the TCP port of sshd. Zero means [DefaultPort].
	Port int
}

// normal returns the target with its defaults filled in.
func (t Target) normal() Target {
	if t.Address == "" {
		t.Address = t.Name
	}
	if t.Name == "" {
		t.Name = t.Address
	}
	if t.Port == 0 {
		t.Port = DefaultPort
	}
	return t
}

// hostPort is the address to dial, with brackets around an IPv6 address.
func (t Target) hostPort() string { return net.JoinHostPort(t.Address, strconv.Itoa(t.Port)) }

// String names the node and, where it differs, its address: `pve1 (10.0.0.1:22)`.
func (t Target) String() string {
	t = t.normal()
	return fmt.Sprintf("%s (%s)", t.Name, t.hostPort())
}

// Config says who connects and whom to trust. All of it is content, never a path: remote runners of Terraform have no
// home directory and no agent. The one exception is AgentSocket, which is used only where it is set.
type Config struct {
	// User is the login name; empty means root. Anyone else works through sudo.
	User string
	// PrivateKey is a PEM or OpenSSH private key, or the base64 of one. Carriage returns, trailing spaces and
	// written-out "\n" are tolerated, because environment variables of CI systems mangle them.
	PrivateKey []byte
	// Passphrase decrypts PrivateKey; ignored when the key is not encrypted.
	Passphrase []byte
	// Certificate is an OpenSSH user certificate for PrivateKey, one line as in id_ed25519-cert.pub. Optional.
	Certificate []byte
	// AgentSocket is the path of an SSH agent's socket. Its keys are offered after PrivateKey, also to jump hosts.
	AgentSocket string
	// Password logs in where a node takes passwords only. It is never tried after a key: PrivateKey and AgentSocket
	// must be empty.
	Password []byte
	// SudoPassword is what sudo on the nodes asks User for. It travels over standard input, and only when sudo has
	// asked. Without it sudo must need none (`sudo -n`).
	SudoPassword []byte
	// JumpHosts are passed in this order on the way to every node. Each one's host key is verified.
	JumpHosts []JumpHost
	// KnownHosts is the content of a known_hosts file, sshd(8): plain and hashed names, [host]:port, @cert-authority
	// and @revoked.
	KnownHosts string
	// Fingerprints pins host keys by node name, or of all nodes under "*": "SHA256:…" as `ssh-keygen -lf` prints it;
	// the whole line of ssh-keygen is taken as well.
	Fingerprints map[string][]string
	// ConnectTimeout bounds dialling and handshake, with all jump hosts; zero means [DefaultConnectTimeout].
	ConnectTimeout time.Duration
	// Timing of liveness; the zero value is right for networks.
	Timing Timing
}

// A JumpHost is an SSH server that forwards connections, as `ssh -J` uses it.
type JumpHost struct {
	// Address is the host name or IP address to dial from the hop before.
	Address string
	// Port of its sshd; zero means [DefaultPort].
	Port int
	// User to log in as; empty means [Config.User].
	User string
	// PrivateKey, Passphrase and Certificate log in there; without PrivateKey those of [Config] do.
	PrivateKey, Passphrase, Certificate []byte
	// Password logs in there instead of a key.
	Password []byte
	// KnownHosts and Fingerprints pin its host key; without either, those of [Config] do, under the jump host's
	// address.
	KnownHosts   string
	Fingerprints []string
}

// Timing holds the intervals by which one side judges whether the other one lives. A zero field means its default.
type Timing struct {
	// Keepalive is how often an idle connection is asked whether it lives; three questions without an answer end it. 15
	// seconds.
	Keepalive time.Duration
	// Silence is after how long without a word from the client a node takes it for dead and restores, in whole seconds.
	// One minute.
	Silence time.Duration
	// Confirm is after how long a node restores a change that may have locked us out, in whole seconds. Two minutes.
	Confirm time.Duration
	// Settle bounds asking a node again whose connection broke during a change. 45 seconds.
	Settle time.Duration
	// Greeting is how long a login shell may take before the program that is fed to it answers. One minute.
	Greeting time.Duration
	// Quick bounds a command of the node that asks its name service or its service manager, in whole seconds; Patient
	// one that works on files or judges a configuration. 20 seconds and one minute. A command that takes longer is
	// stopped, and what it was asked is not known.
	Quick, Patient time.Duration
	// Gather is how long a read waits for others of the same node, to be answered with them. 5 milliseconds.
	Gather time.Duration
}

func (t Timing) normal() Timing {
	for _, f := range []struct {
		field    *time.Duration
		fallback time.Duration
	}{
		{&t.Keepalive, 15 * time.Second}, {&t.Silence, time.Minute}, {&t.Confirm, 2 * time.Minute},
		{&t.Settle, 45 * time.Second}, {&t.Greeting, time.Minute}, {&t.Quick, 20 * time.Second}, {&t.Patient, time.Minute}, {&t.Gather, 5 * time.Millisecond},
	} {
		if *f.field <= 0 {
			*f.field = f.fallback
		}
	}
	return t
}
