package main

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
)

// privilegesGuide explains every finding about PVE privileges: which privileges it needs and where, why they lead to
// root, a request that proves it, and what to grant instead.
func privilegesGuide() string {
	rules := escalation.Privileges()
	var b strings.Builder
	b.WriteString(`---
page_title: "PVE findings - pvesec"
subcategory: "Access"
description: |-
  Proxmox VE privileges that lead to root, and what to grant instead.
---

# PVE findings

Some Proxmox VE privileges lead to root on a node or to ` + "`root@pam`" + `. ` + "`pvesec_restricted_user`" + ` and ` + "`pvesec_api_token`" + ` show them in ` + "`findings`" + `. A finding fails the plan. Grant less, or
accept the finding with a reason:

` + "```terraform" + `
accepted_risks = { "PVESEC-P0009" = "the network team configures bridges" }
` + "```" + `

An id is stable: it never changes its meaning.

Severity *critical* means that the privileges alone lead to root. *High* means that they do under an additional condition, such as a server that the node can reach.

In paths and requests, words in capitals stand for names. A request is what PVE accepts from somebody who has these privileges and no others.
`)
	b.WriteString("\n| id | severity | privileges |\n|---|---|---|\n")
	for _, rule := range rules {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", rule.ID, strings.ToLower(rule.ID), rule.Severity, privileges(rule, "; "))
	}
	for _, rule := range rules {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", rule.ID, angled(rule.Why))
		if rule.Releases != "" {
			fmt.Fprintf(&b, "Only on Proxmox VE %s.\n\n", rule.Releases)
		}
		fmt.Fprintf(&b, "Severity: %s. Privileges:\n\n- %s\n\n", rule.Severity, privileges(rule, "\n- "))
		example(&b, "Example", rule.Witness)
		fmt.Fprintf(&b, "%s\n\nSource: %s.\n", angled(rule.Fix), angled(rule.Evidence))
	}
	return b.String()
}

// privileges lists what a rule needs. Alternative paths of one privilege are joined by "or".
func privileges(rule escalation.PrivilegeRule, separator string) string {
	needs := make([]string, len(rule.Needs))
	for i, need := range rule.Needs {
		needs[i] = "`" + need.Privilege + "` on `" + strings.Join(need.On, "` or `") + "`"
		if need.PowerfulMember {
			needs[i] += ", a group with a member that leads to root"
		}
		if need.PowerfulGroup {
			needs[i] += ", a group whose rights lead to root"
		}
		if need.AnyMember {
			needs[i] += ", a group with a member"
		}
		if need.Apart {
			needs[i] += ", of the user or of somebody whom it can take over"
		}
	}
	return strings.Join(needs, separator)
}
