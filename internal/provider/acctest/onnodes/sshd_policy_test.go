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

const sshdAddress = "pvesec_sshd_policy.ways"

func sshdConfig(more string) string {
	return "resource \"pvesec_sshd_policy\" \"ways\" {\n  name = \"ways\"\n" + more + "\n}\n"
}

// sshdOf is everything of a node that sshd reads, and what pvesec keeps.
func sshdOf(t *testing.T, node *lab.Node) string {
	t.Helper()
	return shell(t, node, "find /etc/ssh /etc/pvesec /run/pvesec-* -type f -exec sha256sum {} + 2>/dev/null | sort -k2; ls /etc/systemd/system; sshd -T")
}

// inOtherNode has a node believe that it is in a cluster with another one.
const inOtherNode = `mkdir -p /etc/corosync /etc/pve; printf '{}' >/etc/pve/.members; printf 'nodelist {\n  node {\n    name: pve7\n    ring0_addr: 10.77.0.7\n  }\n}\n' >/etc/corosync/corosync.conf`

// TestSshdPolicyLifeCycle makes, changes, mends, refuses, imports and removes a policy on both releases at once.
func TestSshdPolicyLifeCycle(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	pve1, pve2 := c.Nodes[0], c.Nodes[1]
	for _, n := range c.Nodes {
		shell(t, n, inOtherNode+"; passwd -q -d carol; printf 'carol:carol-of-the-night\n' | chpasswd")
	}
	before := []string{sshdOf(t, pve1), sshdOf(t, pve2)}
	first := config(c) + sshdConfig(`  permit_root_login              = "prohibit-password"
  password_authentication        = false
  kbd_interactive_authentication = false
  max_auth_tries                 = 3
  login_grace_time               = 30
  crypto_profile                 = "strict"
  x11_forwarding                 = false
  match {
    users                = ["agent"]
    groups               = ["agent"]
    addresses            = ["192.0.2.0/24", "!192.0.2.9"]
    force_command        = "/usr/bin/id \"-u\""
    permit_tty           = false
    disable_forwarding   = true
    permit_tunnel        = "no"
    allow_tcp_forwarding = "no"
  }
  login {
    name    = "the agent"
    user    = "agent"
    address = "192.0.2.7"
    host    = "ci.example.org"
  }
  login {
    name    = "carol at home"
    user    = "carol"
    address = "198.51.100.7"
  }`)
	locked := `  permit_root_login       = "prohibit-password"
  allow_users             = ["agent@192.0.2.*", "root"]
  allow_groups            = ["root", "agent"]
  allow_agent_forwarding  = false
  password_authentication = true
  ciphers                 = ["aes256-gcm@openssh.com", "aes256-ctr"]
  macs                    = ["hmac-sha2-512-etm@openssh.com"]
  kex_algorithms          = ["curve25519-sha256"]
  host_key_algorithms     = ["ssh-ed25519", "rsa-sha2-512", "ecdsa-sha2-nistp256"]`
	second := config(c) + sshdConfig(locked)
	refused := func(first func(), more, why string) resource.TestStep {
		return resource.TestStep{PreConfig: first, Config: config(c) + sshdConfig(more), PlanOnly: true, ExpectError: harness.Matches(why)}
	}
	held := ""
	harness.Run(t,
		resource.TestStep{
			Config:           first,
			ConfigPlanChecks: harness.Planned(sshdAddress, plancheck.ResourceActionCreate),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(sshdAddress, deployedAt("pve1", "effective", "carol at home", "passwordauthentication"), knownvalue.StringExact("no")),
				statecheck.ExpectKnownValue(sshdAddress, deployedAt("pve1", "effective_without", "carol at home", "passwordauthentication"), knownvalue.StringExact("yes")),
				statecheck.ExpectKnownValue(sshdAddress, deployedAt("pve2", "effective", "the agent", "forcecommand"), knownvalue.StringExact(`/usr/bin/id "-u"`)),
				statecheck.ExpectKnownValue(sshdAddress, deployedAt("pve2", "effective", "the agent", "permittty"), knownvalue.StringExact("no")),
				statecheck.ExpectKnownValue(sshdAddress, deployedAt("pve2", "effective", "cluster", "permitrootlogin"), knownvalue.StringExact("prohibit-password")),
				statecheck.ExpectKnownValue(sshdAddress, deployedAt("pve1", "overruled"), knownvalue.ListSizeExact(0)),
			},
			Check: func(*terraform.State) error {
				held = shell(t, pve1, "cat /etc/ssh/sshd_config.d/00-pvesec-ways.conf")
				for _, n := range c.Nodes {
					got := shell(t, n, "sshd -T -C user=carol,host=x,addr=198.51.100.7 | grep -E '^(passwordauthentication|maxauthtries|logingracetime|ciphers)'; sshd -T -C user=root,host=x,addr=10.77.0.7 | grep -E '^(permitrootlogin|permittty|forcecommand)'")
					for _, want := range []string{"passwordauthentication no", "maxauthtries 3", "logingracetime 30", "ciphers chacha20-poly1305@openssh.com,aes256-gcm@openssh.com", "permitrootlogin without-password", "permittty yes", "forcecommand none"} {
						if !strings.Contains(got, want) {
							return fmt.Errorf("%s: no %q in\n%s", n.Name, want, got)
						}
					}
				}
				if kex := shell(t, pve2, "sshd -T | grep ^kex"); !strings.Contains(kex, "mlkem768x25519-sha256") || strings.Contains(kex, "nistp") {
					return fmt.Errorf("pve2 has %s", kex)
				}
				return nil
			},
		},
		resource.TestStep{ // drift: a file that sshd reads before ours, a Match block for a user, and our own file edited
			PreConfig: func() {
				shell(t, pve1, `printf '# of the night shift\nMaxAuthTries 20\n' >/etc/ssh/sshd_config.d/00-a.conf; printf 'Match User carol\n  PasswordAuthentication yes\n' >/etc/ssh/sshd_config.d/60-carol.conf`)
				shell(t, pve2, `sed -i 's/^PasswordAuthentication no/PasswordAuthentication yes/' /etc/ssh/sshd_config.d/00-pvesec-ways.conf; chmod 644 /etc/ssh/sshd_config.d/00-pvesec-ways.conf`)
			},
			Config: first,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(sshdAddress, plancheck.ResourceActionUpdate),
				harness.ExpectDrift(sshdAddress, `"/etc/ssh/sshd_config.d/00-a.conf:2: maxauthtries 20"`, `"maxauthtries":"20"`, `/etc/ssh/sshd_config.d/60-carol.conf:2: passwordauthentication yes`,
					`"+ PasswordAuthentication yes"`, `"- PasswordAuthentication no"`, `"passwordauthentication":"yes"`, `"0644 root:root`),
			}},
			ExpectNonEmptyPlan: true, // nobody removed the other files
			Check: func(*terraform.State) error {
				if got := shell(t, pve2, "cat /etc/ssh/sshd_config.d/00-pvesec-ways.conf; stat -c %a /etc/ssh/sshd_config.d/00-pvesec-ways.conf"); !strings.Contains(got, "PasswordAuthentication no\n") || !strings.HasSuffix(got, "\n600") {
					return fmt.Errorf("pve2 has\n%s", got)
				}
				return nil
			},
		},
		refused(func() { shell(t, pve1, "rm /etc/ssh/sshd_config.d/00-a.conf /etc/ssh/sshd_config.d/60-carol.conf") }, `allow_users = ["agent"]`, "00-pvesec-ways.conf:3: AllowUsers agent"),
		refused(nil, `permit_root_login = "no"
  cluster_networks = ["192.0.2.0/24"]
  match {
    addresses         = ["0.0.0.0/0", "!10.77.0.0/16"]
    permit_root_login = "yes"
  }`, "it locks out the other nodes of the cluster (root from 10.77.0.7)"),
		refused(nil, `password_authentication = false
  administrators = ["carol"]`, "it locks out every one of the administrators carol"),
		resource.TestStep{
			PreConfig: func() {
				if now := shell(t, pve1, "cat /etc/ssh/sshd_config.d/00-pvesec-ways.conf"); now != held {
					t.Errorf("a refused policy changed the node:\n%s", now)
				}
			},
			Config:           second,
			ConfigPlanChecks: harness.Planned(sshdAddress, plancheck.ResourceActionUpdate),
			Check: func(*terraform.State) error {
				for _, n := range c.Nodes {
					got := shell(t, n, "sshd -T -C user=agent,host=x,addr=192.0.2.7 | grep -E '^(allow|ciphers|kex)'; sshd -T -C user=root,host=x,addr=10.77.0.7 | grep -E '^allow(users|groups)'")
					for _, want := range []string{"allowusers agent@192.0.2.*\nallowusers root", "allowgroups agent\nallowgroups root", "ciphers aes256-gcm@openssh.com,aes256-ctr", "kexalgorithms curve25519-sha256", "allowagentforwarding no"} {
						if !strings.Contains(got, want) {
							return fmt.Errorf("%s: no %q in\n%s", n.Name, want, got)
						}
					}
				}
				return nil
			},
		},
		resource.TestStep{
			ResourceName:                         sshdAddress,
			Config:                               second,
			ImportState:                          true,
			ImportStateId:                        "ways",
			ImportStateVerify:                    true,
			ImportStateVerifyIdentifierAttribute: "name",
		},
	)
	for i, n := range c.Nodes {
		if after := sshdOf(t, n); after != before[i] {
			t.Errorf("%s: destroy left something behind:\nbefore\n%s\nafter\n%s", n.Name, before[i], after)
		}
	}
}

// TestSshdPolicyRenamed gives the example another name: the old file goes and the new one comes in one apply, and the
// plan holds although each of them changes what sshd makes of logins, and the old one would lock out the administrator
// of the new one. Another policy is made in the same apply, and stays as it is.
func TestSshdPolicyRenamed(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	whole := example(t, harness.Examples+"/resources/pvesec_sshd_policy/resource.tf") + `
resource "pvesec_sshd_policy" "beside" {
  name                   = "beside"
  allow_agent_forwarding = false
}
`
	shell(t, c.Nodes[0], `printf 'carol:carol-of-the-night\n' | chpasswd`)
	only := func(who, passwords, first string) string {
		return regexp.MustCompile(`(?m)^  (administrators|password_authentication|permit_root_login) .*$`).ReplaceAllStringFunc(whole, func(line string) string {
			switch {
			case strings.HasPrefix(line, "  administrators"):
				return `  administrators = ["` + who + `"]`
			case strings.HasPrefix(line, "  password"):
				return "  password_authentication = " + passwords
			}
			return first + line
		})
	}
	text, renamed := only("root", "false", "  allow_users = [\"root\"]\n"), only("carol", "true", "  name = \"renamed\"\n")
	harness.Run(t,
		resource.TestStep{Config: config(c) + text, ConfigPlanChecks: harness.Planned(sshdAddress, plancheck.ResourceActionCreate)},
		resource.TestStep{
			Config:           config(c) + renamed,
			ConfigPlanChecks: harness.Planned(sshdAddress, plancheck.ResourceActionDestroyBeforeCreate),
			Check: func(*terraform.State) error {
				if got := shell(t, c.Nodes[0], "ls /etc/ssh/sshd_config.d | grep pvesec"); got != "00-pvesec-beside.conf\n00-pvesec-renamed.conf" {
					return fmt.Errorf("the node has %s", got)
				}
				return nil
			},
		},
	)
}
