package main

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/preset"
)

// presetsGuide explains every preset: its parameters, what it grants, and what sudo cannot grant safely.
func presetsGuide() (string, error) {
	all, err := preset.Presets()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(`---
page_title: "Presets - pvesec"
subcategory: "sudoers"
description: |-
  Vetted allow-lists for what operators of a Proxmox VE node do through sudo.
---

# Presets

Vetted allow-lists for what operators of a Proxmox VE node do through sudo, for the blocks ` + "`preset`" + ` of ` + "`pvesec_sudoers_document`" + `. Every argument is pinned, and each preset
is proven to have no [root finding](root-findings). A grant whose optional parameter is not given is left out, so that nothing is opened in silence.
`)
	for _, p := range all {
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
		b.WriteString("\nWhat it grants with these examples:\n\n")
		for _, rule := range rules {
			fmt.Fprintf(&b, "- `%s`: %s\n", rule.Grant, angled(rule.Does))
			for _, grant := range p.Grants {
				if grant.Name == rule.Grant {
					fmt.Fprintf(&b, "  Allows: `sudo %s`\n", strings.Join(grant.Allows, "`, `sudo "))
				}
			}
		}
		b.WriteString("\nAs they stand in sudoers:\n\n```text\n")
		for _, rule := range rules {
			for _, command := range rule.Commands {
				b.WriteString(command + "\n")
			}
		}
		b.WriteString("```\n")
		if len(p.NotSafe) > 0 {
			b.WriteString("\nWhat sudo cannot grant safely:\n\n")
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
