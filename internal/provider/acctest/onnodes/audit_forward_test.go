package onnodes

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// number sends records with the numbers from first to last.
func number(first, last int) string {
	return fmt.Sprintf("for i in $(seq %d %d); do logger -t count -p auth.info \"number $i\"; done\n", first, last)
}

// collected says why the collector of a node does not have all numbers up to the last one in their order, or returns
// nil. A record may be there more than once.
func collected(t *testing.T, node *lab.Node, last int) error {
	t.Helper()
	const read = "journalctl -D /collector/journal -t count -o cat --no-pager 2>/dev/null"
	got := shell(t, node, fmt.Sprintf("for i in $(seq 300); do %[1]s | grep -qx 'number %[2]d' && break; sleep 0.2; done; %[1]s | awk '!seen[$0]++ { printf \"%%s \", $2 }'", read, last))
	var want []string
	for i := range last {
		want = append(want, fmt.Sprint(i+1))
	}
	if got != strings.Join(want, " ") {
		return fmt.Errorf("the collector has %q of %d records: %s", got, last, shell(t, node, "systemctl status --no-pager -n 5 pvesec-forward-ops.service collector.service collector-tls.service || true; ls -l /collector/journal"))
	}
	return nil
}

// refused is what an apply says of a collector that gets nothing, with some words of the reason.
func refused(host, why string) *regexp.Regexp {
	return regexp.MustCompile(harness.Matches("the collector "+host+":19532 did not acknowledge it:").String() + "(?s:.*)" + harness.Matches(why).String())
}

// TestAuditForward: the journal arrives at a collector that asks for a certificate, in order and without a loss while
// the collector is away, is killed, or the node's service is; wrong certificates are refused and told; the private key
// is nowhere but on the node; drift of each file is mended.
func TestAuditForward(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite}}})
			pve1 := c.Nodes[0]
			ca, stranger := harness.NewAuthority(t), harness.NewAuthority(t)
			putCollector(t, pve1, ca)
			certificate, key := ca.Issue("node.example.com")
			strangeCertificate, strangeKey := stranger.Issue("node.example.com")
			harness.KeepSecret(t, "forward_to", key)
			harness.KeepSecret(t, "forward_to of a stranger", strangeKey)
			t.Cleanup(func() {
				if t.Failed() {
					t.Log(shell(t, pve1, "journalctl --no-pager -o short-precise -u pvesec-forward-ops.service -u collector.service -u collector-tls.service | tail -n 40"))
				}
			})
			before := snapshot(t, pve1)
			shell(t, pve1, startCollector+number(0, 0))
			to := func(host, certificate, key string) string {
				return config(c) + harness.AuditConfig(fmt.Sprintf("forward_to {\n    host = %q\n    ca_pem = %q\n    certificate_pem = %q\n    private_key = %q\n  }", host, ca.PEM, certificate, key))
			}
			forward := to(collectorName, certificate, key)
			const unit = "/etc/systemd/system/pvesec-forward-ops"
			harness.Run(t,
				resource.TestStep{ // what comes after the apply is sent, and the probe is found
					Config:           forward,
					ConfigPlanChecks: harness.Planned(auditAddress, plancheck.ResourceActionCreate),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(auditAddress, deployedAt("pve1", "files", unit+".key.pem"), knownvalue.StringExact("0600 root:root")),
						statecheck.ExpectKnownValue(auditAddress, deployedAt("pve1", "services", "pvesec-forward-ops.service"), knownvalue.StringExact("active")),
						statecheck.ExpectKnownValue(auditAddress, deployedAt("pve1", "problems"), knownvalue.ListSizeExact(0)),
					},
					Check: func(*terraform.State) error {
						shell(t, pve1, number(1, 3))
						if got := shell(t, pve1, "journalctl -D /collector/journal -t pvesec -o cat --no-pager | grep -c 'authentication event of a probe: pvesec-probe-'"); got == "0" {
							t.Error("the collector does not have the record of the probe")
						}
						return collected(t, pve1, 3)
					},
				},
				resource.TestStep{ // the collector is away: a plan and the probe say so, and why
					PreConfig: func() {
						shell(t, pve1, stopCollector+number(4, 15)+await("systemctl show -P SubState pvesec-forward-ops.service | grep -q auto-restart && journalctl -u pvesec-forward-ops.service -o cat --no-pager -n 20 | grep 'failed: ' | tail -n 1 | grep -q onnect"))
					},
					Config:           forward,
					ConfigPlanChecks: drifted("the collector logs.example.com:19532 has not acknowledged what the journal holds: ", "onnect"),
					ExpectError:      refused(collectorName, "onnect"),
				},
				resource.TestStep{ // it is back, is killed while records come, and the service of the node is too: nothing is lost, and the order is kept
					PreConfig: func() {
						shell(t, pve1, startCollector+number(16, 60)+"systemctl kill --signal=KILL collector.service\n"+number(61, 80)+stopCollector+startCollector+
							number(81, 120)+"systemctl kill --signal=KILL pvesec-forward-ops.service\n"+number(121, 150)+"journalctl --rotate\n"+number(151, 200))
						if err := collected(t, pve1, 200); err != nil {
							t.Error(err)
						}
					},
					Config:           forward,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
				},
				resource.TestStep{ // a collector that is somebody else gets nothing
					Config:      to("other.example.com", certificate, key),
					ExpectError: refused("other.example.com", "no alternative certificate subject name"),
				},
				resource.TestStep{ // and takes nothing from a stranger
					PreConfig: func() { shell(t, pve1, number(201, 210)) },
					Config:    to(collectorName, strangeCertificate, strangeKey),
					// The collector closes at once. Whether its alert or the reset comes first is chance: its own log
					// says why.
					ExpectError: regexp.MustCompile(refused(collectorName, "errno").String() + "|" + refused(collectorName, "Connection reset by peer").String()),
				},
				resource.TestStep{
					PreConfig: func() {
						if got := shell(t, pve1, "journalctl -D /collector/journal -t count -o cat --no-pager | grep -c 'number 20[1-9]' || true"); got != "0" {
							t.Errorf("the wrong certificates let %s records through", got)
						}
						if got := shell(t, pve1, "journalctl -u collector-tls.service -o cat --no-pager | grep -c 'certificate verify failed' || true"); got == "0" {
							t.Error("the collector did not refuse the certificate of a stranger")
						}
					},
					Config: forward,
					Check:  func(*terraform.State) error { return collected(t, pve1, 210) },
				},
				resource.TestStep{ // each file
					PreConfig: func() {
						shell(t, pve1, "cd /etc/systemd/system; chmod 0644 "+unit+".key.pem; for f in pvesec-forward-ops.ca.pem pvesec-forward-ops.cert.pem pvesec-forward-ops.sh pvesec-forward-ops.service; do echo '#' >>$f; done; rm multi-user.target.d/pvesec-forward-ops.conf")
					},
					Config: forward,
					ConfigPlanChecks: drifted(`"`+unit+`.key.pem":"0644 root:root"`, `"/etc/systemd/system/multi-user.target.d/pvesec-forward-ops.conf":"absent"`,
						unit+".ca.pem: + #", unit+".cert.pem: + #", unit+".sh: + #", unit+".service: + #"),
				},
				resource.TestStep{ // the key of another certificate
					PreConfig: func() {
						if err := pve1.WriteFile(t.Context(), unit+".key.pem", strangeKey, 0o600); err != nil {
							t.Fatal(err)
						}
					},
					Config:           forward,
					ConfigPlanChecks: drifted(unit + ".key.pem is not the private key of " + unit + ".cert.pem"),
				},
				resource.TestStep{
					PreConfig:        func() { shell(t, pve1, "systemctl stop pvesec-forward-ops.service") },
					Config:           forward,
					ConfigPlanChecks: drifted("pvesec-forward-ops.service is inactive: nothing is sent to logs.example.com:19532"),
				},
				resource.TestStep{
					ResourceName:                         auditAddress,
					ImportState:                          true,
					ImportStateId:                        "ops",
					ImportStateVerify:                    true,
					ImportStateVerifyIdentifierAttribute: "name",
				},
			)
			if after := snapshot(t, pve1); after != before {
				t.Errorf("destroy left something behind:\nbefore\n%s\nafter\n%s", before, after)
			}
			if got := shell(t, pve1, "systemctl is-active pvesec-forward-ops.service || true; grep -rl 'PRIVATE KEY-----' /etc /run /var/backups /var/lib /var/log /root /tmp 2>/dev/null | grep -v -e ^/etc/ssh/ -e ^/etc/ssl/private/ || true"); got != "inactive" {
				t.Errorf("after a destroy: %s", got)
			}
		})
	}
}

// TestForwardKeyIsReplaced: of a private key that another one replaces nothing stays on the node, a key that is not as
// planned is refused, and one that is left goes with a destroy.
func TestForwardKeyIsReplaced(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	pve1 := c.Nodes[0]
	w := harness.NewWorkspace(t).Quietly().Within()
	ca := harness.NewAuthority(t)
	certificate, key := ca.Issue("node.example.com")
	nextCertificate, nextKey := ca.Issue("node.example.com")
	write := func(certificate, key string) {
		w.Write("main.tf", requirePvesec+config(c)+harness.AuditConfig(fmt.Sprintf("probe = false\n  forward_to {\n    host = \"logs.example.com\"\n    ca_pem = %q\n    certificate_pem = %q\n    private_key = %q\n  }", ca.PEM, certificate, key)))
	}
	const path = "/etc/systemd/system/pvesec-forward-ops.key.pem"
	// holds are the files with a line of a key. Not counted are those that systemd gives the service while it runs.
	holds := func(key string) string {
		line := strings.Split(key, "\n")[1]
		return shell(t, pve1, "grep -rlF -e '"+line+"' /etc /run /var/backups /var/lib /var/log /var/tmp /tmp /root 2>/dev/null | grep -v ^/run/credentials/ || true")
	}
	write(certificate, key)
	w.Terraform("apply", "-auto-approve", "-no-color")
	if got := holds(key); got != path {
		t.Errorf("the key is in %q", got)
	}
	write(nextCertificate, nextKey)
	w.Terraform("apply", "-auto-approve", "-no-color")
	if got, next := holds(key), holds(nextKey); got != "" || next != path {
		t.Errorf("the replaced key is in %q, the next one in %q", got, next)
	}
	write(certificate, key)
	w.Terraform("plan", "-no-color", "-out=plan")
	shell(t, pve1, "chmod 0644 "+path)
	if said := w.Refused("apply", "plan"); !strings.Contains(said, path) {
		t.Errorf("the apply says\n%s", said)
	}
	w.Terraform("apply", "-auto-approve", "-no-color")
	w.Terraform("destroy", "-auto-approve", "-no-color")
	if got, next := holds(key), holds(nextKey); got+next != "" {
		t.Errorf("after a destroy the keys are in %q and %q", got, next)
	}
}
