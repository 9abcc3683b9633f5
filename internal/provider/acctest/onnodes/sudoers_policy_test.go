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

// deployedAt is a value under deployed of one node.
func deployedAt(node string, steps ...string) tfjsonpath.Path {
	at := tfjsonpath.New("deployed").AtMapKey(node)
	for _, step := range steps {
		at = at.AtMapKey(step)
	}
	return at
}

// changeOf is a value under change.
func changeOf(name string) tfjsonpath.Path { return tfjsonpath.New("change").AtMapKey(name) }

func TestSudoersPolicyLifeCycle(t *testing.T) {
	t.Parallel()
	for _, suite := range lab.Suites() {
		t.Run(string(suite), func(t *testing.T) {
			t.Parallel()
			c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: suite}, {Suite: suite}}})
			pve1, pve2 := c.Nodes[0], c.Nodes[1]
			before := snapshot(t, pve1)
			path := "/etc/sudoers.d/agent"
			first := config(c) + harness.PolicyConfig(`"/usr/bin/id", "/usr/sbin/qm ^start 2[0-9]{3}$"`, "")
			second := config(c) + harness.PolicyConfig(`"/usr/bin/id"`, `defaults = ["use_pty", "!env_editor"]`)
			inForce := func(node *lab.Node, command string) string {
				return shell(t, node, "sudo -n -l -U agent -- "+command+" 2>/dev/null || echo denied")
			}
			harness.Run(t,
				resource.TestStep{ // create; the test framework also checks that a second plan is empty
					Config:           first,
					ConfigPlanChecks: harness.Planned(harness.PolicyAddress, plancheck.ResourceActionCreate),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve1", "mode"), knownvalue.StringExact("0440")),
						statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve2", "owner"), knownvalue.StringExact("root:root")),
						statecheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("logged").AtMapKey("pve2").AtMapKey("events"), knownvalue.Bool(true)),
						statecheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("expires").AtMapKey("latest"), knownvalue.Null()),
						statecheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("grants"), knownvalue.ListExact([]knownvalue.Check{
							knownvalue.StringExact("agent ALL=(root) NOPASSWD: /usr/bin/id"),
							knownvalue.StringExact("agent ALL=(root) NOPASSWD: /usr/sbin/qm ^start 2[0-9]{3}$"),
						})),
					},
					Check: func(*terraform.State) error {
						for _, node := range c.Nodes {
							if got := shell(t, node, "stat -c '%a %U:%G' "+path); got != "440 root:root" {
								return fmt.Errorf("%s: %s is %s", node.Name, path, got)
							}
							if got := inForce(node, "/usr/bin/id"); got != "/usr/bin/id" {
								return fmt.Errorf("%s: sudo answers %q", node.Name, got)
							}
						}
						return nil
					},
				},
				resource.TestStep{ // update in place
					Config: second,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(harness.PolicyAddress, plancheck.ResourceActionUpdate),
						plancheck.ExpectKnownValue(harness.PolicyAddress, changeOf("verdict"), knownvalue.StringExact("narrower")),
						plancheck.ExpectKnownValue(harness.PolicyAddress, changeOf("no_longer_allowed"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("sudo /usr/sbin/qm start 2000")})),
					}},
					Check: func(*terraform.State) error {
						text := shell(t, pve2, "cat "+path)
						if strings.Contains(text, "qm") || !strings.Contains(text, "Defaults:agent use_pty") {
							return fmt.Errorf("pve2 has\n%s", text)
						}
						return nil
					},
				},
				resource.TestStep{ // drift of content, mode and owner
					PreConfig: func() {
						shell(t, pve1, "echo 'agent ALL=(ALL) NOPASSWD: ALL' >>"+path)
						shell(t, pve2, "chmod 0644 "+path+"; chown agent "+path)
					},
					Config: second,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(harness.PolicyAddress, plancheck.ResourceActionUpdate),
						harness.ExpectDrift(harness.PolicyAddress, "+ agent ALL=(ALL) NOPASSWD: ALL", `"mode":"0644"`, `"owner":"agent:root"`, `"root_equivalent":true`, `"beyond":["sudo`),
						// What the node allows today, and will not any more.
						plancheck.ExpectKnownValue(harness.PolicyAddress, changeOf("verdict"), knownvalue.StringExact("narrower")),
						plancheck.ExpectKnownValue(harness.PolicyAddress, changeOf("no_longer_allowed").AtSliceIndex(0), knownvalue.StringExact("sudo -e (on pve1)")),
					}},
					Check: func(*terraform.State) error {
						if got := inForce(pve1, "/usr/bin/passwd"); got != "denied" {
							return fmt.Errorf("the tampered grant is still in force: %q", got)
						}
						if got := shell(t, pve2, "stat -c '%a %U:%G' "+path); got != "440 root:root" {
							return fmt.Errorf("pve2: %s", got)
						}
						return nil
					},
				},
				resource.TestStep{ // a link in its place: sudo would read what it leads to
					PreConfig: func() {
						shell(t, pve1, "mv "+path+" /root/agent; echo 'agent ALL=(ALL) NOPASSWD: ALL' >>/root/agent; ln -s /root/agent "+path)
					},
					Config:           second,
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{harness.ExpectDrift(harness.PolicyAddress, "+ agent ALL=(ALL) NOPASSWD: ALL", `"mode":"0777"`)}},
					Check: func(*terraform.State) error {
						if got := shell(t, pve1, "stat -c '%F %a' "+path); got != "regular file 440" {
							return fmt.Errorf("pve1: %s", got)
						}
						return nil
					},
				},
				resource.TestStep{ // one node lost its file: mended, not re-created
					PreConfig:        func() { shell(t, pve1, "rm "+path) },
					Config:           second,
					ConfigPlanChecks: harness.Planned(harness.PolicyAddress, plancheck.ResourceActionUpdate),
				},
				resource.TestStep{ // all nodes lost it: created again
					PreConfig:        onNodes(t, c, "rm "+path),
					Config:           second,
					ConfigPlanChecks: harness.Planned(harness.PolicyAddress, plancheck.ResourceActionCreate),
				},
				resource.TestStep{ // fewer nodes
					Config:           config(c) + harness.PolicyConfig(`"/usr/bin/id"`, `nodes = ["pve2"]`),
					ConfigPlanChecks: harness.Planned(harness.PolicyAddress, plancheck.ResourceActionUpdate),
					Check: func(*terraform.State) error {
						if got := shell(t, pve1, "ls "+path+" 2>/dev/null || echo gone"); got != "gone" {
							return fmt.Errorf("pve1 still has %s", got)
						}
						return nil
					},
				},
				resource.TestStep{
					ResourceName:                         harness.PolicyAddress,
					ImportState:                          true,
					ImportStateId:                        "agent@pve2",
					ImportStateVerify:                    true,
					ImportStateVerifyIdentifierAttribute: "name",
					ImportStateVerifyIgnore:              []string{"change", "rule", "rule.#"},
				},
			)
			if after := snapshot(t, pve1); after != before {
				t.Errorf("destroy left something behind:\nbefore\n%s\nafter\n%s", before, after)
			}
		})
	}
}

func TestSudoersPolicyForeignGrants(t *testing.T) {
	t.Parallel()
	onEachRelease(t, 2, sudoersPolicyForeignGrants)
}

func sudoersPolicyForeignGrants(t *testing.T, c *lab.Cluster) {
	t.Helper()
	pve2 := c.Nodes[1]
	tolerant := config(c) + harness.PolicyConfig(`"/usr/bin/id"`, "")
	exclusive := config(c) + harness.PolicyConfig(`"/usr/bin/id"`, "exclusive = true")
	emergency := "/etc/sudoers.d/emergency:1: agent ALL=(ALL) NOPASSWD: ALL"
	harness.Run(t,
		resource.TestStep{Config: tolerant},
		resource.TestStep{ // it makes the subject root
			PreConfig:   func() { shell(t, pve2, "echo 'agent ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/emergency") },
			Config:      tolerant,
			ExpectError: harness.Matches("On pve2, /etc/sudoers.d/emergency, line 1"),
		},
		resource.TestStep{ // shown, and left alone
			Config: config(c) + harness.PolicyConfig(`"/usr/bin/id"`, `accepted_risks = { PVESEC-E0001 = "tonight" }`),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve2", "foreign_grants"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact(emergency)})),
				statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve2", "root_equivalent"), knownvalue.Bool(true)),
				statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve1", "foreign_grants"), knownvalue.ListSizeExact(0)),
				statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve1", "beyond"), knownvalue.ListSizeExact(0)),
				statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve1", "root_equivalent"), knownvalue.Bool(false)),
			},
		},
		resource.TestStep{ // removed, the rest of a shared file kept, and what concerns others stays visible
			PreConfig: func() {
				shell(t, pve2, `printf '# shared\ncarol ALL=(root) /usr/bin/uptime\nagent, carol ALL=(root) /usr/bin/w\n%%operators ALL=(root) /usr/bin/uptime\n' >/etc/sudoers.d/shared; usermod -aG operators agent`)
			},
			Config: exclusive,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(harness.PolicyAddress, plancheck.ResourceActionUpdate),
				harness.ExpectDrift(harness.PolicyAddress, emergency, "/etc/sudoers.d/shared:3"),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve2", "foreign_grants"), knownvalue.ListExact([]knownvalue.Check{
					knownvalue.StringRegexp(harness.Matches("/etc/sudoers.d/shared:4: %operators ALL=(root) /usr/bin/uptime")),
				})),
				statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("pve2", "beyond"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("sudo /usr/bin/uptime")})),
			},
			Check: func(*terraform.State) error {
				if got := shell(t, pve2, "cat /etc/sudoers.d/shared"); strings.Contains(got, "agent") || strings.Count(got, "carol") != 2 {
					return fmt.Errorf("shared file is now\n%s", got)
				}
				if got := shell(t, pve2, "ls /etc/sudoers.d/emergency 2>/dev/null || echo gone"); got != "gone" {
					return fmt.Errorf("still there: %s", got)
				}
				if got := shell(t, pve2, "cat $(find /var/backups/pvesec -type f -path '*emergency*')"); !strings.Contains(got, "agent ALL=(ALL) NOPASSWD: ALL") {
					return fmt.Errorf("no backup of the removed file: %q", got)
				}
				return nil
			},
		},
	)
}

func TestSudoersPolicyImportsRawContent(t *testing.T) {
	t.Parallel()
	importsRaw(t, "true", `subject = "agent"`, "User_Alias AGENTS = agent\nAGENTS ALL=(root) NOPASSWD: /usr/bin/id\n")
}

// importsRaw imports a file of a node, which a script has prepared, and wants the plan with its text to be empty.
func importsRaw(t *testing.T, prepare, subject, content string) {
	t.Helper()
	c := cluster(t, 1)
	raw := config(c) + fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  %s\n  content = %q\n}\n", subject, content)
	harness.Run(t,
		resource.TestStep{
			PreConfig:          onNodes(t, c, fmt.Sprintf("%s; printf '%s' >/etc/sudoers.d/agent; chmod 0440 /etc/sudoers.d/agent", prepare, strings.ReplaceAll(content, "\n", `\n`))),
			Config:             raw,
			ResourceName:       harness.PolicyAddress,
			ImportState:        true,
			ImportStateId:      "agent",
			ImportStatePersist: true,
		},
		resource.TestStep{Config: raw, ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}},
	)
}

// A text that means the same to sudo, line for line, is no change, on either side; the next real change still knows
// what the node holds.
func TestSudoersPolicyFormIsNoChange(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	empty := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
	raw := func(content string) string {
		return config(c) + fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  subject = \"agent\"\n  content = %q\n}\n", content)
	}
	harness.Run(t,
		resource.TestStep{Config: raw("agent ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/w\n")},
		resource.TestStep{Config: raw("\nagent  ALL = (root) NOPASSWD:/usr/bin/id,\\\n    /usr/bin/w\n"), ConfigPlanChecks: empty},
		resource.TestStep{
			PreConfig:        onNodes(t, c, `printf 'agent ALL = (root) NOPASSWD: \\\n  /usr/bin/id, /usr/bin/w\n' >/etc/sudoers.d/agent`),
			Config:           raw("agent ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/w\n"),
			ConfigPlanChecks: empty,
		},
		resource.TestStep{Config: raw("agent ALL=(root) NOPASSWD: /usr/bin/id\n"), ConfigPlanChecks: harness.Planned(harness.PolicyAddress, plancheck.ResourceActionUpdate)},
	)
}

// The nodes of the provider block are taken as they are written, and PVE is not asked for anything.
func TestSudoersPolicyOnConfiguredNodes(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	block := fmt.Sprintf(`provider "pvesec" {
  ssh {
    private_key = %q
    known_hosts = %q
  }
  node {
    name    = "left"
    address = %q
    port    = %d
  }
  node {
    name    = "right"
    address = %q
    port    = %d
  }
}
`, c.SSHKeyPEM, c.KnownHosts(), c.Nodes[0].Address, lab.SSHPort, c.Nodes[1].Address, lab.SSHPort)
	c.API.ResetRequests()
	harness.Run(t,
		resource.TestStep{Config: block + harness.PolicyConfig(`"/usr/bin/id"`, `nodes = ["middle"]`), ExpectError: harness.Matches(`there is no node "middle"; the provider names: left, right`)},
		resource.TestStep{
			Config: block + harness.PolicyConfig(`"/usr/bin/id"`, ""),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("left", "present"), knownvalue.Bool(true)),
				statecheck.ExpectKnownValue(harness.PolicyAddress, deployedAt("right", "present"), knownvalue.Bool(true)),
			},
		},
	)
	if asked := c.API.Requests(); len(asked) > 0 {
		t.Errorf("PVE was asked: %v", asked)
	}
}

// TestSudoersPolicyOnNewAccess: a policy that is there already cannot be widened where that is refused, and can be
// narrowed.
func TestSudoersPolicyOnNewAccess(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{}}})
	with := func(commands string) string {
		return config(c) + harness.PolicyConfig(commands, `on_new_access = "deny"`)
	}
	harness.Run(t,
		resource.TestStep{Config: with(`"/usr/bin/id -u", "/usr/bin/w"`)},
		resource.TestStep{Config: with(`"/usr/bin/id -u", "/usr/bin/id -g", "/usr/bin/w"`), ExpectError: harness.Matches("sudo /usr/bin/id -g")},
		resource.TestStep{Config: with(`"/usr/bin/id -u"`), ConfigStateChecks: []statecheck.StateCheck{
			statecheck.ExpectKnownValue(harness.PolicyAddress, changeOf("verdict"), knownvalue.StringExact("narrower")),
		}},
	)
}

// TestNewAccessWithoutAState: Terraform plans a tainted policy as if it were new, and a policy whose text comes from
// something that is not made yet as unknown. Both are judged by what the nodes hold, in the plan; so is a policy whose
// file is gone from every node.
func TestNewAccessWithoutAState(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	w := harness.NewWorkspace(t).Quietly().Within()
	write := func(commands, more string) {
		w.Write("main.tf", requirePvesec+config(c)+harness.PolicyConfig(commands, `on_new_access = "deny"`)+more)
	}
	refused := func(what, command, want string) {
		t.Helper()
		said := w.Refused(strings.Fields(command)...)
		if !strings.Contains(said, want) || strings.Contains(said, "inconsistent") {
			t.Errorf("%s: terraform %s does not say %q:\n%s", what, command, want, said)
		}
	}
	const narrow, wide = `"/usr/bin/id -u"`, `"/usr/bin/id -u", "/usr/bin/w"`
	write(narrow, "")
	w.Terraform("apply", "-auto-approve", "-no-color")
	w.Terraform("taint", harness.PolicyAddress)
	write(wide, "")
	refused("tainted", "plan", `The change allows "agent" more`)
	refused("tainted", "plan -refresh=false", `The change allows "agent" more`)
	write(narrow, "")
	w.Terraform("apply", "-auto-approve", "-no-color") // replaced as it was

	write(`"/usr/bin/id ${terraform_data.later.output}"`, "resource \"terraform_data\" \"later\" {\n  input = \"-u\"\n}\n")
	refused("unknown", "plan", "which is not known before the apply")

	write(narrow, "")
	shell(t, c.Nodes[0], "rm /etc/sudoers.d/agent")
	refused("gone", "apply -auto-approve", `sudo /usr/bin/id -u`)
	write(wide, "")
	refused("gone and wider", "plan", `sudo /usr/bin/w`)
	w.Terraform("destroy", "-auto-approve", "-no-color", "-refresh=false")
	write(wide, "")
	w.Terraform("apply", "-auto-approve", "-no-color") // a new policy
	shell(t, c.Nodes[0], "rm /etc/sudoers.d/agent")
	w.Terraform("destroy", "-auto-approve", "-no-color")
}

// TestAliasDefinedElsewhere: an alias of another file is named in the policy, and every node that was read must define
// it.
func TestAliasDefinedElsewhere(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	w := harness.NewWorkspace(t).Quietly().Within()
	write := func(more string) {
		w.Write("main.tf", requirePvesec+config(c)+harness.PolicyConfig(`"BACKUPS"`, "accepted_risks = { PVESEC-E0010 = \"the other file is ours\" }\n  "+more))
	}
	refused := func(want string) {
		t.Helper()
		if said := w.Refused("plan"); !strings.Contains(said, want) {
			t.Errorf("the plan does not say %q:\n%s", want, said)
		}
	}
	defined := func(node *lab.Node, kind string) {
		shell(t, node, "echo '"+kind+" BACKUPS = /usr/bin/uptime' >/etc/sudoers.d/aliases; chmod 0440 /etc/sudoers.d/aliases")
	}
	defined(c.Nodes[0], "Cmnd_Alias")
	write("")
	refused("rule[0].commands[0]: Cmnd_Alias BACKUPS is not defined")
	write(`defined_elsewhere = ["BACKUPS"]`)
	refused("rule[0].commands[0]: Cmnd_Alias BACKUPS is not defined on pve2")
	shell(t, c.Nodes[1], "echo 'User_Alias BACKUPS = carol' >/etc/sudoers.d/aliases; chmod 0440 /etc/sudoers.d/aliases")
	refused("rule[0].commands[0]: Cmnd_Alias BACKUPS is not defined on pve2")
	defined(c.Nodes[1], "Cmnd_Alias")
	w.Terraform("apply", "-auto-approve", "-no-color")
	for _, node := range c.Nodes {
		if said := shell(t, node, "runuser -u agent -- sudo -n /usr/bin/uptime"); !strings.Contains(said, "load average") {
			t.Errorf("sudo says %q", said)
		}
	}
}
