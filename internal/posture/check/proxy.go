package check

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

const proxyFile = "/etc/default/pveproxy"

// proxyChecks are the checks of the web interface, and of its certificate.
func proxyChecks() []Check {
	book := manual(pveBook, "pveproxy - Proxmox VE API Proxy Daemon")
	return []Check{
		ofPVE("PVESEC-C1708", Network, Medium, Level2, "The web interface answers named addresses only", "Who cannot reach it guesses no passwords.", "POLICY=deny and ALLOW_FROM with networks, or LISTEN_IP, in "+proxyFile, "Write them, then systemctl restart pveproxy.", append(guide("1.2.2"), book...), func(n *Node) Outcome {
			lines := n.config.in(proxyFile)
			allow, at, found := value(lines, "ALLOW_FROM")
			policy, _, _ := value(lines, "POLICY")
			if listen, on, set := value(lines, "LISTEN_IP"); set && listen != "" && listen != "0.0.0.0" && listen != "::" {
				return pass(on.String())
			}
			if !found || policy != "deny" {
				return fail("ALLOW_FROM with POLICY=deny is not set")
			}
			return passIf(!strings.Contains(allow, "0.0.0.0/0") && !strings.Contains(allow, "::/0") && allow != "all", at.String())
		}),
		ofPVE("PVESEC-C1709", Network, Medium, Level1, "The web interface offers no weak ciphers", "A weak cipher lets who listens read passwords.", "CIPHERS names no weak one, or is not set", "Remove CIPHERS from "+proxyFile+".", book, func(n *Node) Outcome {
			ciphers, at, found := value(n.config.in(proxyFile), "CIPHERS")
			if !found {
				return pass("CIPHERS is not set")
			}
			for _, cipher := range strings.FieldsFunc(strings.ToUpper(ciphers), func(r rune) bool { return r == ':' || r == ' ' || r == ',' }) {
				if strings.ContainsAny(cipher[:1], "!-") {
					continue
				}
				for _, bad := range []string{"RC4", "DES", "MD5", "NULL", "EXPORT", "ADH", "AECDH", "LOW", "ALL", "CBC"} {
					if strings.Contains(cipher, bad) {
						return fail(at.String())
					}
				}
			}
			return pass(at.String())
		}),
		ofPVE("PVESEC-C1710", Network, High, Level1, "The certificate of the web interface is valid for two weeks more", "Who is used to a warning clicks it away on the day of the attack.", "it does not end within 14 days, and has begun", "pvecm updatecerts --force, or renew it by ACME.", guide("2.3.2"), func(n *Node) Outcome {
			return n.certificate(func(c *x509.Certificate) string {
				if n.now.Before(c.NotBefore) || n.now.Add(14*24*time.Hour).After(c.NotAfter) {
					return fmt.Sprintf("from %s until %s", c.NotBefore.Format("2006-01-02"), c.NotAfter.Format("2006-01-02"))
				}
				return ""
			})
		}),
		ofPVE("PVESEC-C1711", Network, Medium, Level2, "The web interface has a certificate that browsers trust", "Nobody sees the difference between the warning about PVE's own certificate and the warning about an attacker's.", "pveproxy-ssl.pem is there, and its issuer is neither itself nor PVE", "In the web interface: the node, Certificates, ACME or upload.", guide("2.3.1"), func(n *Node) Outcome {
			return n.certificate(func(c *x509.Certificate) string {
				if bytes.Equal(c.RawIssuer, c.RawSubject) || strings.Contains(c.Issuer.String(), "Proxmox Virtual Environment") || strings.Contains(c.Issuer.String(), "PVE Cluster Manager CA") {
					return "issued by " + c.Issuer.String()
				}
				return ""
			})
		}),
		ofPVE("PVESEC-C1712", Network, Medium, Level1, "The certificate of the web interface is strong", "A short key, or a signature with SHA-1, can be forged.", "RSA with 2048 bits, or an elliptic curve; SHA-256 or better", "pvecm updatecerts --force.", guide("2.3.1"), func(n *Node) Outcome {
			return n.certificate(weakCertificate)
		}),
	}
}

// certificate judges the one that the web interface has: the certificate of the administrator, or PVE's own.
func (n *Node) certificate(wrong func(*x509.Certificate) string) Outcome {
	text, reason := n.Told(node.SectionCertificates)
	if reason != "" {
		return unknown(reason)
	}
	blocks := map[string]string{}
	for block := range strings.SplitSeq(text, "File: ") {
		file, body, _ := strings.Cut(block, "\n")
		if _, first := blocks[file]; !first {
			blocks[file] = body // of a chain, the first is the node's
		}
	}
	for _, file := range []string{"/etc/pve/local/pveproxy-ssl.pem", "/etc/pve/local/pve-ssl.pem"} {
		body, there := blocks[file]
		if !there {
			continue
		}
		block, _ := pem.Decode([]byte(body))
		if block == nil {
			return unknown(file + " has no certificate that can be read")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return unknown(file + ": " + err.Error())
		}
		if why := wrong(c); why != "" {
			return fail(file + ": " + why)
		}
		return pass(fmt.Sprintf("%s: %s, until %s", file, c.Subject, c.NotAfter.Format("2006-01-02")))
	}
	return unknown("the node told of no certificate")
}

func weakCertificate(c *x509.Certificate) string {
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return "signed with " + c.SignatureAlgorithm.String()
	}
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return fmt.Sprintf("RSA with %d bits", key.N.BitLen())
		}
		return ""
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return ""
	}
	return "a key of the type " + c.PublicKeyAlgorithm.String()
}
