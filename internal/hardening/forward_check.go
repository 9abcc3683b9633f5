package hardening

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
)

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

// CheckCollectorHost says why name cannot be the host of a collector, or returns nil.
func CheckCollectorHost(name string) error {
	if !hostName.MatchString(name) && net.ParseIP(name) == nil {
		return fmt.Errorf("%q is no host: give a name such as logs.example.com, or an IP address", name)
	}
	return nil
}

// CheckCertificates says why text are no certificates, or returns nil.
func CheckCertificates(text string) error {
	rest, count := []byte(text), 0
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return fmt.Errorf("it holds %q where only certificates belong", block.Type)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("certificate %d is broken: %w", count+1, err)
		}
		count++
	}
	if count == 0 || strings.TrimSpace(string(rest)) != "" {
		return errors.New("it is not in PEM: lines from \"-----BEGIN CERTIFICATE-----\" to \"-----END CERTIFICATE-----\", and nothing after them")
	}
	return nil
}

// CheckKeyPair says why a private key does not go with a certificate, or returns nil. It does not repeat anything of
// the key.
func CheckKeyPair(certificate, key string) error {
	if _, err := tls.X509KeyPair([]byte(certificate), []byte(key)); err != nil {
		return errors.New("it is not the private key of the certificate, in PEM and without a passphrase")
	}
	return nil
}
