package onnodes

import (
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// collectorName is the host of the collector; it is on the node itself, since nodes reach no others.
const collectorName = "logs.example.com"

// stunnelConfig asks senders for a certificate of the authority, and hands on what they send.
const stunnelConfig = `foreground = yes
syslog = no
debug = err
pid =
[journal]
accept = 19532
connect = 127.0.0.1:19533
cert = /collector/cert.pem
key = /collector/key.pem
CAfile = /collector/ca.pem
verifyChain = yes
requireCert = yes
`

const startCollector = `systemctl reset-failed collector.service collector-tls.service 2>/dev/null || true
systemd-run --quiet --unit=collector /usr/lib/systemd/systemd-journal-remote --listen-http=19533 --split-mode=none --output=/collector/journal/all.journal
systemd-run --quiet --unit=collector-tls stunnel4 /collector/stunnel.conf
`

const stopCollector = "systemctl stop collector-tls.service collector.service\n"

// putCollector makes a collector of the journal on a node, which takes records from those who have a certificate of the
// authority. It does not start it.
func putCollector(t *testing.T, node *lab.Node, ca *harness.Authority) {
	t.Helper()
	certificate, key := ca.Issue(collectorName)
	shell(t, node, "mkdir -p -m 700 /collector/journal; echo 127.0.0.1 "+collectorName+" other.example.com >>/etc/hosts")
	for name, text := range map[string]string{"ca.pem": ca.PEM, "cert.pem": certificate, "key.pem": key, "stunnel.conf": stunnelConfig} {
		if err := node.WriteFile(t.Context(), "/collector/"+name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// examplesCollector starts the collector of the examples on each node. It returns the variables of those who send to
// it.
func examplesCollector(t *testing.T, c *lab.Cluster) map[string]string {
	t.Helper()
	ca := harness.NewAuthority(t)
	certificate, key := ca.Issue("node.example.com")
	harness.KeepSecret(t, "variable log_key", key)
	for _, node := range c.Nodes {
		putCollector(t, node, ca)
		shell(t, node, startCollector)
	}
	return map[string]string{"log_ca": ca.PEM, "log_certificate": certificate, "log_key": key}
}
