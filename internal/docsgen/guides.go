package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
)

// writeGuides writes the pages that explain findings, from the catalogues that find them.
func writeGuides(target string) error {
	dir := filepath.Join(target, "guides")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the guides: %w", err)
	}
	root, err := rootFindings()
	if err != nil {
		return err
	}
	presets, err := presetsGuide()
	if err != nil {
		return err
	}
	statements, err := statementsGuide()
	if err != nil {
		return err
	}
	for name, text := range map[string]string{"sudoers-findings.md": sudoersFindings(), "root-findings.md": root, "presets.md": presets, "statements.md": statements} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("writing the guides: %w", err)
		}
	}
	return nil
}

// rootFindings explains every finding of the analysis: what it is about, why it leads to root, and how to grant safely.
func rootFindings() (string, error) {
	families, err := escalation.CommandFamilies()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(`---
page_title: "Root findings - pvesec"
subcategory: "sudoers"
description: |-
  What leads from a sudo grant to root on a Proxmox VE node, and how to grant the same work safely.
---

# Root findings

What leads from a sudo grant to root on a Proxmox VE node. ` + "`pvesec_sudoers_policy`" + ` shows these findings in its ` + "`analysis`" + ` attribute, each with a command line
that the policy allows. One that is as good as root fails the plan, unless ` + "`accepted_risks`" + ` names its id with a reason. An id is stable: it is never given to another
finding.

Severity *critical* is root with the grant alone, *high* takes a circumstance besides, or is unknown; *medium* is not as good as root. What is *disruptive* can stop or
lose guests, services or data: it is shown, and no finding.

## Grants, whatever the command
`)
	for _, rule := range escalation.GrantRules() {
		fmt.Fprintf(&b, "\n### %s: %s\n\n%s Severity: %s.\n\n", rule.ID, rule.About, rule.Why, rule.Severity)
		example(&b, "Found", rule.Example)
		fmt.Fprintf(&b, "%s\n", rule.Fix)
	}
	known, err := escalation.KnownPrograms()
	if err != nil {
		return "", err
	}
	b.WriteString("\nKnown programs without findings of their own, by what they can be made to do:\n\n")
	for _, class := range []escalation.Class{escalation.Shell, escalation.Command, escalation.LibraryLoad, escalation.FileWrite, escalation.FileRead} {
		fmt.Fprintf(&b, "- %s: `%s`\n", class, strings.Join(known[class], "`, `"))
	}
	for _, family := range families {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", family.Title, angled(family.Fix))
		for _, rule := range family.Rules {
			fmt.Fprintf(&b, "\n### %s: %s\n\n%s Severity: %s.", rule.ID, rule.About, angled(rule.Why), rule.Severity)
			if rule.Needs != "" {
				fmt.Fprintf(&b, " Needs: %s.", angled(rule.Needs))
			}
			if rule.NoExecStops != nil && *rule.NoExecStops {
				b.WriteString(" NOEXEC stops it.")
			}
			b.WriteString("\n\n")
			example(&b, "For example", rule.Exploit())
			if len(rule.Commands) > 1 {
				fmt.Fprintf(&b, "Commands: `%s`.\n", strings.Join(rule.Commands, "`, `"))
			}
			if rule.Fix != "" {
				fmt.Fprintf(&b, "\n%s\n", angled(rule.Fix))
			}
		}
	}
	return b.String(), nil
}

// angled keeps Markdown from taking angle brackets and patterns of a text for markup.
func angled(text string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`).Replace(text)
}

// sudoersFindings explains every lint rule with an example and its fix.
func sudoersFindings() string {
	var b strings.Builder
	b.WriteString(`---
page_title: "sudoers findings - pvesec"
subcategory: "sudoers"
description: |-
  What sudo accepts in silence and then does not do as it was meant.
---

# sudoers findings

What sudo accepts in a policy in silence and then does not do as it was meant. ` + "`pvesec_sudoers_policy`" + ` shows these findings in its ` + "`lint`" + `
attribute, and warnings in the console as well. It refuses a policy with an error. An id is stable: it is never given to another rule.
`)
	for _, rule := range lint.Catalogue() {
		fmt.Fprintf(&b, "\n## %s: %s\n\n%s %s\n\nSeverity: %s.\n\n", rule.ID, rule.Name, rule.Summary, rule.Why, rule.Severity)
		example(&b, "Found", rule.Bad)
		example(&b, "Instead", rule.Good)
	}
	return b.String()
}

func example(b *strings.Builder, what, text string) {
	if text != "" {
		fmt.Fprintf(b, "%s:\n\n```text\n%s\n```\n\n", what, strings.TrimRight(text, "\n"))
	}
}
