package proxmox

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// FingerprintError means that the server showed another certificate than the
// pinned one.
type FingerprintError struct {
	Want, Got string // SHA-256 of the certificate as PVE prints it: AA:BB:…
}

func (e *FingerprintError) Error() string {
	return fmt.Sprintf("the server's certificate has the SHA-256 fingerprint %s, but %s is pinned", e.Got, e.Want)
}

// tlsConfig turns the TLS fields into a configuration, or a *ConfigError.
func (cfg Config) tlsConfig() (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	hasCA := len(strings.TrimSpace(string(cfg.CAPEM))) > 0
	pin := strings.TrimSpace(cfg.FingerprintSHA256)
	if cfg.Insecure && (hasCA || pin != "") {
		return nil, &ConfigError{"tls.insecure", errors.New("contradicts a CA or fingerprint, which it would make useless; leave one of them out")}
	}
	if hasCA {
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(cfg.CAPEM) {
			return nil, &ConfigError{"tls.ca_pem", errors.New("holds no certificate in PEM; on a node it is /etc/pve/pve-root-ca.pem")}
		}
		conf.RootCAs = pool
	}
	if pin != "" {
		want, err := parseFingerprint(pin)
		if err != nil {
			return nil, &ConfigError{"tls.fingerprint_sha256", err}
		}
		conf.VerifyConnection = verifyPin(want)
	}
	// A pin names one certificate, which says more than any chain; PVE's own
	// certificates are issued for host names that clients rarely use.
	conf.InsecureSkipVerify = cfg.Insecure || pin != "" && !hasCA // pinned above, or asked for by name
	return conf, nil
}

// parseFingerprint reads 32 bytes in hexadecimal, with colons or without.
func parseFingerprint(s string) ([sha256.Size]byte, error) {
	var sum [sha256.Size]byte
	for _, prefix := range []string{"SHA256:", "sha256:", "SHA-256:"} {
		s = strings.TrimPrefix(s, prefix)
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(s, ":", ""))
	if err != nil || len(raw) != sha256.Size {
		return sum, errors.New("must be the 64 hexadecimal digits of the certificate's SHA-256 fingerprint, with or without colons; on a node: openssl x509 -in /etc/pve/local/pve-ssl.pem -noout -fingerprint -sha256")
	}
	return [sha256.Size]byte(raw), nil
}

// verifyPin compares the leaf certificate with the pinned digest. It runs on
// every connection, resumed ones included.
func verifyPin(want [sha256.Size]byte) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("the server showed no certificate")
		}
		got := sha256.Sum256(state.PeerCertificates[0].Raw)
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return &FingerprintError{Want: formatFingerprint(want), Got: formatFingerprint(got)}
		}
		return nil
	}
}

func formatFingerprint(sum [sha256.Size]byte) string {
	pairs := make([]string, len(sum))
	for i, b := range sum {
		pairs[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(pairs, ":")
}
