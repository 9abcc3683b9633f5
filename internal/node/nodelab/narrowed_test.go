//go:build linux

package nodelab_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestNarrowedInTimeAndPlace: a key that counts from some addresses or until a day, and a certificate for minutes
// without any key on the node, let pvesec in only then and from there, as the documentation has it.
func TestNarrowedInTimeAndPlace(t *testing.T) {
	t.Parallel()
	c := start(t)
	signer, err := ssh.ParsePrivateKey(c.SSHKeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate := func(name, address string) []byte {
		now := time.Now()
		cert := &ssh.Certificate{
			Key: signer.PublicKey(), CertType: ssh.UserCert, KeyId: "pvesec", ValidPrincipals: []string{name}, ValidAfter: uint64(now.Add(-time.Hour).Unix()), ValidBefore: uint64(now.Add(time.Hour).Unix()),
			Permissions: ssh.Permissions{CriticalOptions: map[string]string{"force-command": "sudo -n /bin/sh -s"}},
		}
		if address != "" {
			cert.CriticalOptions["source-address"] = address
		}
		if err := cert.SignCert(rand.Reader, authority); err != nil {
			t.Fatal(err)
		}
		return ssh.MarshalAuthorizedKey(cert)
	}
	onBoth(t, c, func(t *testing.T, n *lab.Node) {
		t.Helper()
		addOps(t, n, "ops ALL=(root) NOPASSWD: /bin/sh -s\n")
		tried := func(what string, certificate []byte, admitted bool) {
			t.Helper()
			p := poolOf(t, node.Config{User: "ops", PrivateKey: c.SSHKeyPEM, Certificate: certificate, KnownHosts: c.KnownHosts()})
			if _, err := p.Observe(t.Context(), target(n), node.Query{}); (err == nil) != admitted {
				t.Errorf("%s: %v", what, err)
			}
		}
		for options, admitted := range map[string]bool{`from="192.0.2.1"`: false, `from="0.0.0.0/0,::/0"`: true, `expiry-time="20200101Z"`: false, `expiry-time="20991231Z"`: true} {
			shell(t, n, `key=$(cat /root/.ssh/authorized_keys); printf '%s\n' 'command="sudo -n /bin/sh -s",restrict,`+options+` '"$key" >/home/ops/.ssh/authorized_keys`)
			tried(options, nil, admitted)
		}
		if err := n.WriteFile(t.Context(), "/etc/ssh/pvesec_ca.pub", string(ssh.MarshalAuthorizedKey(authority.PublicKey())), 0o644); err != nil {
			t.Fatal(err)
		}
		shell(t, n, `rm /home/ops/.ssh/authorized_keys; echo 'TrustedUserCAKeys /etc/ssh/pvesec_ca.pub' >/etc/ssh/sshd_config.d/0-test.conf; systemctl reset-failed ssh; systemctl restart ssh`)
		tried("a certificate of today", certificate("ops", ""), true)
		tried("one of another user", certificate("agent", ""), false)
		tried("one of other addresses", certificate("ops", "192.0.2.1"), false)
		tried("no certificate", nil, false)
	})
}
