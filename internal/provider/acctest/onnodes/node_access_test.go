package onnodes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestAccSkipUnreachable: with on_unreachable = "skip" an apply continues without a silent node, every later plan shows
// what that node lacks, and the apply that reaches it mends it. A node that had everything before it fell silent is no
// drift.
func TestAccSkipUnreachable(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	silent := c.Nodes[1]
	with := func(onUnreachable, command string) string {
		return strings.Replace(config(c), `"8s"`, `"2s"`, 1) + fmt.Sprintf(`
resource "pvesec_sudoers_policy" "agent" {
  name           = "agent"
  subject        = "agent"
  on_unreachable = %[1]q
  rule { commands = [%[2]q] }
}
resource "pvesec_audit_logging" "log" {
  on_unreachable = %[1]q
  security_log { enabled = false }
  subjects       = ["agent"]
}
`, onUnreachable, command)
	}
	policy, logging := "pvesec_sudoers_policy.agent", "pvesec_audit_logging.log"
	entry := func(attribute string) string { return fmt.Sprintf("deployed.%s.%s", silent.Name, attribute) }
	harness.Run(t,
		resource.TestStep{
			PreConfig:   func() { silent.Link().Refuse() },
			Config:      with("fail", "/usr/bin/id"),
			ExpectError: harness.Matches("was not applied; every node is as it was before"),
		},
		resource.TestStep{
			Config: with("skip", "/usr/bin/id"),
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(policy, entry("present"), "false"),
				resource.TestCheckResourceAttr(policy, entry("changes.0"), "not reached: the state of the node is unknown"),
				resource.TestCheckResourceAttr(policy, fmt.Sprintf("deployed.%s.present", c.Nodes[0].Name), "true"),
				resource.TestCheckResourceAttr(logging, entry("changes.0"), "not reached: the state of the node is unknown"),
				resource.TestCheckResourceAttr(policy, "nodes_skipped.0", silent.Name),
				resource.TestCheckResourceAttr(logging, "nodes_skipped.0", silent.Name),
			),
			ExpectNonEmptyPlan: true,
		},
		resource.TestStep{ // only what the silent node will hold is left open
			Config: with("skip", "/usr/bin/w"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(policy, tfjsonpath.New("nodes_skipped"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact(silent.Name)})),
				plancheck.ExpectUnknownValue(policy, deployedAt(silent.Name)),
				plancheck.ExpectKnownValue(policy, deployedAt(c.Nodes[0].Name, "present"), knownvalue.Bool(true)),
			}},
			Check:              resource.TestCheckResourceAttr(policy, "nodes_skipped.0", silent.Name),
			ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			PreConfig: func() { silent.Link().Heal() },
			Config:    with("skip", "/usr/bin/w"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(policy, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(logging, plancheck.ResourceActionUpdate),
			}},
			Check: resource.ComposeAggregateTestCheckFunc(
				resource.TestCheckResourceAttr(policy, entry("present"), "true"),
				resource.TestCheckResourceAttr(logging, entry("changes.#"), "0"),
			),
		},
		resource.TestStep{ // where every node answers nothing is left open, and the attribute is empty
			Config: with("skip", "/usr/bin/id -u"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(policy, tfjsonpath.New("nodes_skipped"), knownvalue.ListSizeExact(0)),
				plancheck.ExpectKnownValue(policy, deployedAt(silent.Name, "present"), knownvalue.Bool(true)),
			}},
		},
		resource.TestStep{
			PreConfig: func() {
				if got := shell(t, silent, "cat /etc/sudoers.d/agent"); !strings.Contains(got, "/usr/bin/id -u") {
					t.Errorf("the node that was skipped has %q", got)
				}
				silent.Link().Refuse()
				silent.Link().Reset()
			},
			Config:             with("skip", "/usr/bin/id -u"),
			PlanOnly:           true,
			ExpectNonEmptyPlan: false,
		},
		resource.TestStep{
			// Destroying never skips, so the node has to answer again.
			PreConfig: func() { silent.Link().Heal() },
			Config:    with("fail", "/usr/bin/true"),
		},
	)
}

// TestAccSudoPassword: the whole way as a user whose sudo wants a password, with the password in no log and no process
// list.
func TestAccSudoPassword(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	n := c.Nodes[0]
	shell(t, n, `useradd -m -s /bin/bash ops; echo 'ops:correct horse' | chpasswd; install -d -o ops -m 700 /home/ops/.ssh
		install -o ops -m 600 /root/.ssh/authorized_keys /home/ops/.ssh/authorized_keys; echo 'ops ALL=(root) /bin/sh -s' >/etc/sudoers.d/ops; chmod 440 /etc/sudoers.d/ops`)
	harness.KeepSecret(t, "password", "correct horse")
	with := func(password string) string {
		provider := strings.Replace(configWith(c, connection{user: "ops"}), "connect_timeout =", fmt.Sprintf("sudo_password = %q\n    connect_timeout =", password), 1)
		return provider + `
resource "pvesec_sudoers_policy" "agent" {
  name    = "agent"
  subject = "agent"
  rule { commands = ["/usr/bin/id"] }
}
`
	}
	harness.Run(t,
		resource.TestStep{Config: with("wrong"), ExpectError: harness.Matches("does not accept the sudo_password")},
		resource.TestStep{Config: with("correct horse"), Check: resource.TestCheckResourceAttr("pvesec_sudoers_policy.agent", "deployed.pve1.present", "true")},
	)
	if got := shell(t, n, "journalctl -q --no-pager | grep -c 'correct horse' || true"); got != "0" {
		t.Errorf("the password is in the journal %s times", got)
	}
}

// TestAccJumpHost: every node is reached through a jump host, and an unverified one stops everything.
func TestAccJumpHost(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	n := c.Nodes[0]
	with := func(fingerprint string) string {
		block := fmt.Sprintf("jump_host {\n      address               = %q\n      port                  = %d\n      host_key_fingerprints = [%q]\n    }\n    host_key_fingerprints = { pve1 = %q }\n    connect_timeout =",
			n.Address, n.Port, fingerprint, n.HostKeyFingerprint("ed25519"))
		// A node of the lab reaches itself only.
		provider := strings.Replace(configWith(c, connection{nodes: `node {
  name    = "pve1"
  address = "127.0.0.1"
  port    = 22
}`}), "connect_timeout =", block, 1)
		return provider + `
resource "pvesec_sudoers_policy" "agent" {
  name    = "agent"
  subject = "agent"
  rule { commands = ["/usr/bin/id"] }
}
`
	}
	harness.Run(t,
		resource.TestStep{Config: with("SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), ExpectError: harness.Matches("the host key of jump host")},
		resource.TestStep{Config: with(n.HostKeyFingerprint("ed25519")), Check: resource.TestCheckResourceAttr("pvesec_sudoers_policy.agent", "deployed.pve1.present", "true")},
	)
}

// TestAccTraceKeepsSecrets: the most talkative log of Terraform and the provider holds no password, no key and no
// content of a file.
func TestAccTraceKeepsSecrets(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	n := r.cluster.Nodes[0]
	shell(t, n, `useradd -m -s /bin/bash ops; echo 'ops:correct horse' | chpasswd; install -d -o ops -m 700 /home/ops/.ssh
		install -o ops -m 600 /root/.ssh/authorized_keys /home/ops/.ssh/authorized_keys; echo 'ops ALL=(root) /bin/sh -s' >/etc/sudoers.d/ops; chmod 440 /etc/sudoers.d/ops`)
	r.use(1, 0)
	r.write("full/main.tf", `
resource "pvesec_sudoers_policy" "agent" {
  name    = "agent"
  subject = "agent"
  rule { commands = ["/usr/bin/id 77234-content-77234"] }
}
`, 0o600)
	log := filepath.Join(r.dir, "trace.log")
	r.env = append(r.env, "TF_LOG=TRACE", "TF_LOG_PATH="+log, "PVESEC_SSH_USER=ops", "PVESEC_SUDO_PASSWORD=correct horse")
	r.timed("full", "terraform", "apply", "-auto-approve", "-input=false")
	if got := shell(t, n, "cat /etc/sudoers.d/agent"); !strings.Contains(got, "77234-content-77234") {
		t.Errorf("the node has %q", got)
	}
	trace, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(trace), "terraform-provider-pvesec") {
		t.Error("the log does not know the provider")
	}
	key := strings.Split(strings.TrimSpace(string(r.cluster.SSHKeyPEM)), "\n")
	for name, secret := range map[string]string{"password": "correct horse", "private key": key[len(key)/2], "content of the file": "77234-content-77234"} {
		if strings.Contains(string(trace), secret) {
			t.Errorf("the log holds the %s", name)
		}
	}
}
