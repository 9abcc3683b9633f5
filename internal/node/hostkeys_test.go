package node_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

func ecdsaKey(t *testing.T) ssh.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// hostCertificate is key certified by authority for the names.
func hostCertificate(t *testing.T, key, authority ssh.Signer, until uint64, names ...string) ssh.Signer {
	t.Helper()
	c := &ssh.Certificate{Key: key.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: names, ValidBefore: until}
	if err := c.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewCertSigner(c, key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func line(key ssh.Signer) string {
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey())))
}

// TestHostKeys covers every way to pin a host key, against a server that prefers ecdsa and has ed25519 as well.
func TestHostKeys(t *testing.T) {
	t.Parallel()
	ed, _ := nodetest.NewKey(t)
	other, _ := nodetest.NewKey(t)
	authority, _ := nodetest.NewKey(t)
	ec := ecdsaKey(t)
	fp := ssh.FingerprintSHA256(ed.PublicKey())
	plain := []ssh.Signer{ec, ed}
	certified := []ssh.Signer{ec, hostCertificate(t, ed, authority, ssh.CertTimeInfinity, "127.0.0.1")}
	named := []ssh.Signer{hostCertificate(t, ed, authority, ssh.CertTimeInfinity, "pve1")}
	expired := []ssh.Signer{hostCertificate(t, ed, authority, uint64(time.Now().Add(-time.Hour).Unix()), "127.0.0.1")}
	foreign := []ssh.Signer{hostCertificate(t, ed, authority, ssh.CertTimeInfinity, "elsewhere")}

	for name, c := range map[string]struct {
		keys   []ssh.Signer
		known  func(addr string) string
		pins   map[string][]string
		refuse string // part of the error; accepted when empty
	}{
		"address and port": {keys: plain, known: func(a string) string {
			return "\r\n# comment\r\n" + knownhosts.Line([]string{a}, ed.PublicKey()) + "\r\n"
		}},
		"hashed":                  {keys: plain, known: func(a string) string { return knownhosts.HashHostname(knownhosts.Normalize(a)) + " " + line(ed) }},
		"node name":               {keys: plain, known: func(a string) string { return "pve1,10.0.0.1 " + line(ed) }},
		"node name with port":     {keys: plain, known: func(a string) string { _, port, _ := net.SplitHostPort(a); return "[pve1]:" + port + " " + line(ed) }},
		"address without port":    {keys: plain, known: func(a string) string { return "127.0.0.1 " + line(ed) }},
		"wildcard":                {keys: plain, known: func(a string) string { return "pve* " + line(ed) }},
		"authority":               {keys: certified, known: func(a string) string { return "@cert-authority 127.0.0.1 " + line(authority) }},
		"authority by node name":  {keys: named, known: func(a string) string { return "@cert-authority pve* " + line(authority) }},
		"plain next to authority": {keys: plain, known: func(a string) string { return "@cert-authority * " + line(authority) + "\n127.0.0.1 " + line(ed) }},
		"fingerprint":             {keys: plain, pins: map[string][]string{"pve1": {fp}}},
		"fingerprint for all":     {keys: plain, pins: map[string][]string{"*": {ssh.FingerprintSHA256(other.PublicKey()), fp}}},
		"line of ssh-keygen":      {keys: plain, pins: map[string][]string{"pve1": {"256 " + fp + " root@pve1 (ED25519)"}}},
		"nothing for this node":   {keys: plain, pins: map[string][]string{"pve2": {fp}}, refuse: "no host key of pve1"},
		"another key":             {keys: plain, known: func(a string) string { return "pve1 " + line(other) }, refuse: "expected  ssh-ed25519 " + ssh.FingerprintSHA256(other.PublicKey())},
		"another fingerprint":     {keys: plain, pins: map[string][]string{"pve1": {ssh.FingerprintSHA256(other.PublicKey())}}, refuse: fp},
		"another algorithm":       {keys: []ssh.Signer{ec}, known: func(a string) string { return "pve1 " + line(ed) }, refuse: "keys of other algorithms only: ecdsa-sha2-nistp256"},
		"revoked":                 {keys: plain, known: func(a string) string { return "pve1 " + line(ed) + "\n@revoked * " + line(ed) }, refuse: "@revoked"},
		"revoked though pinned":   {keys: []ssh.Signer{ed}, known: func(a string) string { return "@revoked * " + line(ed) }, pins: map[string][]string{"*": {fp}}, refuse: "@revoked"},
		"revoked authority": {keys: certified, known: func(a string) string {
			return "@cert-authority * " + line(authority) + "\n@revoked * " + line(authority)
		}, refuse: "revoked"},
		"revoked key with a certificate": {keys: certified, known: func(a string) string {
			return "@cert-authority * " + line(authority) + "\n@revoked * " + line(ed)
		}, refuse: "@revoked"},
		"expired certificate":    {keys: expired, known: func(a string) string { return "@cert-authority * " + line(authority) }, refuse: "expired"},
		"certificate of another": {keys: foreign, known: func(a string) string { return "@cert-authority * " + line(authority) }, refuse: "principal"},
		"authority as a plain key": {keys: []ssh.Signer{authority}, known: func(a string) string {
			return "127.0.0.1 " + line(other) + "\n@cert-authority 127.0.0.1 " + line(authority)
		}, refuse: "not the expected one"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := nodetest.Start(t, nodetest.Options{HostKeys: c.keys})
			at := target("pve1", s)
			cfg := node.Config{PrivateKey: s.PrivateKey, Fingerprints: c.pins}
			if c.known != nil {
				cfg.KnownHosts = c.known(s.KnownHosts[:strings.Index(s.KnownHosts, " ")])
			}
			_, err := poolOf(t, cfg).Observe(testContext(t), at, node.Query{})
			if c.refuse == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			var he *node.HostKeyError
			if !errors.As(err, &he) || he.Node != "pve1" || !strings.Contains(err.Error(), c.refuse) || he.Offered == "" {
				t.Errorf("got %v, want a HostKeyError with %q", err, c.refuse)
			}
			if h, sessions, _ := s.Counts(); h != 0 || sessions != 0 {
				t.Errorf("%d logins, %d sessions in spite of the host key", h, sessions)
			}
		})
	}
}
