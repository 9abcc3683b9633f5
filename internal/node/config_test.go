package node_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/node/nodetest"
)

// encryptedKey returns a key under the passphrase, and its signer.
func encryptedKey(t *testing.T, passphrase string) ([]byte, ssh.Signer) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), signer
}

// userCertificate is key certified by authority, as a line of a -cert.pub file.
func userCertificate(t *testing.T, key, authority ssh.Signer, kind uint32, until uint64) []byte {
	t.Helper()
	c := &ssh.Certificate{Key: key.PublicKey(), CertType: kind, KeyId: "ci", ValidPrincipals: []string{"root"}, ValidBefore: until}
	if err := c.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	return ssh.MarshalAuthorizedKey(c)
}

// TestConfigErrors: each fault is told at its field, says what to do, and quotes nothing secret.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	signer, key := nodetest.NewKey(t)
	other, _ := nodetest.NewKey(t)
	locked, _ := encryptedKey(t, "correct horse")
	good := node.Config{PrivateKey: key, Fingerprints: map[string][]string{"*": {ssh.FingerprintSHA256(signer.PublicKey())}}}
	forever := uint64(ssh.CertTimeInfinity)
	for name, c := range map[string]struct {
		change      func(*node.Config)
		field, says string
	}{
		"space in user":         {func(c *node.Config) { c.User = "ro ot" }, "user", "spaces"},
		"no key":                {func(c *node.Config) { c.PrivateKey = []byte(" \n") }, "private_key", "no private key"},
		"public key":            {func(c *node.Config) { c.PrivateKey = ssh.MarshalAuthorizedKey(signer.PublicKey()) }, "private_key", "public key"},
		"path":                  {func(c *node.Config) { c.PrivateKey = []byte("~/.ssh/id_ed25519") }, "private_key", "path"},
		"putty":                 {func(c *node.Config) { c.PrivateKey = []byte("PuTTY-User-Key-File-3: ssh-ed25519\nS3CRET") }, "private_key", "puttygen"},
		"rubbish":               {func(c *node.Config) { c.PrivateKey = []byte("S3CRET") }, "private_key", "neither"},
		"damaged":               {func(c *node.Config) { c.PrivateKey = key[:len(key)/2] }, "private_key", "damaged"},
		"no passphrase":         {func(c *node.Config) { c.PrivateKey = locked }, "passphrase", "encrypted"},
		"wrong passphrase":      {func(c *node.Config) { c.PrivateKey, c.Passphrase = locked, []byte("S3CRET") }, "passphrase", "does not decrypt"},
		"certificate rubbish":   {func(c *node.Config) { c.Certificate = []byte("S3CRET") }, "certificate", "-cert.pub"},
		"certificate plain":     {func(c *node.Config) { c.Certificate = ssh.MarshalAuthorizedKey(signer.PublicKey()) }, "certificate", "plain public key"},
		"certificate of host":   {func(c *node.Config) { c.Certificate = userCertificate(t, signer, other, ssh.HostCert, forever) }, "certificate", "host certificate"},
		"certificate of other":  {func(c *node.Config) { c.Certificate = userCertificate(t, other, other, ssh.UserCert, forever) }, "certificate", "does not belong"},
		"certificate expired":   {func(c *node.Config) { c.Certificate = userCertificate(t, signer, other, ssh.UserCert, 1_000_000_000) }, "certificate", "expired at 2001-09-09T01:46:40Z"},
		"no host keys":          {func(c *node.Config) { c.Fingerprints = nil }, "known_hosts", "always verified"},
		"known_hosts line":      {func(c *node.Config) { c.KnownHosts = "# ok\n\npve1 ssh-ed25519 !!!" }, "known_hosts", "line 3"},
		"unknown marker":        {func(c *node.Config) { c.KnownHosts = "@trusted * " + line(signer) }, "known_hosts", "line 1"},
		"fingerprint MD5":       {func(c *node.Config) { c.Fingerprints["pve1"] = []string{"MD5:00:11"} }, "host_key_fingerprints", "SHA256"},
		"fingerprint too short": {func(c *node.Config) { c.Fingerprints = map[string][]string{"pve1": {"SHA256:abc"}} }, "host_key_fingerprints", `for "pve1"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			cfg.Fingerprints = map[string][]string{"*": good.Fingerprints["*"]}
			c.change(&cfg)
			_, err := node.NewPool(cfg)
			var ce *node.ConfigError
			if !errors.As(err, &ce) || ce.Field != c.field || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want field %s with %q", err, c.field, c.says)
			}
			if err != nil && strings.Contains(err.Error(), "S3CRET") {
				t.Errorf("the error quotes what was given: %v", err)
			}
		})
	}
}

// TestLogin: every form in which a key may come logs in.
func TestLogin(t *testing.T) {
	t.Parallel()
	locked, lockedSigner := encryptedKey(t, "correct horse")
	plainSigner, plain := nodetest.NewKey(t)
	authority, _ := nodetest.NewKey(t)
	for name, c := range map[string]struct {
		signer      ssh.Signer
		key         string
		passphrase  string
		certificate []byte
		authorities []ssh.PublicKey
	}{
		"PEM":                {signer: plainSigner, key: string(plain)},
		"CRLF and spaces":    {signer: plainSigner, key: "\r\n  " + strings.ReplaceAll(string(plain), "\n", " \r\n") + "\t"},
		"backslash n":        {signer: plainSigner, key: strings.ReplaceAll(strings.TrimSpace(string(plain)), "\n", `\n`)},
		"base64":             {signer: plainSigner, key: base64.StdEncoding.EncodeToString(plain)},
		"base64 wrapped":     {signer: plainSigner, key: wrap(base64.StdEncoding.EncodeToString(plain))},
		"encrypted":          {signer: lockedSigner, key: string(locked), passphrase: "correct horse"},
		"passphrase unused":  {signer: plainSigner, key: string(plain), passphrase: "none needed"},
		"certificate":        {signer: plainSigner, key: string(plain), certificate: userCertificate(t, plainSigner, authority, ssh.UserCert, ssh.CertTimeInfinity), authorities: []ssh.PublicKey{authority.PublicKey()}},
		"dropped connection": {signer: plainSigner, key: string(plain)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := nodetest.Options{Authorities: c.authorities}
			if name == "dropped connection" {
				o.DropConnections = 2 // as MaxStartups does
			}
			s := nodetest.Start(t, o)
			s.Signer = c.signer
			p := poolOf(t, node.Config{PrivateKey: []byte(c.key), Passphrase: []byte(c.passphrase), Certificate: c.certificate, KnownHosts: s.KnownHosts})
			if _, err := p.Observe(testContext(t), target("pve1", s), node.Query{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func wrap(s string) string {
	var b strings.Builder
	for len(s) > 60 {
		b.WriteString(s[:60] + "\r\n")
		s = s[60:]
	}
	return b.String() + s
}

// TestRefusedLogin names the node, the user and the key that was tried.
func TestRefusedLogin(t *testing.T) {
	t.Parallel()
	s := nodetest.Start(t, nodetest.Options{User: "admin"})
	stranger, key := nodetest.NewKey(t)
	p := poolOf(t, node.Config{User: "admin", PrivateKey: key, KnownHosts: s.KnownHosts, ConnectTimeout: 10 * time.Second})
	_, err := p.Observe(testContext(t), target("pve1", s), node.Query{})
	var ae *node.AuthError
	if !errors.As(err, &ae) || ae.User != "admin" || !strings.Contains(err.Error(), "pve1 (127.0.0.1:") ||
		!strings.Contains(err.Error(), "publickey ssh-ed25519 "+ssh.FingerprintSHA256(stranger.PublicKey())) {
		t.Errorf("got %v", err)
	}
}
