package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/escalation"
	"github.com/pvesec/terraform-provider-pvesec/internal/escalation/program"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
)

// writeGuides writes the pages that explain findings, from the catalogues that find them.
func writeGuides(target string) error {
	dir := filepath.Join(target, "guides")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the guides: %w", err)
	}
	presets, err := presetsGuide()
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"sudoers-findings.md": sudoersFindings(), "root-findings.md": rootFindings(), "presets.md": presets, "statements.md": statementsGuide(),
		"pve-findings.md": privilegesGuide(), "node-checks.md": checksGuide(), "benchmarks.md": benchmarksGuide(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("writing the guides: %w", err)
		}
	}
	return nil
}

// rootFindings explains every finding of the analysis: what it is about, why it leads to root, and how to grant safely.
func rootFindings() string {
	var b strings.Builder
	b.WriteString(`---
page_title: "Root findings - pvesec"
subcategory: "sudoers"
description: |-
  Sudo grants that lead to root on a Proxmox VE node, and how to grant the same work safely.
---

# Root findings

` + "`pvesec_sudoers_policy`" + ` shows these findings in its ` + "`analysis`" + ` attribute. Each finding has a command line that the policy allows. A finding that leads to root fails the plan, unless
` + "`accepted_risks`" + ` names its id, its effect or its program with a reason. An id is stable: it never changes its meaning.

A plan also finds what nobody planned: an acceptance that ended, or a file of a node that makes the subject root. While the configuration is the one that was applied last, this is a warning in the plan,
` + "`refused`" + ` lists the reasons, and ` + "`terraform plan -detailed-exitcode`" + ` returns 2. An apply that writes fails. ` + "`terraform destroy`" + ` works, although Terraform plans before it destroys.

pvesec describes a program by its operations. An operation is a set of arguments and the effects that they have. A command line that no operation covers is *undescribed*. This is a finding
too, because nobody has reviewed what it does.

Severity *critical* means that the grant alone leads to root. *High* means that it does under a condition, or that nobody has reviewed the command. *Medium* does not lead to root. A *disruptive* command
can stop or lose guests, services or data. The plan shows it, but it is not a finding.

## Grants of any command
`)
	for _, rule := range escalation.GrantRules() {
		fmt.Fprintf(&b, "\n### %s: %s\n\n%s Severity: %s.\n\n", rule.ID, rule.About, rule.Why, rule.Severity)
		example(&b, "Found", rule.Example)
		fmt.Fprintf(&b, "%s\n", rule.Fix)
		if rule.Options {
			optionsGuide(&b, rule.ID)
		}
	}
	b.WriteString("\n## Effects of command lines\n\n| effect | id | severity | what the command does |\n|---|---|---|---|\n")
	for _, e := range program.Effects() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", e.Effect, e.ID, e.Severity, e.Title)
	}
	for _, e := range program.Effects() {
		if e.Why != "" {
			fmt.Fprintf(&b, "\n### %s: %s\n\n%s\n\n%s\n", e.ID, e.Title, angled(e.Why), angled(e.Fix))
		}
	}
	b.WriteString("\n## Programs\n\nThe operations that pvesec knows of each program. All other command lines are undescribed.\n")
	for _, family := range program.Families() {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n", family.Title, angled(family.Fix))
		for _, p := range family.Programs {
			programGuide(&b, p)
		}
	}
	return b.String()
}

// optionsGuide lists the options that a finding is about, with the values that pass.
func optionsGuide(b *strings.Builder, id string) {
	fmt.Fprintf(b, "\nAccept one option by its name: `accepted_risks = { \"%s logfile\" = \"why\" }`. `env_file` and `secure_path` are found by other ids, without the option. Medium is an option that the policy itself does not use: another file of the node can. An acceptance also accepts the option once a file uses it, and with any other value: give it a last day with `accepted_until`.\n\nOptions that hold for somebody else are looked at, too: by the place, the address, the account or the mode that they name, his sudo may come into the hands of the caller. `Defaults` for a group, an id or a netgroup of which the caller may be are looked at as if they were his. Both are told with that condition.\n\n", id)
	b.WriteString("| option | takes effect | values that pass | for example |\n|---|---|---|---|\n")
	for _, o := range policy.VettedOptions() {
		fmt.Fprintf(b, "| `%s` | %s | %s | `Defaults %s` |\n", o.Name, o.Uses, o.Passes, o.Example)
	}
}

// programGuide lists the operations of a program.
func programGuide(b *strings.Builder, p *program.Program) {
	fmt.Fprintf(b, "\n#### %s\n\nSource: %s.\n\n", path.Base(p.Paths[0]), angled(p.Source))
	b.WriteString("| what it does | effects | id | for example |\n|---|---|---|---|\n")
	for _, o := range p.Operations {
		programRow(b, o, strings.TrimSpace(p.Paths[0]+" "+o.Examples[0]))
	}
	if o := p.Otherwise; o != nil {
		programRow(b, o, strings.TrimSpace(p.Paths[0]+" "+o.Example))
	}
}

func programRow(b *strings.Builder, o *program.Operation, line string) {
	names := make([]string, len(o.Effects))
	for i, e := range o.Effects {
		names[i] = "`" + string(e) + "`"
	}
	fmt.Fprintf(b, "| %s | %s | %s | `%s` |\n", angled(strings.ReplaceAll(o.Does, "|", "\\|")), strings.Join(names, ", "), o.ID, strings.NewReplacer("|", "\\|", "`", "'").Replace(line))
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
  Problems in sudoers policies that sudo accepts without an error.
---

# sudoers findings

Problems that sudo accepts without an error but that make the policy behave differently than intended. ` + "`pvesec_sudoers_policy`" + ` shows these findings in its ` + "`lint`" + `
attribute, and prints the warnings in the console. A finding of severity *error* fails the plan. An id is stable: it never changes its meaning.
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
