package node

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// credentials are the parsed ways to log in.
type credentials struct {
	signers []ssh.Signer
	// offers describes them for messages: method, algorithm, fingerprint.
	offers []string
	// agent is the socket of an SSH agent, empty for none.
	agent    string
	password string
}

// parseCredentials turns key, passphrase, certificate, agent and password into ways to log in. Its errors never quote
// the input.
func parseCredentials(cfg Config, now time.Time) (credentials, error) {
	c := credentials{agent: cfg.AgentSocket, password: string(cfg.Password)}
	pem := tidyKey(cfg.PrivateKey)
	switch {
	case c.password != "" && (len(pem) > 0 || c.agent != ""):
		return c, &ConfigError{"password", errors.New("a password is never a fallback for a key: give either a password, or a private key or an agent")}
	case len(pem) == 0 && len(bytes.TrimSpace(cfg.Certificate)) > 0:
		return c, &ConfigError{"certificate", errors.New("a certificate is given without the private key that it belongs to")}
	case len(pem) == 0 && c.password == "" && c.agent == "":
		return c, &ConfigError{"private_key", errors.New("no private key is given")}
	case len(pem) == 0:
		return c, nil
	}
	signer, err := parseSigner(pem, cfg.Passphrase)
	if err != nil {
		return credentials{}, err
	}
	c.signers = []ssh.Signer{signer}
	c.offers = []string{"publickey " + describeKey(signer.PublicKey())}
	if len(bytes.TrimSpace(cfg.Certificate)) == 0 {
		return c, nil
	}
	withCert, cert, err := parseCertificate(cfg.Certificate, signer, now)
	if err != nil {
		return credentials{}, &ConfigError{"certificate", err}
	}
	offer := fmt.Sprintf("certificate %q of %s signed by %s", cert.KeyId, describeKey(cert.Key), describeKey(cert.SignatureKey))
	if len(cert.ValidPrincipals) > 0 {
		offer += " for " + strings.Join(cert.ValidPrincipals, ", ")
	}
	// The certificate goes first: servers that know only its authority would count the bare key as a failed try.
	c.signers = append([]ssh.Signer{withCert}, c.signers...)
	c.offers = append([]string{offer}, c.offers...)
	return c, nil
}

// tidyKey undoes what environment variables do to a PEM block: carriage returns, trailing spaces, literal "\n", and
// base64 around the whole.
func tidyKey(raw []byte) []byte {
	s := strings.TrimSpace(string(raw))
	if s == "" {
		return nil
	}
	if !strings.Contains(s, "-----") {
		joined := strings.Join(strings.Fields(s), "")
		if dec, err := base64.StdEncoding.DecodeString(joined); err == nil && bytes.Contains(dec, []byte("-----BEGIN ")) {
			s = strings.TrimSpace(string(dec))
		}
	}
	if !strings.Contains(s, "\n") {
		s = strings.ReplaceAll(s, `\n`, "\n")
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimSpace(l)
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

func parseSigner(pem, passphrase []byte) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(pem)
	if err == nil {
		return signer, nil
	}
	var missing *ssh.PassphraseMissingError
	if !errors.As(err, &missing) {
		return nil, &ConfigError{"private_key", whyNotKey(pem)}
	}
	if len(passphrase) == 0 {
		return nil, &ConfigError{"passphrase", errors.New("the private key is encrypted and no passphrase is given")}
	}
	signer, err = ssh.ParsePrivateKeyWithPassphrase(pem, passphrase)
	switch {
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, &ConfigError{"passphrase", errors.New("it does not decrypt the private key")}
	case err != nil:
		return nil, &ConfigError{"private_key", errors.New("the encrypted key cannot be read: its format or cipher is not supported")}
	}
	return signer, nil
}

// whyNotKey guesses what was given instead of a private key.
func whyNotKey(pem []byte) error {
	s := string(pem)
	switch {
	case strings.HasPrefix(s, "PuTTY-User-Key-File"):
		return errors.New("this is a PuTTY key: convert it with `puttygen key.ppk -O private-openssh-new -o key`")
	case strings.HasPrefix(s, "ssh-"), strings.HasPrefix(s, "ecdsa-"), strings.Contains(s, "PUBLIC KEY-----"):
		return errors.New("this is a public key: the private one is needed")
	case strings.HasPrefix(s, "/"), strings.HasPrefix(s, "~"):
		return errors.New("this looks like a path: the content of the key file is needed, for example through file()")
	case !strings.Contains(s, "-----BEGIN "):
		return errors.New("this is neither a PEM or OpenSSH private key nor the base64 of one")
	}
	return errors.New("the private key cannot be read: it is damaged (were its lines joined?) or of a kind that is not supported")
}

func parseCertificate(raw []byte, signer ssh.Signer, now time.Time) (ssh.Signer, *ssh.Certificate, error) {
	pub, _, _, _, err := ssh.ParseAuthorizedKey(bytes.TrimSpace(raw))
	if err != nil {
		return nil, nil, errors.New("it is not an OpenSSH certificate line, as in id_ed25519-cert.pub")
	}
	cert, ok := pub.(*ssh.Certificate)
	switch {
	case !ok:
		return nil, nil, errors.New("it is a plain public key, not a certificate")
	case cert.CertType != ssh.UserCert:
		return nil, nil, errors.New("it is a host certificate, not a user certificate")
	case cert.ValidBefore != uint64(ssh.CertTimeInfinity) && uint64(now.Unix()) >= cert.ValidBefore:
		return nil, nil, fmt.Errorf("it expired at %s", time.Unix(int64(cert.ValidBefore), 0).UTC().Format(time.RFC3339))
	}
	withCert, err := ssh.NewCertSigner(cert, signer)
	if err != nil {
		return nil, nil, errors.New("it does not belong to the private key")
	}
	return withCert, cert, nil
}

// describeKey is algorithm and fingerprint, as `ssh-keygen -l` prints it.
func describeKey(k ssh.PublicKey) string {
	if cert, ok := k.(*ssh.Certificate); ok {
		return fmt.Sprintf("certificate of %s signed by %s", describeKey(cert.Key), describeKey(cert.SignatureKey))
	}
	return k.Type() + " " + ssh.FingerprintSHA256(k)
}
