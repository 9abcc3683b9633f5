package main

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// statementsGuide explains every named statement: what it claims, and which command lines disprove it.
func statementsGuide() string {
	all := escalation.Statements()
	var b strings.Builder
	b.WriteString(`---
page_title: "Statements - pvesec"
subcategory: "sudoers"
description: |-
  Named statements about what a sudoers policy must never allow.
---

# Statements

A statement names something that a sudoers policy must never allow. Write it in ` + "`never`" + ` of ` + "`pvesec_sudoers_policy`" + ` or ` + "`pvesec_sudoers_analysis`" + `. pvesec proves each statement over every command
line that the policy allows as root. The result is proven, disproven with an example, or unknown with the command that prevents a proof. Only a proven statement passes.

A statement is about the effects of commands (see [root findings](root-findings)). A path to root disproves every statement, because root can do everything. A program that nobody has
described leaves every statement unknown. Review the program and add it to ` + "`vouched`" + `.

` + "`never`" + ` also accepts a command as in a rule.
`)
	for _, s := range all {
		effects := make([]string, len(s.Effects))
		for i, e := range s.Effects {
			effects[i] = fmt.Sprintf("`%s` (%s)", e, e.Info().Title)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s A command line with the effect %s, or a path to root, disproves it.\n", s.Name, angled(s.Description), strings.Join(effects, ", "))
	}
	return b.String()
}
