package onnodes

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestSudoersPolicyAboutSeveral: a text without a subject is about everyone whom its rules name, and is judged,
// installed, read and cut for each of them.
func TestSudoersPolicyAboutSeveral(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite}}})
			pve1 := c.Nodes[0]
			shell(t, pve1, "useradd -m bob; getent group operators || groupadd operators; usermod -aG operators bob; id carol >/dev/null 2>&1 || useradd -m carol; usermod -aG operators carol")
			const text = "User_Alias TEAM = bob, %operators\nTEAM ALL=(root) NOPASSWD: /usr/bin/id\nagent ALL=(root) NOPASSWD: /usr/bin/uptime\n"
			policy := func(content, more string) string {
				return config(c) + fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"team\"\n  content = %q\n  never = []\n  always = []\n  %s\n}\n", content, more)
			}
			allowed := func(user, command string) error {
				if got := shell(t, pve1, "sudo -n -l -U "+user+" -- "+command+" 2>/dev/null || echo denied"); got != command {
					return fmt.Errorf("%s for %s: sudo answers %q", command, user, got)
				}
				return nil
			}
			grants := func(lines ...string) statecheck.StateCheck {
				checks := make([]knownvalue.Check, len(lines))
				for i, line := range lines {
					checks[i] = knownvalue.StringExact(line)
				}
				return statecheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("grants"), knownvalue.ListExact(checks))
			}
			harness.Run(t,
				resource.TestStep{Config: policy("agent ALL=(root) /usr/bin/id\nALL ALL=(root) /usr/bin/id\n", ""), ExpectError: harness.Matches("ALL is everyone")},
				resource.TestStep{ // one of them would be root
					Config:      policy(text+"bob ALL=(root) /usr/bin/less /var/log/syslog\n", ""),
					ExpectError: harness.Matches(`The policy makes "%operators", "agent", "bob" root-equivalent`),
				},
				resource.TestStep{ // create; a second plan is empty
					Config: policy(text, ""),
					ConfigStateChecks: []statecheck.StateCheck{
						grants("%operators ALL=(root) NOPASSWD: /usr/bin/id", "agent ALL=(root) NOPASSWD: /usr/bin/uptime", "bob ALL=(root) NOPASSWD: /usr/bin/id"),
						statecheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("subject"), knownvalue.Null()),
						statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve1", "beyond"), knownvalue.ListSizeExact(0)),
					},
					Check: func(*terraform.State) error {
						for _, user := range []string{"bob", "carol"} {
							if err := allowed(user, "/usr/bin/id"); err != nil {
								return err
							}
						}
						return allowed("agent", "/usr/bin/uptime")
					},
				},
				resource.TestStep{ // drift of the file is shown and undone
					PreConfig:        func() { shell(t, pve1, "sed -i s,/usr/bin/uptime,/usr/bin/w, /etc/sudoers.d/team") },
					Config:           policy(text, ""),
					ConfigPlanChecks: harness.Planned(harness.PolicyAddress, plancheck.ResourceActionUpdate),
					Check:            func(*terraform.State) error { return allowed("agent", "/usr/bin/uptime") },
				},
				resource.TestStep{ // another file makes one of them root
					PreConfig:   func() { shell(t, pve1, "echo 'bob ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/emergency") },
					Config:      policy(text+"agent ALL=(root) /usr/bin/w\n", ""),
					ExpectError: harness.Matches("On pve1, /etc/sudoers.d/emergency, line 1"),
				},
				resource.TestStep{ // and is cut, of each of them
					PreConfig: func() { shell(t, pve1, "echo 'agent, dave ALL=(root) /usr/bin/w' >/etc/sudoers.d/shared") },
					Config:    policy(text, "exclusive = true"),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve1", "foreign_grants"), knownvalue.ListSizeExact(0)),
						statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve1", "root_equivalent"), knownvalue.Bool(false)),
					},
					Check: func(*terraform.State) error {
						if got := shell(t, pve1, "cat /etc/sudoers.d/shared /etc/sudoers.d/emergency 2>/dev/null || true"); strings.Contains(got, "agent") || strings.Contains(got, "bob") || !strings.Contains(got, "dave") {
							return fmt.Errorf("the other files hold %q", got)
						}
						return nil
					},
				},
				resource.TestStep{ // who is named no more loses what he had, and the plan says so
					Config: policy("%operators ALL=(root) NOPASSWD: /usr/bin/id\nbob ALL=(root) NOPASSWD: /usr/bin/id\n", "exclusive = true"),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectKnownValue(harness.PolicyAddress, changeOf("verdict"), knownvalue.StringExact("narrower")),
						plancheck.ExpectKnownValue(harness.PolicyAddress, changeOf("no_longer_allowed"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("sudo /usr/bin/uptime (for agent)")})),
					}},
					ConfigStateChecks: []statecheck.StateCheck{grants("%operators ALL=(root) NOPASSWD: /usr/bin/id", "bob ALL=(root) NOPASSWD: /usr/bin/id")},
				},
			)
		})
	}
}

// TestSudoersPolicyImportsSeveral: a file about several is imported without a subject, and a plan with its text is
// empty.
func TestSudoersPolicyImportsSeveral(t *testing.T) {
	t.Parallel()
	importsRaw(t, "useradd bob", "", "agent, bob ALL=(root) NOPASSWD: /usr/bin/id\n")
}
