package acctest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// granting is a policy of one line with further attributes.
func granting(command, more string) string {
	return offline + fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  subject = \"agent\"\n  content = %q\n  %s\n}\n", "agent ALL=(root) "+command+"\n", more)
}

// TestSudoersVouched: what a program of the site's own does is not known, until somebody vouches for it; the effects
// that he names disprove.
func TestSudoersVouched(t *testing.T) {
	t.Parallel()
	const command = `/usr/local/sbin/report ""`
	const never = "never = [\"installs packages\", \"edits sudoers\"]\n  "
	const vouched = "vouched = { \"/usr/local/sbin/report\" = \"reads only; reviewed by ops\" }\n  "
	const effects = "vouched_effects = { \"/usr/local/sbin/report\" = [\"changes-packages\"] }\n  "
	refused := func(more, want string) resource.TestStep {
		return resource.TestStep{Config: granting(command, more), PlanOnly: true, ExpectError: harness.Matches(want)}
	}
	planned := func(more string) resource.TestStep {
		return resource.TestStep{
			Config: granting(command, more), PlanOnly: true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("analysis").AtMapKey("root_equivalent"), knownvalue.Bool(false)),
			}},
		}
	}
	data := func(more string, verdicts ...string) resource.TestStep {
		step := resource.TestStep{Config: offline + fmt.Sprintf("data \"pvesec_sudoers_analysis\" \"x\" {\n  policy = %q\n  subject = \"agent\"\n  %s\n}\n", "agent ALL=(root) "+command+"\n", more)}
		for i, verdict := range verdicts {
			step.ConfigStateChecks = append(step.ConfigStateChecks, statecheck.ExpectKnownValue("data.pvesec_sudoers_analysis.x",
				tfjsonpath.New("proofs").AtSliceIndex(i).AtMapKey("verdict"), knownvalue.StringExact(verdict)))
		}
		return step
	}
	harness.Run(t,
		planned(""),
		refused(never, `The policy does allow "installs packages", or this is unknown`),
		refused(never, "sudo /usr/local/sbin/report"),
		refused(never, "name it in vouched"),
		planned(never+vouched),
		refused(never+vouched+effects, `The policy does allow "installs packages" with`),
		refused(vouched+"vouched_effects = { \"/usr/local/sbin/other\" = [\"changes-packages\"] }", "Invalid vouched_effects"),
		refused(vouched+"vouched_effects = { \"/usr/local/sbin/report\" = [\"sings\"] }", `there is no effect "sings"`),
		data(never, "unknown", "unknown"),
		data(never+vouched, "yes", "yes"),
		data(never+vouched+effects, "no", "yes"),
	)
}

// TestSudoersAccepted: a way to root is accepted by its effect, by the program, and by what the error itself says to
// write; a retired id names what stands for it.
func TestSudoersAccepted(t *testing.T) {
	t.Parallel()
	const command = "/usr/bin/less /var/log/syslog"
	refused := func(more, want string) resource.TestStep {
		return resource.TestStep{Config: granting(command, more), PlanOnly: true, ExpectError: harness.Matches(want)}
	}
	accepted := func(more string) resource.TestStep {
		findings := tfjsonpath.New("analysis").AtMapKey("findings").AtSliceIndex(0)
		return resource.TestStep{
			Config: granting(command, more), PlanOnly: true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(harness.PolicyAddress, findings.AtMapKey("accepted"), knownvalue.StringExact("they have it anyway")),
			}},
		}
	}
	harness.Run(t,
		refused("", `The policy makes "agent" root-equivalent`),
		refused(`accepted_risks = { reads-secret = "another effect" }`, `The policy makes "agent" root-equivalent`),
		refused(`accepted_risks = { "/usr/bin/more" = "another program" }`, `The policy makes "agent" root-equivalent`),
		refused(`accepted_risks = { sings = "no effect" }`, `"sings" is no finding about sudo`),
		refused(`accepted_risks = { PVESEC-E2003 = "they have it anyway" }`, `"PVESEC-E2003" is retired`),
		refused(`accepted_risks = { PVESEC-E2003 = "they have it anyway" }`, "reads-secret (PVESEC-E0067)"),
		accepted(`accepted_risks = { interactive = "they have it anyway" }`),
		accepted(`accepted_risks = { "/usr/bin/less" = "they have it anyway" }`),
	)
}

// TestSudoersWarns is about warnings, which only the terminal shows: each comes once. What an error says to write makes
// the plan pass. TestSudoersEmptyLists: modules build lists, and one that is empty is no error. What grants nothing is
// said once.
func TestSudoersEmptyLists(t *testing.T) {
	t.Parallel()
	w := harness.NewWorkspace(t)
	policy := func(commands string) string {
		return "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\nresource \"pvesec_sudoers_policy\" \"a\" {\n  name = \"agent\"\n  subject = \"agent\"\n" +
			"  never = []\n  always = []\n  defaults = []\n  rule {\n    commands = " + commands + "\n  }\n  rule {\n    commands = []\n    nopasswd = true\n  }\n}\n"
	}
	for commands, warnings := range map[string]int{`["/usr/bin/id"]`: 0, `[]`: 1} {
		w.Write("main.tf", policy(commands))
		if printed := w.Terraform("plan", "-no-color"); strings.Count(printed, "The policy grants nothing") != warnings || !strings.Contains(printed, "Plan: 1 to add") {
			t.Errorf("with commands = %s, %d warnings are wanted:\n%s", commands, warnings, printed)
		}
	}
}

func TestSudoersWarns(t *testing.T) {
	t.Parallel()
	w := harness.NewWorkspace(t)
	write := func(command, more string) {
		w.Write("main.tf", "terraform {\n  required_providers {\n    pvesec = { source = \"pvesec/pvesec\" }\n  }\n}\n"+granting(command, more))
	}
	warns := func(of string, times int, args ...string) {
		t.Helper()
		if printed := w.Terraform(append(args, "-no-color")...); strings.Count(printed, of) != times {
			t.Errorf("terraform %v does not warn %d times of %q:\n%s", args, times, of, printed)
		}
	}
	write("/usr/bin/id", `never = ["melts the node"]`)
	if said := w.Refused("validate", "-no-color"); !strings.Contains(said, "touches root@pam") { // one of those that there are
		t.Errorf("validate says of an unknown statement:\n%s", said)
	}
	const idle, root = "An accepted risk matches no finding", `The policy makes "agent" root-equivalent`
	write("/usr/bin/id", "accepted_risks = {\n    PVESEC-E0008 = \"no file sets it\"\n    \"PVESEC-E0001 in /etc/sudoers\" = \"administrators\"\n  }")
	warns(idle, 0, "validate")
	write("/usr/bin/id", `accepted_risks = { interactive = "long ago" }`)
	warns(idle, 1, "plan")
	write("/usr/bin/less /var/log/syslog", `accepted_risks = { "/usr/bin/less" = "they have it anyway" }`)
	warns(idle, 0, "plan")
	warns(root, 0, "plan")
	write("/usr/bin/less /var/log/syslog", `enforcement = "warn"`)
	warns(root, 1, "plan")

	write("/usr/bin/tar *", "")
	block := regexp.MustCompile(`accepted_risks = \{ (?:"[^"]+" = "why" )+\}`).FindString(w.Refused("plan"))
	if block == "" {
		t.Fatal("the error does not say what to write")
	}
	write("/usr/bin/tar *", strings.NewReplacer(`"why" `, "\"why\"\n", "{ ", "{\n").Replace(block))
	if printed := w.Terraform("plan", "-no-color"); !strings.Contains(printed, "Plan: 1 to add") {
		t.Errorf("with\n%s\nthe plan does not pass:\n%s", block, printed)
	}
}
