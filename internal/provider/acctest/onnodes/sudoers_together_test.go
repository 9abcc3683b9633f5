package onnodes

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// foreignOf is a value of a finding in analysis.foreign.
func foreignOf(index int, name string) tfjsonpath.Path {
	return tfjsonpath.New("analysis").AtMapKey("foreign").AtSliceIndex(index).AtMapKey(name)
}

// TestSudoersPolicyTogether: a harmless policy is judged together with what other files of the nodes grant its subject,
// before it is there and later.
func TestSudoersPolicyTogether(t *testing.T) {
	t.Parallel()
	c := clusterOf(t, lab.ClusterSpec{Nodes: []lab.NodeSpec{{Suite: lab.Bookworm}, {Suite: lab.Trixie}}})
	pve1, pve2 := c.Nodes[0], c.Nodes[1]
	with := func(more string) string { return config(c) + harness.PolicyConfig(`"/usr/bin/id"`, more) }
	foreign := tfjsonpath.New("analysis").AtMapKey("foreign")
	none := statecheck.ExpectKnownValue(harness.PolicyAddress, foreign, knownvalue.ListSizeExact(0))
	text := func(index int, name, want string) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(harness.PolicyAddress, foreignOf(index, name), knownvalue.StringExact(want))
	}
	harness.Run(t,
		resource.TestStep{ // before the policy is there: the plan looks at the nodes, and what is root for others is no concern of it
			PreConfig: func() {
				shell(t, pve1, "echo 'carol ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/others")
				shell(t, pve2, `printf '# careless\n\nagent ALL=(root) /usr/sbin/qm set *\n' >/etc/sudoers.d/careless`)
			},
			Config:      with(""),
			ExpectError: harness.Matches(`Together with other sudoers files "agent" is root-equivalent`),
		},
		resource.TestStep{Config: with(""), ExpectError: harness.Matches("On pve2, /etc/sudoers.d/careless, line 3")},
		resource.TestStep{Config: with(`accepted_risks = { PVESEC-E0106 = "one of several" }`), ExpectError: harness.Matches("PVESEC-E0107")},
		resource.TestStep{ // another grant of it does no harm; as the nodes come, nothing is found
			PreConfig:         func() { shell(t, pve2, "echo 'agent ALL=(root) /usr/bin/uptime' >/etc/sudoers.d/careless") },
			Config:            with(""),
			ConfigStateChecks: []statecheck.StateCheck{none},
		},
		resource.TestStep{ // afterwards: what the refresh finds is in the plan
			PreConfig:   onNodes(t, c, "echo 'agent ALL=(root) /usr/bin/python3' >/etc/sudoers.d/night"),
			Config:      with(""),
			ExpectError: harness.Matches("On pve1, pve2, /etc/sudoers.d/night, line 1"),
		},
		resource.TestStep{ // removed by the apply, it is no finding any more
			Config:            with("exclusive = true"),
			ConfigPlanChecks:  harness.Planned(harness.PolicyAddress, plancheck.ResourceActionUpdate),
			ConfigStateChecks: []statecheck.StateCheck{none},
		},
		resource.TestStep{ // through a group it stays, and can only be accepted
			PreConfig:   func() { shell(t, pve1, "usermod -aG sudo agent") },
			Config:      with("exclusive = true"),
			ExpectError: harness.Matches("remove the subject from the group or alias"),
		},
		resource.TestStep{Config: with(`accepted_risks = { "PVESEC-E0001 in /etc/sudoers.d/x" = "elsewhere" }`), ExpectError: harness.Matches(`accepted_risks = { "PVESEC-E0001 in /etc/sudoers" = "why" }`)},
		resource.TestStep{
			Config: with(`accepted_risks = { "PVESEC-E0001 in /etc/sudoers" = "administrator of pve1" }`),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(harness.PolicyAddress, foreignOf(0, "id"), knownvalue.StringExact("PVESEC-E0001")),
				plancheck.ExpectKnownValue(harness.PolicyAddress, foreignOf(0, "nodes"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("pve1")})),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				text(0, "file", "/etc/sudoers"), text(0, "accepted", "administrator of pve1"), text(0, "severity", "critical"),
				statecheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("analysis").AtMapKey("root_equivalent"), knownvalue.Bool(false)),
			},
		},
		resource.TestStep{ // options of another file make a grant of the policy dangerous
			PreConfig: func() {
				shell(t, pve1, "gpasswd -d agent sudo")
				shell(t, pve2, "echo 'Defaults !env_reset' >/etc/sudoers.d/careless; rm -f /etc/sudoers.d/night")
			},
			Config:      with(""),
			ExpectError: harness.Matches("On pve2, line 4 of the policy together with options of other files"),
		},
		resource.TestStep{ // an option that is missing is shown where sudo has it off by itself: 1.9.13, and not 1.9.16
			PreConfig: onNodes(t, c, "rm -f /etc/sudoers.d/careless; sed -i '/use_pty/d' /etc/sudoers"),
			Config:    with(""),
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(harness.PolicyAddress, foreign, knownvalue.ListSizeExact(1)),
				text(0, "id", "PVESEC-E0007"), text(0, "severity", "medium"),
				statecheck.ExpectKnownValue(harness.PolicyAddress, foreignOf(0, "nodes"), knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("pve1")})),
			},
		},
		resource.TestStep{Config: with(`defaults = ["use_pty"]`), ConfigStateChecks: []statecheck.StateCheck{none}},
	)
}

// TestOnNewAccessWarnsOnce: Terraform plans a change again while it applies it; the reader is warned once.
func TestOnNewAccessWarnsOnce(t *testing.T) {
	t.Parallel()
	c := cluster(t, 1)
	w := harness.NewWorkspace(t)
	write := func(commands string) {
		w.Write("main.tf", "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\n"+config(c)+harness.PolicyConfig(commands, `on_new_access = "warn"`))
	}
	const warning = `The change allows "agent" more`
	count := func(args ...string) int { return strings.Count(w.Terraform(args...), warning) }
	write(`"/usr/bin/id -u"`)
	if got := count("apply", "-input=false", "-auto-approve"); got != 0 {
		t.Errorf("a new policy warns %d times", got)
	}
	write(`"/usr/bin/id -u", "/usr/bin/id -g"`)
	if got := count("plan", "-input=false", "-out", "saved"); got != 1 {
		t.Errorf("the plan warns %d times", got)
	}
	if got := count("apply", "-input=false", "saved"); got != 0 {
		t.Errorf("the apply of a saved plan warns %d times", got)
	}
	write(`"/usr/bin/id -u", "/usr/bin/id -g", "/usr/bin/id -G"`)
	if got := count("apply", "-input=false", "-auto-approve"); got != 1 {
		t.Errorf("plan and apply in one warn %d times", got)
	}
}
