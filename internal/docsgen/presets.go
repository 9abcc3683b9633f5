package main

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/preset"
)

// presetsGuide explains every preset: its parameters, its grants, and the operations that sudo cannot grant safely.
func presetsGuide() (string, error) {
	var b strings.Builder
	b.WriteString(`---
page_title: "Presets - pvesec"
subcategory: "sudoers"
description: |-
  Vetted sudo allow-lists for operators of Proxmox VE nodes.
---

# Presets

Presets are vetted sudo allow-lists for operators of Proxmox VE nodes. Use them in ` + "`preset`" + ` blocks of ` + "`pvesec_sudoers_document`" + `. A preset pins every argument, and tests prove that it has
no [root finding](root-findings). If you leave out an optional parameter, the preset leaves out the grants that use it. With its required parameters alone each preset
proves every [named statement](statements); a grant that disproves one says so.
`)
	for _, p := range preset.Presets() {
		fmt.Fprintf(&b, "\n## %s: %s\n\n%s\n", p.Name, p.Title, angled(p.Description))
		if len(p.Parameters) > 0 {
			b.WriteString("\nParameters:\n\n")
		}
		for _, parameter := range p.Parameters {
			how := "optional"
			switch {
			case parameter.Required:
				how = "required"
			case parameter.Default != "":
				how = "`" + parameter.Default + "` by default"
			}
			fmt.Fprintf(&b, "- `%s` (%s), for example `%s`: %s\n", parameter.Name, how, parameter.Example, angled(parameter.Description))
		}
		rules, err := p.Render(p.Example())
		if err != nil {
			return "", fmt.Errorf("preset %s: %w", p.Name, err)
		}
		b.WriteString("\nGrants with these example values:\n\n")
		for _, rule := range rules {
			fmt.Fprintf(&b, "- `%s`: %s\n", rule.Grant, angled(rule.Does))
			for _, grant := range p.Grants {
				if grant.Name == rule.Grant {
					fmt.Fprintf(&b, "  Allows: `sudo %s`\n", strings.Join(grant.Allows, "`, `sudo "))
					if len(grant.Disproves) > 0 {
						fmt.Fprintf(&b, "  A policy with it cannot promise `never = [\"%s\"]`.\n", strings.Join(grant.Disproves, `", "`))
					}
				}
			}
		}
		b.WriteString("\nThe same grants in sudoers syntax:\n\n```text\n")
		for _, rule := range rules {
			for _, command := range rule.Commands {
				b.WriteString(command + "\n")
			}
		}
		b.WriteString("```\n")
		if len(p.NotSafe) > 0 {
			b.WriteString("\nSudo cannot grant these operations safely:\n\n")
		}
		for _, n := range p.NotSafe {
			fmt.Fprintf(&b, "- %s (`%s`): %s", angled(n.Operation), strings.Join(n.Commands, "`, `"), angled(n.Why))
			if len(n.Instead) > 0 {
				privileges := make([]string, len(n.Instead))
				for i, privilege := range n.Instead {
					privileges[i] = "`" + privilege.Privilege + "` on `" + privilege.On + "`"
				}
				fmt.Fprintf(&b, " Instead: %s.", strings.Join(privileges, ", "))
			}
			if n.Note != "" {
				b.WriteString(" " + angled(n.Note))
			}
			b.WriteString("\n")
		}
	}
	return b.String(), nil
}
