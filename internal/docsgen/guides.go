package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/policy/lint"
)

// writeGuides writes the pages that explain findings, from the catalogues that find them.
func writeGuides(target string) error {
	dir := filepath.Join(target, "guides")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the guides: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sudoers-findings.md"), []byte(sudoersFindings()), 0o644); err != nil {
		return fmt.Errorf("writing the guides: %w", err)
	}
	return nil
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
attribute, and warnings in the console as well. An id is stable: it is never given to another rule.
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
