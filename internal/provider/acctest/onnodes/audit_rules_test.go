package onnodes

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab/kerneltest"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// rulesConfig is audit logging of agent with audit rules.
func rulesConfig(rules string) string {
	return fmt.Sprintf("resource \"pvesec_audit_logging\" \"ops\" {\n  name     = \"ops\"\n  subjects = [\"agent\"]\n  probe    = false\n  audit_rules {\n%s\n  }\n}\n", rules)
}

// likePVE gives a node what mounts /etc/pve: a file system that comes after auditd, and goes with its service.
const likePVE = `mkdir -p /etc/pve /etc/modprobe.d
cat >/etc/systemd/system/pve-cluster.service <<'END'
[Unit]
Description=Stands for the cluster file system
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mount -t tmpfs pmxcfs /etc/pve
ExecStop=/bin/umount /etc/pve
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now pve-cluster.service
echo 'agent ALL=(root) NOPASSWD: /usr/bin/id' >/etc/sudoers.d/test; chmod 0440 /etc/sudoers.d/test`

// TestAuditRules: what is done on a node with a kernel of its own is found by ausearch, whatever was mounted, and
// across reboots with rules that are locked.
func TestAuditRules(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			kerneltest.Run(t, func(t *testing.T) {
				t.Helper()
				auditRules(t, suite)
			})
		})
	}
}

func auditRules(t *testing.T, suite lab.Suite) {
	t.Helper()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite, Kernel: true}}})
	pve1 := c.Nodes[0]
	shell(t, pve1, likePVE)
	before := snapshot(t, pve1)
	// The security log is TestSecurityLog's: on an emulated node in the middle of many tests its collector is late, and
	// the plan says so.
	rulesConfig := func(rules string) string {
		return strings.Replace(rulesConfig(rules), "  audit_rules {", "  security_log { enabled = false }\n  audit_rules {", 1)
	}
	first := config(c) + rulesConfig("")
	// /etc/pve is mounted after the lock.
	areas := "    areas = [\"" + strings.Join(slices.DeleteFunc(hardening.AuditAreas(), func(area string) bool { return area == "pve" }), "\", \"") + "\"]\n"
	locked := config(c) + rulesConfig(areas+"    immutable = true")
	more := config(c) + rulesConfig(areas+"    immutable = true\n    paths = [\"/srv\"]")
	inForce := func(want string) []statecheck.StateCheck {
		return []statecheck.StateCheck{statecheck.ExpectKnownValue(auditAddress, deployedAt("pve1", "audit_rules"), knownvalue.StringExact(want))}
	}
	reboot := func() {
		shell(t, pve1, "sync")
		pve1.Kill()
		if err := pve1.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	harness.Run(t,
		resource.TestStep{
			Config:            first,
			ConfigPlanChecks:  harness.Planned(auditAddress, plancheck.ResourceActionCreate),
			ConfigStateChecks: inForce(hardening.AuditInForce),
			Check:             func(*terraform.State) error { return recordsAreFound(t, pve1, "mounted") },
		},
		resource.TestStep{ // drift: a rule taken out of the file, and all out of the kernel
			PreConfig:         func() { shell(t, pve1, "sed -i /sudoers/d /etc/audit/rules.d/pvesec-audit-ops.rules; auditctl -D") },
			Config:            first,
			ConfigPlanChecks:  drifted(`- -w /etc/sudoers -p wa -k pvesec-sudoers`, `"audit_rules":"0 of 37 rules"`, "the audit rules of /etc/audit/rules.d/pvesec-audit-ops.rules are not in force: 0 of 37 rules"),
			ConfigStateChecks: inForce(hardening.AuditInForce),
		},
		resource.TestStep{ // the lock comes with the next boot
			Config:            locked,
			ConfigStateChecks: inForce(hardening.AuditInForce),
		},
		resource.TestStep{
			PreConfig:         reboot,
			Config:            locked,
			ConfigStateChecks: inForce(hardening.AuditLocked),
			ConfigPlanChecks:  resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:             func(*terraform.State) error { return recordsAreFound(t, pve1, "") },
		},
		resource.TestStep{ // a locked kernel follows with the next boot, and the plan says so
			Config: more,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(auditAddress, deployedAt("pve1", "audit_rules"), knownvalue.StringExact(hardening.AuditAfterBoot)),
			}},
			ConfigStateChecks: inForce(hardening.AuditAfterBoot),
		},
		resource.TestStep{
			ResourceName:                         auditAddress,
			ImportState:                          true,
			ImportStateId:                        "ops",
			ImportStateVerify:                    true,
			ImportStateVerifyIdentifierAttribute: "name",
			ImportStateVerifyIgnore:              []string{"probe"},
		},
	)
	if after := snapshot(t, pve1); after != before {
		t.Errorf("destroy left something behind:\nbefore\n%s\nafter\n%s", before, after)
	}
	reboot()
	if got := shell(t, pve1, "auditctl -l; systemctl is-active auditd.service pve-cluster.service"); got != "No rules\nactive\nactive" {
		t.Errorf("after destroy and a reboot: %s", got)
	}
}

func drifted(wanted ...string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(auditAddress, plancheck.ResourceActionUpdate), harness.ExpectDrift(auditAddress, wanted...)}}
}

// recordsAreFound does as agent, who logged in, what each area is about, and looks for the record of it; with mounted,
// also for the one of a change in /etc/pve.
func recordsAreFound(t *testing.T, node *lab.Node, mounted string) error {
	t.Helper()
	got := shell(t, node, `systemctl restart pve-cluster.service
		login() { sh -c 'echo "$(id -u agent)" >/proc/self/loginuid; exec "$@"' login "$@"; }
		mark=$(date +%s%N)
		login runuser -u agent -- sudo -n /usr/bin/id -u >/dev/null
		login touch "/etc/sudoers.d/.$mark" "/etc/pam.d/$mark" "/etc/ssh/$mark" "/etc/modprobe.d/$mark" "/etc/audit/$mark" "/var/log/$mark"
		login touch /etc/subuid
		rm -f /etc/sudoers.d/.$mark /etc/pam.d/$mark /etc/ssh/$mark /etc/modprobe.d/$mark /etc/audit/$mark /var/log/$mark
		found() { ausearch --input-logs -k "pvesec-$1" --loginuid agent -i 2>/dev/null </dev/null | grep -q -F -e "$2"; }
		seen() { for try in 1 2 3 4 5 6 7 8 9 10; do found "$@" && return 0; sleep 0.5; done; echo "no record of $1"; }
		seen root_commands 'a0=/usr/bin/id a1=-u'
		seen root_commands 'euid=root'
		mounted() { for try in 1 2 3 4 5 6 7 8 9 10 11 12; do login touch "/etc/pve/$mark.$try"; found pve "name=/etc/pve/$mark.$try" && return 0; sleep 0.5; done; echo 'no record of pve'; }
		`+mounted+`
		seen sudoers "name=/etc/sudoers.d/.$mark"
		seen pam "name=/etc/pam.d/$mark"
		seen ssh "name=/etc/ssh/$mark"
		seen modules "name=/etc/modprobe.d/$mark"
		seen audit "name=/etc/audit/$mark"
		seen logs "name=/var/log/$mark"
		seen accounts name=/etc/subuid
		printf 'agent ALL=(root) NOPASSWD: sudoedit /var/log/pvesec-edited\n' >/etc/sudoers.d/edit; chmod 0440 /etc/sudoers.d/edit
		printf '#!/bin/sh\necho changed >"$1"\n' >/usr/local/bin/pvesec-edit; chmod 0755 /usr/local/bin/pvesec-edit
		echo first >/var/log/pvesec-edited
		login runuser -u agent -- env SUDO_EDITOR=/usr/local/bin/pvesec-edit sudoedit -n /var/log/pvesec-edited >/dev/null
		[ "$(cat /var/log/pvesec-edited)" = changed ] || echo 'sudoedit changed nothing'
		rm -f /etc/sudoers.d/edit /usr/local/bin/pvesec-edit /var/log/pvesec-edited
		seen logs name=pvesec-edited`)
	if got != "" {
		return fmt.Errorf("%s: %s\n%s", node.Name, got, shell(t, node, "auditctl -s; auditctl -l; systemctl status --no-pager auditd 'pvesec-audit-*' | tail -40"))
	}
	return nil
}

// TestAuditRulesWithoutKernel: a container has no auditing of its own, and the plan says so.
func TestAuditRulesWithoutKernel(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{}}})
	harness.Run(t,
		resource.TestStep{Config: config(c) + rulesConfig(""), PlanOnly: true, ExpectError: regexp.MustCompile(`Unable to record with the kernel of pve1`)},
		resource.TestStep{
			PreConfig:   func() { shell(t, c.Nodes[0], "mv /usr/sbin/auditctl /usr/sbin/auditctl.away") },
			Config:      config(c) + rulesConfig(""),
			ExpectError: regexp.MustCompile(`auditd`),
		},
	)
	if got := shell(t, c.Nodes[0], "ls /etc/sudoers.d /etc/audit/rules.d"); strings.Contains(got, "pvesec") {
		t.Errorf("a refused change left\n%s", got)
	}
}
