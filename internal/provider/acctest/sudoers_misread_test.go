package acctest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// TestSudoersMisread: what means something else than it seems to is an error at the word, with no node.
func TestSudoersMisread(t *testing.T) {
	t.Parallel()
	rule := func(label, more string) string {
		return fmt.Sprintf("resource \"pvesec_sudoers_policy\" %q {\n  name = \"agent\"\n  subject = \"agent\"\n  rule {\n    %s\n  }\n}\n", label, more)
	}
	content := func(text string) string {
		return fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"a\" {\n  name = \"agent\"\n  subject = \"agent\"\n  content = %q\n}\n", text)
	}
	var steps []resource.TestStep
	for _, c := range []struct{ config, want string }{
		{rule("a", `commands = ["/usr/bin/id", "/usr/local/bin"]`), "rule[0].commands[1]: /usr/local/bin is a directory"},
		{rule("a", "commands = [\"/usr/bin/id\"]\n    not_after = \"20300231000000Z\""), "rule[0].not_after: NOTAFTER=20300231000000Z does not exist, and sudo takes it for 2030-03-03T00:00:00Z"},
		{rule("a", "commands = [\"/usr/bin/id\"]\n    not_after = \"tomorrow\""), `The value is "tomorrow"`},
		{rule("a", "commands = [\"/usr/bin/id\"]\n    not_before = \"20300101000000Z\"\n    not_after = \"20310101000000Z\""), "rule[0].not_before: Sudo 1.9.16 ignores NOTBEFORE=20300101000000Z because NOTAFTER is given too (PVESEC-S0019)"},
		{rule("a", "commands = [\"/usr/bin/w\"]\n    not_after = \"20310101000000Z\"\n  }\n  rule {\n    commands = [\"/usr/bin/id\"]\n    not_before = \"20300201000000Z\"\n    not_after = \"20310101000000Z\""), "rule[1].not_before: Sudo 1.9.16 ignores NOTBEFORE=20300201000000Z"},
		{content("Cmnd_Alias DANGEROUS = /usr/bin/su, !/usr/bin/id\nagent ALL = (root) /usr/bin/w, !DANGEROUS\n"), "!DANGEROUS grants /usr/bin/id, which the alias denies"},
		{rule("a", `commands = ["/usr/bin/id", "BACKUPS"]`), "rule[0].commands[1]: Cmnd_Alias BACKUPS is not defined (PVESEC-S0001)"},
		{content("agent ALL=(www-data, DBA) /usr/bin/id\n"), "Runas_Alias DBA is not defined (PVESEC-S0001)"},
		{content("agent PVES=(root) /usr/bin/id\n"), "Host_Alias PVES is not defined (PVESEC-S0001)"},
		{content("AGENTS ALL=(root) /usr/bin/id\n"), "the line is about the alias AGENTS, which the text does not define"},
		{rule("a", `commands = ["/usr/sbin/qm start 2[0-9{3}"]`), "rule[0].commands[0]: The bracket in the arguments of /usr/sbin/qm is not closed"},
		{rule("a", `commands = ["/usr/sbin/qm list \"\""]`), "rule[0].commands[0]: The quotes in the arguments of /usr/sbin/qm are compared literally"},
		{rule("a", `commands = ["/usr/bin/journalctl -b | /usr/bin/less"]`), "rule[0].commands[0]: The arguments of /usr/bin/journalctl contain |"},
		{"resource \"pvesec_sudoers_policy\" \"a\" {\n  name = \"agent\"\n  rule {\n    commands = [\"/usr/bin/id\"]\n  }\n}\n", "Missing subject"},
		{strings.Replace(content("agent, +staff ALL=(root) /usr/bin/id\n"), "  subject = \"agent\"\n", "", 1), "the rule is about +staff"},
		{strings.Replace(content("agent ALL=(root) /usr/bin/id\nOPS ALL=(root) /usr/bin/id\n"), "  subject = \"agent\"\n", "", 1), "no User_Alias of the text has this name"},
		{rule("a", `commands = ["/usr/bin/id"]`) + rule("b", `commands = ["/usr/bin/w"]`), "Invalid name: another resource has it"},
	} {
		steps = append(steps, resource.TestStep{Config: offline + c.config, PlanOnly: true, ExpectError: harness.Matches(c.want)})
	}
	harness.Run(t, steps...)
}
