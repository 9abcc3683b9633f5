package main

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// statementsGuide explains every statement that has a name: what it claims, and by which command lines it is disproved.
func statementsGuide() string {
	all := escalation.Statements()
	var b strings.Builder
	b.WriteString(`---
page_title: "Statements - pvesec"
subcategory: "sudoers"
description: |-
  What a sudoers policy can be proven never to allow, by name.
---

# Statements

You can name what a sudoers policy must never allow: in ` + "`never`" + ` of ` + "`pvesec_sudoers_policy`" + ` and of ` + "`pvesec_sudoers_analysis`" + `. pvesec proves each statement over every command
line that the policy allows as root. There are three answers: proven, disproven with an example, or unknown with the command that stands in the way. Only proven passes.

A statement is about effects: what the described operations of each program do (see [root findings](root-findings)). A way to root disproves every statement, since root can do
anything. A program that nobody has described leaves every statement unknown; review it and name it in ` + "`vouched`" + `.

` + "`never`" + ` also takes a command as in a rule.
`)
	for _, s := range all {
		effects := make([]string, len(s.Effects))
		for i, e := range s.Effects {
			effects[i] = fmt.Sprintf("`%s` (%s)", e, e.Info().Title)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s It is disproven by a command line with the effect %s, or by a way to root.\n", s.Name, angled(s.Description), strings.Join(effects, ", "))
	}
	return b.String()
}
