package main

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// statementsGuide explains every statement that has a name: what it claims, and by which command lines it is disproved.
func statementsGuide() (string, error) {
	all, err := escalation.Statements()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(`---
page_title: "Statements - pvesec"
subcategory: "sudoers"
description: |-
  What a sudoers policy can be proven never to allow, by name.
---

# Statements

What a sudoers policy can be proven never to allow, by name: in ` + "`never`" + ` of ` + "`pvesec_sudoers_policy`" + ` and of ` + "`pvesec_sudoers_analysis`" + `. Each is proven over every command line that
the policy allows as root, and disproved by one. Whoever is as good as root does all of it: a way to root that the [root findings](root-findings) know disproves every
statement too, and what may be one leaves it unknown, which is not safe.

An expression is searched in the arguments joined by blanks. Of command lines that have no name here, ` + "`never`" + ` takes a command as in a rule.
`)
	for _, s := range all {
		fmt.Fprintf(&b, "\n## %s\n\n%s It is disproved by:\n\n", s.Name, angled(s.Description))
		for _, p := range s.Patterns {
			fmt.Fprintf(&b, "- `%s`", strings.Join(p.Commands, "`, `"))
			if p.ERE != "" {
				fmt.Fprintf(&b, " with arguments like\n\n  ```text\n  %s\n  ```\n", p.ERE)
			} else {
				b.WriteString(" with any arguments\n")
			}
		}
		if len(s.Classes) > 0 {
			classes := make([]string, len(s.Classes))
			for i, class := range s.Classes {
				classes[i] = "`" + string(class) + "`"
			}
			fmt.Fprintf(&b, "- every root finding of class %s\n", strings.Join(classes, ", "))
		}
	}
	return b.String(), nil
}
