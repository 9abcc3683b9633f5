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
// home directory and no agent.
type Config struct {
	// User is the login name; empty means root. Anyone else works through `sudo -n /bin/sh -s`.
	User string
	// PrivateKey is a PEM or OpenSSH private key, or the base64 of one. Carriage returns, trailing blanks and
	// written-out "\n" are tolerated, because environment variables of CI systems mangle them.
	PrivateKey []byte
	// Passphrase decrypts PrivateKey; ignored when the key is not encrypted.
	Passphrase []byte
	// Certificate is an OpenSSH user certificate for PrivateKey, one line as in id_ed25519-cert.pub. Optional.
	Certificate []byte
	// KnownHosts is the content of a known_hosts file, sshd(8): plain and hashed names, [host]:port, @cert-authority and @revoked.
	KnownHosts string
	// Fingerprints pins host keys by node name, or for every node under "*": "SHA256:…" as `ssh-keygen -lf` prints it; the
	// whole line of ssh-keygen is taken as well.
	Fingerprints map[string][]string
	// ConnectTimeout bounds dialling and handshake; zero means [DefaultConnectTimeout].
	ConnectTimeout time.Duration
}
