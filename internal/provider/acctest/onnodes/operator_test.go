package onnodes

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
)

// operator is somebody with a key, who logs in to nodes as an account there.
type operator struct {
	user   string
	signer ssh.Signer
}

// newOperator makes a key.
func newOperator(t *testing.T, user string) *operator {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return &operator{user, signer}
}

// publicKey is the line for authorized_keys.
func (o *operator) publicKey() string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(o.signer.PublicKey())))
}

// longestRun is how long a script of an operator may take.
const longestRun = 10 * time.Minute

// run has the operator's shell on a node run a script, and returns what it printed.
func (o *operator) run(node *lab.Node, script string) (string, error) {
	client, err := ssh.Dial("tcp", net.JoinHostPort(node.Address, strconv.Itoa(lab.SSHPort)), &ssh.ClientConfig{
		User: o.user, Auth: []ssh.AuthMethod{ssh.PublicKeys(o.signer)}, Timeout: 20 * time.Second,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			if got := ssh.FingerprintSHA256(key); got != node.HostKeyFingerprint("ed25519") && got != node.HostKeyFingerprint("ecdsa") {
				return errors.New("another host key: " + got)
			}
			return nil
		},
	})
	if err != nil {
		return "", fmt.Errorf("%s as %s: %w", node.Name, o.user, err)
	}
	defer client.Close()
	defer time.AfterFunc(longestRun, func() { client.Close() }).Stop() // an attempt may have cut the network
	session, err := client.NewSession()
	if err != nil {
		return "", fmt.Errorf("%s as %s: %w", node.Name, o.user, err)
	}
	defer session.Close()
	var printed bytes.Buffer
	session.Stdin, session.Stdout, session.Stderr = strings.NewReader(script), &printed, &printed
	if err := session.Run("sh -s"); err != nil {
		return printed.String(), fmt.Errorf("%s as %s: %w\n%s", node.Name, o.user, err, printed.String())
	}
	return printed.String(), nil
}
