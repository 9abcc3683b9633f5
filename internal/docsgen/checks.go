package main

import (
	"fmt"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

// checksGuide explains every check of nodes and of PVE, by family.
func checksGuide() string {
	all := check.Catalogue()
	var b strings.Builder
	fmt.Fprintf(&b, `---
page_title: "Checks of nodes - pvesec"
subcategory: "Nodes"
description: |-
  The checks of pvesec_node_posture: what each expects, why, and how to mend a failure.
---

# Checks of nodes

`+"`pvesec_node_posture`"+` judges nodes and Proxmox VE by these %d checks. An id is stable: it never changes its meaning. Level 1 suits all nodes. Level 2 has these and more, which cost comfort or suit high demands.

References are to sections of these documents: the CIS Debian Linux 12 Benchmark v1.1.0 and 13 Benchmark v1.0.0, the Proxmox VE 8.x Hardening Guide v0.9.4 and 9.x Hardening Guide v0.9.1 by HomeSecExplorer, the Proxmox VE Administration Guide, and manual pages. A check is in the sense of the
section, not the test that the section describes.
`, len(all))
	for _, family := range check.Families() {
		fmt.Fprintf(&b, "\n## %s\n\n| check | severity | level | title |\n|---|---|---|---|\n", upperFirst(string(family)))
		for i := range all {
			if c := &all[i]; c.Family == family {
				fmt.Fprintf(&b, "| [%s](#%s) | %s | %d | %s |\n", c.ID, strings.ToLower(c.ID), c.Severity, c.Level, cell(c.Title))
			}
		}
		for i := range all {
			if c := &all[i]; c.Family == family {
				references := make([]string, len(c.References))
				for j, r := range c.References {
					references[j] = angled(r.String())
				}
				fmt.Fprintf(&b, "\n### %s\n\n%s. %s\n\nExpected: %s.\n\nRemedy: %s\n\nReferences: %s.\n", c.ID, angled(c.Title), angled(c.Why), angled(c.Expected), angled(c.Remedy), strings.Join(references, "; "))
			}
		}
	}
	return b.String()
}

func cell(text string) string { return strings.ReplaceAll(angled(text), "|", "\\|") }

func upperFirst(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
