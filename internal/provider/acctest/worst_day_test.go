package acctest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider/acctest/harness"
)

// What an operator meets at 3 a.m.: each must fail with a message that says what happened and where, and leave every
// node as it was.

func TestMalformedPolicyIsRefusedWithoutANode(t *testing.T) {
	t.Parallel()
	const provider = "provider \"pvesec\" {}\n"
	raw := func(content string) string {
		return provider + fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = \"agent\"\n  subject = \"agent\"\n  content = %q\n}\n", content)
	}
	named := func(name string) string {
		return provider + fmt.Sprintf("resource \"pvesec_sudoers_policy\" \"agent\" {\n  name = %q\n  subject = \"agent\"\n  content = \"agent ALL=/usr/bin/id\\n\"\n}\n", name)
	}
	var steps []resource.TestStep
	for _, bad := range []struct{ config, message string }{
		{raw("agent ALL=(root) NOPASSWD /usr/bin/id\n"), "Line 1, column"},
		{raw("Defaults:agent use_pty\nagent ALL=(root) qm start\n"), "Line 2, column"},
		{raw("Defaults:agent no_such_option\n"), "no_such_option"},
		{raw("bob ALL=(root) /usr/bin/id\n"), "the line is about bob"},
		{raw("@include /etc/more\n"), "includes another file"},
		{named("agent.bak"), "is skipped by sudo"},
		{named("agent~"), "is skipped by sudo"},
		{named("../agent"), "is skipped by sudo"},
		{provider + harness.PolicyConfig(`"qm start"`, ""), "rule[0].commands[0]"},
		{provider + harness.PolicyConfig(`"/usr/bin/id, ALL"`, ""), "rule[0].commands[0]"},
		{provider + harness.PolicyConfig(`"/usr/bin/id\nagent ALL=(ALL) ALL"`, ""), "rule[0].commands[0]"},
		{provider + harness.PolicyConfig(`"/usr/bin/id"`, `defaults = ["no_such_option"]`), "no_such_option"},
		{provider + harness.PolicyConfig(`"/usr/bin/id"`, `content = "x"`), "rule"},
		{strings.Replace(provider+harness.PolicyConfig(`"/usr/bin/id"`, ""), `subject = "agent"`, `subject = "root"`, 1), "root is not restricted by sudo"},
	} {
		steps = append(steps, resource.TestStep{Config: bad.config, ExpectError: harness.Matches(bad.message)})
	}
	harness.Run(t, append(steps, resource.TestStep{Config: provider})...)
}
