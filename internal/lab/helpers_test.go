//go:build linux

package lab

import (
	"bufio"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// patience bounds what a test waits for something that has to happen; it is reached only when the test fails.
const patience = time.Minute

// shell runs a script on the node and fails the test when the script does.
func shell(t *testing.T, n *Node, script string) string {
	t.Helper()
	out, err := n.Shell(t.Context(), script)
	if err != nil {
		t.Fatalf("%v\nit had written:\n%s", err, out)
	}
	return out
}

// contains fails the test unless text contains part.
func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q is missing in:\n%s", part, text)
	}
}

// sshAddress is where the node's link listens.
func sshAddress(n *Node) string {
	return netip.AddrPortFrom(netip.MustParseAddr(n.Address), uint16(n.Port)).String()
}

// dial opens a TCP connection to the node through its link.
func dial(t *testing.T, n *Node) *net.TCPConn {
	t.Helper()
	conn, err := net.DialTimeout("tcp", sshAddress(n), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn) //nolint:errcheck // dialled as TCP
}

// greeting reads sshd's first line within the time given.
func greeting(conn net.Conn, within time.Duration) (string, error) {
	_ = conn.SetReadDeadline(time.Now().Add(within))
	defer func() { _ = conn.SetReadDeadline(time.Time{}) }()
	return bufio.NewReader(conn).ReadString('\n')
}

// login logs in through the link as root with the cluster's key, trusting only the cluster's known hosts.
func login(t *testing.T, c *Cluster, n *Node) *ssh.Client {
	t.Helper()
	config, err := n.identity.login(c.SSHKeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", sshAddress(n), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// remote runs a command in a session of the client.
func remote(t *testing.T, client *ssh.Client, command string) string {
	t.Helper()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	out, err := session.CombinedOutput(command)
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}
