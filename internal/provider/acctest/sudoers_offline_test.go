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

// What works with no node, no API and no credentials.
const offline = "provider \"pvesec\" {}\n"

func TestSudoersFunctions(t *testing.T) {
	t.Parallel()
	output := func(expression string) string {
		return fmt.Sprintf("locals {\n  policy = \"agent ALL=(root)   NOPASSWD: /usr/sbin/qm ^start 2[0-9]{3}$, \\\\\\n  /usr/bin/id\\n%%ops ALL=/usr/bin/w\\n\"\n}\noutput \"x\" {\n  value = %s\n}\n", expression)
	}
	var steps []resource.TestStep
	for expression, want := range map[string]knownvalue.Check{
		`provider::pvesec::sudoers_allows(local.policy, "agent", "/usr/sbin/qm start 2001")`:            knownvalue.Bool(true),
		`provider::pvesec::sudoers_allows(local.policy, "agent", "/usr/sbin/qm start '2001'")`:          knownvalue.Bool(true),
		`provider::pvesec::sudoers_allows(local.policy, "agent", "/usr/sbin/qm start 2001 --skiplock")`: knownvalue.Bool(false),
		`provider::pvesec::sudoers_allows(local.policy, "bob", "/usr/bin/id")`:                          knownvalue.Bool(false),
		`provider::pvesec::sudoers_allows(local.policy, "bob", "/usr/bin/w", "ops")`:                    knownvalue.Bool(true),
		`provider::pvesec::sudoers_allows(local.policy, "%ops", "/usr/bin/w")`:                          knownvalue.Bool(true),
		`provider::pvesec::sudoers_format(local.policy)`: knownvalue.StringExact(
			"agent ALL=(root) NOPASSWD: /usr/sbin/qm ^start 2[0-9]{3}$, /usr/bin/id\n%ops ALL=/usr/bin/w\n"),
		`provider::pvesec::sudoers_parse(local.policy).rules[0].commands[1]`: knownvalue.ObjectExact(map[string]knownvalue.Check{
			"line": knownvalue.Int64Exact(2), "command": knownvalue.StringExact("/usr/bin/id"), "denied": knownvalue.Bool(false),
			"run_as_users":  knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("root")}),
			"run_as_groups": knownvalue.ListSizeExact(0),
			"tags":          knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("NOPASSWD")}),
			"options":       knownvalue.MapSizeExact(0),
		}),
		`[for f in provider::pvesec::sudoers_findings("op ALL=/usr/sbin/qm ^set 100 --args [a-z]+$\n", "op") : "${f.id} ${f.example}"]`: knownvalue.ListExact(
			[]knownvalue.Check{knownvalue.StringExact("PVESEC-E0106 sudo /usr/sbin/qm set 100 --args x")}),
		`provider::pvesec::sudoers_compare("op ALL=/usr/bin/id -u\n", "op ALL=NOPASSWD: /usr/bin/id -u, /usr/bin/w \"\"\n", "op")`: knownvalue.ObjectExact(map[string]knownvalue.Check{
			"verdict":           knownvalue.StringExact("wider"),
			"newly_allowed":     knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact("sudo /usr/bin/w")}),
			"no_longer_allowed": knownvalue.ListSizeExact(0),
			"changed":           knownvalue.ListExact([]knownvalue.Check{knownvalue.StringExact(`sudo /usr/bin/id -u: nopasswd "off" -> "on"`)}),
			"unknown":           knownvalue.ListSizeExact(0),
		}),
		`provider::pvesec::sudoers_findings(local.policy, "bob")`: knownvalue.ListSizeExact(0),
		`[for d in provider::pvesec::sudoers_parse("Defaults:agent use_pty, env_keep += \"A B\"\n").defaults : "${d.name}${d.operator}${d.value}"]`: knownvalue.ListExact(
			[]knownvalue.Check{knownvalue.StringExact("use_ptyon"), knownvalue.StringExact("env_keep+=A B")}),
	} {
		steps = append(steps, resource.TestStep{
			Config:            offline + output(expression),
			ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("x", want)},
		})
	}
	for expression, message := range map[string]string{
		`provider::pvesec::sudoers_format("agent ALL=(root /bin/x\n")`:                                                   "Line 1, column",
		`provider::pvesec::sudoers_allows("agent ALL=/usr/bin/bash, CHROOT=/srv !/usr/bin/*", "agent", "/usr/bin/bash")`: "CHROOT",
		`provider::pvesec::sudoers_allows(local.policy, "agent", "qm start 2001")`:                                       "absolute path",
		`provider::pvesec::sudoers_allows(local.policy, "agent", "/usr/sbin/qm start '2001")`:                            "quotes closed",
		`provider::pvesec::sudoers_allows("agent ALL=/usr/sbin/qm ^(.)\\1$", "agent", "/usr/sbin/qm aa")`:                "cannot be decided",
		`provider::pvesec::sudoers_allows("agent ALL=/usr/sbin/qm, !/usr/sbin/qm ^(.)\\1$", "agent", "/usr/sbin/qm ab")`: "cannot be decided",
	} {
		steps = append(steps, resource.TestStep{Config: offline + output(expression), ExpectError: harness.Matches(message)})
	}
	harness.Run(t, append(steps, resource.TestStep{Config: offline})...)
}

func TestSudoersDocument(t *testing.T) {
	t.Parallel()
	const composed = offline + `
data "pvesec_sudoers_document" "base" {
  defaults = ["use_pty", "env_keep += LANG"]
  rule {
    id       = "id"
    commands = ["/usr/bin/id"]
  }
}

data "pvesec_sudoers_document" "override" {
  defaults = ["!use_pty"]
  rule {
    id       = "id"
    commands = ["/usr/bin/id \"\""]
    nopasswd = true
  }
}

data "pvesec_sudoers_document" "whole" {
  source_documents   = [data.pvesec_sudoers_document.base.json]
  override_documents = [data.pvesec_sudoers_document.override.json]
  subject            = "agent"
  rule {
    commands     = ["/usr/bin/w", "!/usr/bin/w -h"]
    run_as_users = ["nobody"]
    timeout      = "1h"
  }
}

output "x" {
  value = data.pvesec_sudoers_document.whole.text
}
`
	const clash = offline + `
data "pvesec_sudoers_document" "base" {
  rule {
    id       = "id"
    commands = ["/usr/bin/id"]
  }
}

data "pvesec_sudoers_document" "whole" {
  source_documents = [data.pvesec_sudoers_document.base.json, data.pvesec_sudoers_document.base.json]
}
`
	rule := func(attributes string) string {
		return offline + "data \"pvesec_sudoers_document\" \"x\" {\n  rule {\n    " + attributes + "\n  }\n}\n"
	}
	harness.Run(t,
		resource.TestStep{Config: clash, ExpectError: harness.Matches(`rule with the id "id"`)},
		resource.TestStep{Config: rule(`commands = ["id"]`), ExpectError: harness.Matches("rule[0].commands[0]")},
		resource.TestStep{Config: rule("commands = [\"/usr/bin/id\"]\n    timeout = \"soon\""), ExpectError: harness.Matches("rule[0].timeout")},
		resource.TestStep{Config: offline + "data \"pvesec_sudoers_document\" \"x\" {\n  source_documents = [\"{\\\"version\\\":1,\\\"rulez\\\":[]}\"]\n}\n", ExpectError: harness.Matches("rulez")},
		resource.TestStep{Config: composed, ConfigStateChecks: []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("x", knownvalue.StringExact(
			`Defaults:agent env_keep += LANG
Defaults:agent !use_pty

agent ALL=(root) NOPASSWD: /usr/bin/id ""
agent ALL=(nobody) TIMEOUT=1h /usr/bin/w
agent ALL=(nobody) TIMEOUT=1h !/usr/bin/w -h
`))}},
	)
}

func TestSudoersLintShowsInThePlan(t *testing.T) {
	t.Parallel()
	policy := func(content string) string {
		return offline + fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  subject = \"agent\"\n  content = %q\n}\n", content)
	}
	lint := tfjsonpath.New("lint")
	step := func(content string, checks ...plancheck.PlanCheck) resource.TestStep {
		return resource.TestStep{Config: policy(content), PlanOnly: true, ExpectNonEmptyPlan: true, ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: checks}}
	}
	harness.Run(t,
		step("agent ALL=(root) NOPASSWD: /usr/bin/id \"\"\n", plancheck.ExpectKnownValue(harness.PolicyAddress, lint, knownvalue.ListSizeExact(0))),
		step("agent ALL=(root) /usr/bin/id\nagent ALL=(root) !/usr/bin/su\n",
			plancheck.ExpectKnownValue(harness.PolicyAddress, lint.AtSliceIndex(0), knownvalue.ObjectExact(map[string]knownvalue.Check{ // nothing else: no text that a plan repeats
				"id": knownvalue.StringRegexp(regexp.MustCompile(`^PVESEC-S[0-9]{4}$`)), "severity": knownvalue.StringExact("warning"),
				"line": knownvalue.Int64Exact(2), "column": knownvalue.NotNull(), "message": knownvalue.NotNull(),
			})),
		),
	)
}

// TestSudoersMalformed: a pattern that sudo accepts without an error and that never matches is refused at its column,
// in a document and in rules.
func TestSudoersMalformed(t *testing.T) {
	t.Parallel()
	policy := func(how string) resource.TestStep {
		return resource.TestStep{Config: offline + "resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  subject = \"agent\"\n  " + how + "\n}\n", PlanOnly: true}
	}
	content := policy(`content = "agent ALL=(root) /usr/sbin/qm ^start [a-z-0-9]+$, !/usr/sbin/qm ^[*+]$\n"`)
	content.ExpectError = harness.Matches("Line 1, column 42: sudo takes the regular expression ^start [a-z-0-9]+$ for malformed")
	second := content
	second.ExpectError = harness.Matches("Line 1, column 68: sudo takes the regular expression ^[*+]$ for malformed")
	rules := policy(`rule { commands = ["/usr/sbin/qm ^start 2[0-9]{3}$", "/usr/sbin/qm ^a{,2}{,2}$"] }`)
	rules.ExpectError = harness.Matches("rule[0].commands[1]")
	lost := policy(`rule { commands = ["/usr/sbin/[a/b]*"] }`)
	lost.ExpectError = harness.Matches("ends at the slash")
	harness.Run(t, content, second, rules, lost)
}

// TestSudoersAnalysis: what a policy means stands in the plan, and a way to root fails it unless it is accepted by its
// id.
func TestSudoersAnalysis(t *testing.T) {
	t.Parallel()
	policy := func(command, more string) string {
		return offline + fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  subject = \"agent\"\n  rule { commands = [%q] }\n  %s\n}\n", command, more)
	}
	analysis := tfjsonpath.New("analysis")
	root := analysis.AtMapKey("root_equivalent")
	findings := analysis.AtMapKey("findings")
	plan := func(config string, checks ...plancheck.PlanCheck) resource.TestStep {
		return resource.TestStep{Config: config, PlanOnly: true, ExpectNonEmptyPlan: true, ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: checks}}
	}
	const hookscript = "/usr/sbin/qm ^set 2[0-9]{3} --hookscript local:snippets/[a-z]{1,9}$"
	harness.Run(t,
		plan(policy("/usr/sbin/qm ^(start|stop) 2[0-9]{3}$", ""),
			plancheck.ExpectKnownValue(harness.PolicyAddress, root, knownvalue.Bool(false)),
			plancheck.ExpectKnownValue(harness.PolicyAddress, findings, knownvalue.ListSizeExact(0)),
			plancheck.ExpectKnownValue(harness.PolicyAddress, analysis.AtMapKey("disruptive"), knownvalue.ListSizeExact(1))),
		resource.TestStep{Config: policy("/usr/sbin/qm set *", ""), PlanOnly: true, ExpectError: harness.Matches(`The policy makes "agent" root-equivalent`)},
		resource.TestStep{Config: policy("/usr/sbin/qm set *", ""), PlanOnly: true, ExpectError: harness.Matches("PVESEC-E0106: gives the emulator raw arguments")},
		resource.TestStep{Config: policy("ALL", ""), PlanOnly: true, ExpectError: harness.Matches("PVESEC-E0001 (critical)")},
		resource.TestStep{Config: policy(hookscript, ""), PlanOnly: true, ExpectError: harness.Matches(`"PVESEC-E0107" = "why"`)},
		resource.TestStep{Config: policy(hookscript, `accepted_risks = { PVESEC-E0106 = "another one" }`), PlanOnly: true, ExpectError: harness.Matches("PVESEC-E0107 (high)")},
		resource.TestStep{Config: policy(hookscript, `accepted_risks = { PVESEC-E9999 = "no such" }`), PlanOnly: true, ExpectError: harness.Matches("is no finding about sudo")},
		resource.TestStep{Config: policy(hookscript, "accepted_risks = { PVESEC-E0107 = \"reviewed\" }\n  accepted_until = { PVESEC-E0107 = \"2001-01-31\" }"), PlanOnly: true,
			ExpectError: harness.Matches(`PVESEC-E0107 was accepted until 2001-01-31; the reason given was: reviewed`)},
		resource.TestStep{Config: policy(hookscript, "accepted_risks = { PVESEC-E0107 = \"reviewed\" }\n  accepted_until = { PVESEC-E0107 = \"soon\" }"), PlanOnly: true,
			ExpectError: harness.Matches("is not a date")},
		resource.TestStep{Config: policy(hookscript, `accepted_until = { PVESEC-E0107 = "9999-12-30" }`), PlanOnly: true, ExpectError: harness.Matches("Missing accepted risk for a date")},
		plan(policy(hookscript, "accepted_risks = { PVESEC-E0107 = \"reviewed\" }\n  accepted_until = { PVESEC-E0107 = \"9999-12-30\" }")),
		resource.TestStep{Config: policy(hookscript, `accepted_risks = { PVESEC-E0107 = "" }`), PlanOnly: true, ExpectError: harness.Matches("at least 3")},
		plan(policy(hookscript, `accepted_risks = { PVESEC-E0107 = "snippets are reviewed" }`),
			plancheck.ExpectKnownValue(harness.PolicyAddress, root, knownvalue.Bool(true)),
			plancheck.ExpectKnownValue(harness.PolicyAddress, findings, knownvalue.ListSizeExact(1)),
			plancheck.ExpectKnownValue(harness.PolicyAddress, findings.AtSliceIndex(0).AtMapKey("id"), knownvalue.StringExact("PVESEC-E0107")),
			plancheck.ExpectKnownValue(harness.PolicyAddress, findings.AtSliceIndex(0).AtMapKey("accepted"), knownvalue.StringExact("snippets are reviewed")),
			plancheck.ExpectKnownValue(harness.PolicyAddress, findings.AtSliceIndex(0).AtMapKey("line"), knownvalue.Int64Exact(4))),
	)
}

// TestSudoersStatements: what a policy must never and must always allow is proven while planning.
func TestSudoersStatements(t *testing.T) {
	t.Parallel()
	policy := func(more string) string {
		return offline + "resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  subject = \"agent\"\n  rule { commands = [\"/usr/sbin/qm ^(start|status) 2[0-9]{3}$\"] }\n  " + more + "\n}\n"
	}
	refused := func(more, want string) resource.TestStep {
		return resource.TestStep{Config: policy(more), PlanOnly: true, ExpectError: harness.Matches(want)}
	}
	harness.Run(t,
		resource.TestStep{
			Config:   policy(`never = ["touches root@pam", "edits sudoers", "/usr/sbin/qm set *", "ALL ^destroy "]` + "\n  " + `always = ["/usr/sbin/qm start 2001"]`),
			PlanOnly: true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("analysis").AtMapKey("root_equivalent"), knownvalue.Bool(false)),
			}},
		},
		refused(`never = ["/usr/sbin/qm start *"]`, "sudo /usr/sbin/qm start 2000"),
		refused(`never = ["/usr/sbin/qm ^start "]`, "is allowed by line 4"),
		refused(`never = ["melts the node"]`, "touches root@pam"),
		refused(`never = ["/usr/sbin/*"]`, "name the command by its path"),
		refused(`always = ["/usr/sbin/qm start 3001"]`, "sudo /usr/sbin/qm start 3001"),
		refused(`always = ["qm start 2001"]`, "absolute path"),
		refused(`on_new_access = "ask"`, "must be one of"),
	)
}

// TestSudoersAnalysisData asks everything of a policy in two files that data source pvesec_sudoers_analysis can be
// asked.
func TestSudoersAnalysisData(t *testing.T) {
	t.Parallel()
	data := func(attributes string) string {
		return offline + "data \"pvesec_sudoers_analysis\" \"agent\" {\n  subject = \"agent\"\n  " + attributes + "\n}\n"
	}
	const address = "data.pvesec_sudoers_analysis.agent"
	files := `files = { a = "agent ALL=(root) NOPASSWD: /usr/sbin/qm ^start 2[0-9]{3}$\n", b = "%ops ALL=/usr/sbin/qm set *, !/usr/sbin/qm set * --args *\n" }`
	is := func(name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), want)
	}
	in := func(list string, index int, name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New(list).AtSliceIndex(index).AtMapKey(name), want)
	}
	harness.Run(t,
		resource.TestStep{
			Config: data(files + `
  commands     = ["/usr/sbin/qm start 2001", "/usr/sbin/qm set 100 --name x"]
  never        = ["touches root@pam", "/usr/sbin/qm set *"]
  always       = ["/usr/sbin/qm start 2001"]
  compare_with = "agent ALL=(root) NOPASSWD: /usr/sbin/qm ^start 2[0-9]{3}$, /usr/bin/id\n"`),
			ConfigStateChecks: []statecheck.StateCheck{
				is("root_equivalent", knownvalue.Bool(false)), is("compliant", knownvalue.Bool(true)), is("findings", knownvalue.ListSizeExact(0)), is("denials", knownvalue.StringExact("")),
				in("decisions", 0, "allowed", knownvalue.Bool(true)), in("decisions", 0, "nopasswd", knownvalue.Bool(true)), in("decisions", 0, "line", knownvalue.Int64Exact(1)),
				in("decisions", 1, "allowed", knownvalue.Bool(false)), in("decisions", 1, "rule", knownvalue.StringExact("")),
				in("proofs", 1, "proven", knownvalue.Bool(true)), in("proofs", 2, "kind", knownvalue.StringExact("always")),
				statecheck.ExpectKnownValue(address, tfjsonpath.New("change").AtMapKey("verdict"), knownvalue.StringExact("narrower")),
			},
		},
		resource.TestStep{
			Config: data(files + `
  groups       = ["ops"]
  sudo_version = "1.9.13"
  never        = ["touches root@pam", "/usr/sbin/qm set * --args *"]`),
			ConfigStateChecks: []statecheck.StateCheck{
				is("root_equivalent", knownvalue.Bool(true)), is("compliant", knownvalue.Bool(false)), is("denials", knownvalue.StringRegexp(regexp.MustCompile("/usr/sbin/qm"))),
				in("proofs", 0, "verdict", knownvalue.StringExact("no")), in("proofs", 1, "verdict", knownvalue.StringExact("yes")),
				in("findings", 0, "root_equivalent", knownvalue.Bool(true)), in("findings", 0, "line", knownvalue.Int64Exact(1)),
			},
		},
		resource.TestStep{ // with the main file it is all that the node has, and what protects it is missing
			Config: data("files = { \"/etc/sudoers\" = \"agent ALL=(root) /usr/bin/id\\n\" }"),
			ConfigStateChecks: []statecheck.StateCheck{
				is("root_equivalent", knownvalue.Bool(true)), is("findings", knownvalue.ListSizeExact(2)),
				in("findings", 0, "id", knownvalue.StringExact("PVESEC-E0007")), in("findings", 1, "id", knownvalue.StringExact("PVESEC-E0008")),
			},
		},
		resource.TestStep{ // without a subject, everyone whom the rules name is asked about
			Config: offline + `data "pvesec_sudoers_analysis" "agent" {
  policy = "User_Alias A = agent, bob\nA ALL=(root) /usr/bin/id\nbob ALL=(root) /usr/bin/less\n"
  never  = ["/usr/bin/less", "/usr/bin/more"]
  always = ["/usr/bin/id", "/usr/bin/less"]
}
`,
			ConfigStateChecks: []statecheck.StateCheck{
				is("root_equivalent", knownvalue.Bool(true)), is("findings", knownvalue.ListSizeExact(1)), in("findings", 0, "line", knownvalue.Int64Exact(3)), is("decisions", knownvalue.ListSizeExact(0)),
				in("proofs", 0, "proven", knownvalue.Bool(false)), in("proofs", 1, "proven", knownvalue.Bool(true)), in("proofs", 2, "proven", knownvalue.Bool(true)), in("proofs", 3, "proven", knownvalue.Bool(false)),
			},
		},
		resource.TestStep{Config: strings.Replace(data("policy = \"agent ALL=/usr/bin/id\\nbob ALL=/usr/bin/w\\n\"\n  commands = [\"/usr/bin/id\"]"), "subject = \"agent\"", "", 1), ExpectError: harness.Matches("Missing subject")},
		resource.TestStep{Config: strings.Replace(data("policy = \"ALL ALL=/usr/bin/id\\n\""), "subject = \"agent\"", "", 1), ExpectError: harness.Matches("Missing subject")},
		resource.TestStep{Config: data(`policy = "agent ALL=(root /bin/x"`), ExpectError: harness.Matches("Line 1, column")},
		resource.TestStep{Config: data("policy = \"\"\n  sudo_version = \"new\""), ExpectError: harness.Matches("want three numbers")},
		resource.TestStep{Config: data("policy = \"\"\n  document = \"{}\""), ExpectError: harness.Matches("one (and only one) of")},
		resource.TestStep{Config: data("policy = \"\"\n  commands = [\"qm list\"]"), ExpectError: harness.Matches("absolute path")},
	)
}

// TestSudoersPresets: a document of presets is a policy without a finding; parameters that would widen it are refused.
func TestSudoersPresets(t *testing.T) {
	t.Parallel()
	document := func(blocks string) string {
		return offline + "data \"pvesec_sudoers_document\" \"agent\" {\n" + blocks + "\n}\n" +
			"resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  subject = \"agent\"\n  document = data.pvesec_sudoers_document.agent.json\n" +
			"  never = [\"touches root@pam\", \"edits sudoers\", \"installs packages\"]\n  always = [\"/usr/sbin/qm start 2001\"]\n}\n"
	}
	vm := func(parameters string) string {
		return "preset {\n  name = \"vm_operator\"\n  parameters = {" + parameters + "}\n}\n"
	}
	analysis := tfjsonpath.New("analysis")
	harness.Run(t,
		resource.TestStep{
			Config:   document(vm(`vmids = "2[0-9]{3}", storage = "local-zfs", bridge = "vmbr0"`) + "preset {\n  name = \"monitoring\"\n}"),
			PlanOnly: true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(harness.PolicyAddress, analysis.AtMapKey("root_equivalent"), knownvalue.Bool(false)),
				plancheck.ExpectKnownValue(harness.PolicyAddress, analysis.AtMapKey("findings"), knownvalue.ListSizeExact(0)),
				plancheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("lint"), knownvalue.ListSizeExact(0)),
			}},
		},
		resource.TestStep{ // one preset for two ranges
			Config:   document(vm(`vmids = "2[0-9]{3}"`) + vm(`vmids = "5[0-9]{3}"`)),
			PlanOnly: true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPreRefresh: []plancheck.PlanCheck{
				plancheck.ExpectKnownValue(harness.PolicyAddress, analysis.AtMapKey("findings"), knownvalue.ListSizeExact(0)),
				plancheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("content"), knownvalue.StringRegexp(regexp.MustCompile(`(?s)qm \^.*2\[0-9\]\{3\}.*qm \^.*5\[0-9\]\{3\}`))),
				plancheck.ExpectKnownValue(harness.PolicyAddress, tfjsonpath.New("lint"), knownvalue.ListSizeExact(0)),
			}},
		},
		resource.TestStep{Config: document(vm(`vmids = "2[0-9]{3}"`) + vm(`vmids = ".*"`)), PlanOnly: true, ExpectError: harness.Matches(`parameter vmids = ".*"`)},
		resource.TestStep{Config: document(vm("")), PlanOnly: true, ExpectError: harness.Matches("it is required")},
		resource.TestStep{Config: document(vm("vmids = \".*\"")), PlanOnly: true, ExpectError: harness.Matches("vmids")},
		resource.TestStep{Config: document(vm("vmid = \"2000\"")), PlanOnly: true, ExpectError: harness.Matches("no such parameter")},
		resource.TestStep{Config: document("preset {\n  name = \"all\"\n}"), PlanOnly: true, ExpectError: harness.Matches("vm_operator")},
	)
}
