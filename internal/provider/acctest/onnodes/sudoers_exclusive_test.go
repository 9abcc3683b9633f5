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

const exclusiveAddress = "pvesec_sudoers_exclusive.nodes"

func exclusiveConfig(more string) string {
	return "resource \"pvesec_sudoers_exclusive\" \"nodes\" {\n" + more + "\n}\n"
}

// lines are texts in their order.
func lines(texts ...string) knownvalue.Check {
	checks := make([]knownvalue.Check, len(texts))
	for i, text := range texts {
		checks[i] = knownvalue.StringExact(text)
	}
	return knownvalue.ListExact(checks)
}

// removes checks what a plan says that it removes.
func removes(action plancheck.ResourceActionType, nodes map[string]knownvalue.Check) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(exclusiveAddress, action),
		plancheck.ExpectKnownValue(exclusiveAddress, tfjsonpath.New("removed"), knownvalue.MapExact(nodes)),
	}}
}

// TestSudoersExclusiveLifeCycle runs on both releases at once: what does not belong there goes as the plan showed it,
// and nothing else.
func TestSudoersExclusiveLifeCycle(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	pve1, pve2 := c.Nodes[0], c.Nodes[1]
	tree := func(node *lab.Node) string {
		return shell(t, node, "find /etc/sudoers /etc/sudoers.d -type f -exec sha256sum {} + | sort -k2; visudo -c >/dev/null")
	}
	for _, node := range c.Nodes {
		shell(t, node, "useradd -m mallory")
	}
	stock := []string{tree(pve1), tree(pve2)}
	as := func(want []string) resource.TestCheckFunc {
		return func(*terraform.State) error {
			for i, node := range c.Nodes {
				if got := tree(node); got != want[i] {
					return fmt.Errorf("%s has\n%s\nwant\n%s", node.Name, got, want[i])
				}
			}
			return nil
		}
	}
	plain, policy := config(c)+exclusiveConfig(""), harness.PolicyConfig(`"/usr/bin/id"`, "")
	const (
		foreign = "/etc/sudoers.d/emergency:1: mallory ALL=(ALL) NOPASSWD: ALL"
		option  = "/etc/sudoers.d/emergency:2: Defaults !authenticate"
		write   = "umask 337; printf 'mallory ALL=(ALL) NOPASSWD: ALL # tonight\\nDefaults !authenticate\\n' >/etc/sudoers.d/emergency"
	)
	last := shell(t, pve1, "wc -l </etc/sudoers")
	main := fmt.Sprintf("/etc/sudoers:%s: %%wheel ALL=(ALL) ALL", next(t, last))
	site := "/etc/site:1: bob ALL=(ALL) ALL (out of force: included by /etc/sudoers:" + next(t, next(t, last)) + ")"
	include := "/etc/sudoers:" + next(t, next(t, last)) + ": @include /etc/site"
	harness.Run(t,
		resource.TestStep{ // create: of the main file, of the directory, and of what is included
			PreConfig: onNodes(t, c, write+"; printf '%%wheel ALL=(ALL) ALL\\n@include /etc/site\\n' >>/etc/sudoers; echo 'bob ALL=(ALL) ALL' >/etc/site"),
			Config:    plain,
			ConfigPlanChecks: removes(plancheck.ResourceActionCreate, map[string]knownvalue.Check{
				"pve1": lines(site, main, include, foreign, option), "pve2": lines(site, main, include, foreign, option),
			}),
			Check: as(stock),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(exclusiveAddress, deployedAt("pve1", "changes"), lines()),
				statecheck.ExpectKnownValue(exclusiveAddress, deployedAt("pve1", "held"), lines()),
				statecheck.ExpectKnownValue(exclusiveAddress, deployedAt("pve2", "kept"), lines("/etc/sudoers.d/README (shipped by the package sudo)")),
			},
		},
		resource.TestStep{ // policies of pvesec stay; what the apply removed is kept
			Config:           plain + policy,
			ConfigPlanChecks: harness.Planned(exclusiveAddress, plancheck.ResourceActionNoop),
			Check: func(*terraform.State) error {
				for _, node := range c.Nodes {
					if got := shell(t, node, "cat /var/backups/pvesec/*sudoers.d*emergency/*-found-removed; sudo -n -l -U agent -- /usr/bin/id"); !strings.Contains(got, "# tonight") || !strings.HasSuffix(got, "/usr/bin/id") {
						return fmt.Errorf("%s: %s", node.Name, got)
					}
				}
				return nil
			},
		},
		resource.TestStep{ // drift, with a denial that holds back what a group has, hostile names, a dead link, and a pipe
			PreConfig: func() {
				shell(t, pve1, write+"; adduser -q carol sudo; printf 'carol ALL=(ALL) !/usr/bin/su\\nmallory ALL=(ALL) NOPASSWD: /bin/sh\\n' >/etc/sudoers.d/limits")
				shell(t, pve2, "umask 337; cd /etc/sudoers.d; echo 'mallory ALL=(ALL) NOPASSWD: ALL' >'two words'; cp 'two words' ./-rf; cp 'two words' '$(reboot)'; cp 'two words' skipped.bak; ln -s /home/agent/later later; mkfifo pipe")
			},
			Config: plain + policy,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: append(removes(plancheck.ResourceActionUpdate, map[string]knownvalue.Check{
				"pve1": lines(foreign, option, "/etc/sudoers.d/limits:2: mallory ALL=(ALL) NOPASSWD: /bin/sh"),
				"pve2": lines("/etc/sudoers.d/$(reboot):1: mallory ALL=(ALL) NOPASSWD: ALL", "/etc/sudoers.d/-rf:1: mallory ALL=(ALL) NOPASSWD: ALL",
					"/etc/sudoers.d/later: a symbolic link that leads to no file: /home/agent/later", "/etc/sudoers.d/pipe: a special file", "/etc/sudoers.d/two words:1: mallory ALL=(ALL) NOPASSWD: ALL"),
			}).PreApply, harness.ExpectDrift(exclusiveAddress, foreign, "without it carol would be allowed sudo /usr/bin/su"))},
			Check: func(*terraform.State) error {
				if got := shell(t, pve1, "cd /etc/sudoers.d; ls; cat limits; sudo -n -l -U carol -- /usr/bin/su 2>&1 || echo denied"); got != "README\nagent\nlimits\ncarol ALL=(ALL) !/usr/bin/su\ndenied" {
					return fmt.Errorf("pve1 has %s", got)
				}
				if got := shell(t, pve2, "ls /etc/sudoers.d; visudo -c >/dev/null"); got != "README\nagent\nskipped.bak" {
					return fmt.Errorf("pve2 has %s", got)
				}
				return nil
			},
		},
		resource.TestStep{ // what is named stays
			PreConfig: onNodes(t, c, "umask 337; rm -f /etc/sudoers.d/limits; echo 'bob ALL=(root) /usr/bin/id' >/etc/sudoers.d/local; echo '%dba  ALL=(postgres)  ALL' >>/etc/sudoers"),
			Config:    config(c) + exclusiveConfig("files = [\"local\"]\nlines = [\"%dba ALL=(postgres) ALL\"]") + policy,
			Check: func(*terraform.State) error {
				if got := shell(t, pve2, "cat /etc/sudoers.d/local; tail -n 1 /etc/sudoers"); got != "bob ALL=(root) /usr/bin/id\n%dba  ALL=(postgres)  ALL" {
					return fmt.Errorf("pve2 has %s", got)
				}
				return nil
			},
		},
		resource.TestStep{ // and goes when it is not named any more; a changed line of the distribution comes back; an option that holds everyone back stays
			PreConfig: onNodes(t, c, `sed -i 's,secure_path="/usr/local/sbin:,secure_path="/usr/games:,' /etc/sudoers; umask 337; printf 'Defaults rootpw\nDefaults !authenticate\n' >/etc/sudoers.d/asks`),
			Config:    plain + policy,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(exclusiveAddress, deployedAt("pve2", "held"), lines("/etc/sudoers.d/asks:1: Defaults rootpw (its option rootpw may hold somebody back)")),
			},
			Check: func(*terraform.State) error {
				if got := shell(t, pve1, "cd /etc/sudoers.d; ls; cat asks; grep -e secure_path= -e dba /etc/sudoers"); got != "README\nagent\nasks\nDefaults rootpw\nDefaults secure_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" {
					return fmt.Errorf("pve1 has %s", got)
				}
				return nil
			},
		},
		resource.TestStep{
			ResourceName: exclusiveAddress, ImportState: true, ImportStateId: "*", ImportStateVerify: true, ImportStateVerifyIdentifierAttribute: "on_unreachable",
			ImportStateVerifyIgnore: []string{"removed"},
		},
		resource.TestStep{ResourceName: exclusiveAddress, ImportState: true, ImportStateId: "pve9", ExpectError: harness.Matches("pve9")},
		resource.TestStep{ // a destroy only ends the management
			PreConfig: onNodes(t, c, write),
			Config:    config(c) + policy,
			Check: func(*terraform.State) error {
				if got := shell(t, pve2, "cat /etc/sudoers.d/emergency"); !strings.Contains(got, "# tonight") {
					return fmt.Errorf("pve2 has %s", got)
				}
				return nil
			},
		},
	)
}

// next is the number of the next line.
func next(t *testing.T, line string) string {
	t.Helper()
	n := 0
	if _, err := fmt.Sscan(line, &n); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(n + 1)
}

// TestSudoersExclusiveTwoWorkspaces: what another workspace wrote stays, and with it the login that pvesec uses; a
// saved plan removes what it showed and nothing else, and what vanished meanwhile is no error; a node that does not
// answer is skipped.
func TestSudoersExclusiveTwoWorkspaces(t *testing.T) {
	t.Parallel()
	c := cluster(t, 2)
	pve1, pve2 := c.Nodes[0], c.Nodes[1]
	for _, node := range c.Nodes {
		shell(t, node, "useradd -m deploy; mkdir -p ~deploy/.ssh; cp /root/.ssh/authorized_keys ~deploy/.ssh/; chown -R deploy: ~deploy/.ssh; printf 'deploy ALL=(root) NOPASSWD: ALL\\nagent ALL=(ALL) ALL\\n' >/etc/sudoers.d/site")
	}
	other := harness.NewWorkspace(t).Quietly().Within()
	other.Write("main.tf", requirePvesec+config(c)+strings.ReplaceAll(harness.PolicyConfig(`"/usr/bin/id"`, ""), `"agent"`, `"carol"`)+harness.AuditConfig(""))
	other.Terraform("apply", "-auto-approve", "-no-color")

	w := harness.NewWorkspace(t).Quietly().Within()
	w.Write("main.tf", requirePvesec+configWith(c, connection{user: "deploy"})+exclusiveConfig(`on_unreachable = "skip"`))
	said := w.Terraform("apply", "-auto-approve", "-no-color")
	if !strings.Contains(said, "/etc/sudoers.d/site:2: agent ALL=(ALL) ALL") || !strings.Contains(said, `pvesec itself gets in by it, as "deploy"`) {
		t.Errorf("the plan says\n%s", said)
	}
	for _, node := range c.Nodes {
		if got := shell(t, node, "cd /etc/sudoers.d; ls; cat site"); got != "README\ncarol\npvesec-audit-ops\nsite\ndeploy ALL=(root) NOPASSWD: ALL" {
			t.Errorf("%s has %s", node.Name, got)
		}
	}
	other.Terraform("plan", "-no-color", "-detailed-exitcode")
	w.Terraform("plan", "-no-color", "-detailed-exitcode")

	// A file has a header of pvesec and a name that no resource has.
	shell(t, pve1, "sed 's/carol/ghost/; s/^carol /mallory /' /etc/sudoers.d/carol >/etc/sudoers.d/ghost")
	if said := w.Terraform("plan", "-no-color"); !strings.Contains(said, "No changes") {
		t.Errorf("any header is believed, and the plan says\n%s", said)
	}
	w.Write("main.tf", requirePvesec+configWith(c, connection{user: "deploy"})+exclusiveConfig(`
  on_unreachable = "skip"
  resource_names = ["carol", "ops"]`))
	if said := w.Terraform("apply", "-auto-approve", "-no-color"); !strings.Contains(said, "/etc/sudoers.d/ghost") {
		t.Errorf("the plan says\n%s", said)
	}
	for _, node := range c.Nodes {
		if got := shell(t, node, "cd /etc/sudoers.d; ls"); got != "README\ncarol\npvesec-audit-ops\nsite" {
			t.Errorf("%s has %s", node.Name, got)
		}
	}

	// A line appears between plan and apply.
	shell(t, pve1, "echo 'agent ALL=(ALL) ALL' >/etc/sudoers.d/a; echo 'agent ALL=(ALL) ALL' >/etc/sudoers.d/b")
	w.Terraform("plan", "-no-color", "-out=saved")
	shell(t, pve2, "echo 'agent ALL=(ALL) ALL' >/etc/sudoers.d/unseen")
	if said := w.Refused("apply", "-no-color", "saved"); !strings.Contains(said, "/etc/sudoers.d/unseen:1") {
		t.Errorf("an unseen line: %s", said)
	}
	if got := shell(t, pve1, "cd /etc/sudoers.d; ls a b"); got != "a\nb" {
		t.Errorf("a refused apply changed pve1: %s", got)
	}
	// One vanishes.
	shell(t, pve2, "rm /etc/sudoers.d/unseen")
	w.Terraform("plan", "-no-color", "-out=saved")
	shell(t, pve1, "rm /etc/sudoers.d/a")
	w.Terraform("apply", "-no-color", "saved")
	if got := shell(t, pve1, "cd /etc/sudoers.d; ls"); got != "README\ncarol\npvesec-audit-ops\nsite" {
		t.Errorf("pve1 has %s", got)
	}
	// A node does not answer.
	shell(t, pve1, "echo 'agent ALL=(ALL) ALL' >/etc/sudoers.d/a")
	pve2.Link().Refuse()
	w.Terraform("apply", "-auto-approve", "-no-color")
	if got := shell(t, pve1, "cd /etc/sudoers.d; ls"); got != "README\ncarol\npvesec-audit-ops\nsite" {
		t.Errorf("pve1 has %s", got)
	}
	w.Terraform("destroy", "-auto-approve", "-no-color") // asks no node
}
