package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/posture/check"
)

// benchmarks are the documents of which the guide has a column each, by what their references begin with.
var benchmarks = []struct{ title, source string }{
	{"CIS 12", "CIS Debian Linux 12"}, {"CIS 13", "CIS Debian Linux 13"}, {"Proxmox VE 8", "Proxmox VE 8.x"}, {"Proxmox VE 9", "Proxmox VE 9.x"},
}

// settings are what brings checks about: an attribute, or a block and an attribute in it, with one of its values in
// parentheses, and the checks. The sections are those of the checks.
var settings = []struct {
	resource, attribute string
	checks              []string
}{
	{"pvesec_sudoers_policy", "document", []string{"PVESEC-C0101", "PVESEC-C0201", "PVESEC-C0301", "PVESEC-C0501", "PVESEC-C0601"}},
	{"pvesec_sudoers_policy", "exclusive", []string{"PVESEC-C0101", "PVESEC-C0102"}},
	{"pvesec_audit_logging", "sudo_log", []string{"PVESEC-C0801"}},
	{"pvesec_audit_logging", "rotation", []string{"PVESEC-C0815"}},
	{"pvesec_audit_logging", "journald.storage", []string{"PVESEC-C0810"}},
	{"pvesec_audit_logging", "forward_to", []string{"PVESEC-C0811"}},
	{"pvesec_audit_logging", "audit_rules", []string{"PVESEC-C0816"}},
	{"pvesec_audit_logging", "audit_rules.areas (sudoers)", []string{"PVESEC-C0817"}},
	{"pvesec_audit_logging", "audit_rules.areas (accounts)", []string{"PVESEC-C0818"}},
	{"pvesec_audit_logging", "audit_rules.areas (pve)", []string{"PVESEC-C0819"}},
	{"pvesec_audit_logging", "audit_rules.immutable", []string{"PVESEC-C0820"}},
	{"pvesec_sshd_policy", "allow_users", []string{"PVESEC-C0930"}},
	{"pvesec_sshd_policy", "allow_groups", []string{"PVESEC-C0930"}},
	{"pvesec_sshd_policy", "crypto_profile", []string{"PVESEC-C0926", "PVESEC-C0927", "PVESEC-C0928", "PVESEC-C0929"}},
	{"pvesec_sshd_policy", "ciphers", []string{"PVESEC-C0926"}},
	{"pvesec_sshd_policy", "macs", []string{"PVESEC-C0927"}},
	{"pvesec_sshd_policy", "kex_algorithms", []string{"PVESEC-C0928"}},
	{"pvesec_sshd_policy", "host_key_algorithms", []string{"PVESEC-C0929"}},
	{"pvesec_sshd_policy", "login_grace_time", []string{"PVESEC-C0919"}},
	{"pvesec_sshd_policy", "max_auth_tries", []string{"PVESEC-C0916"}},
	{"pvesec_sshd_policy", "permit_root_login", []string{"PVESEC-C0902"}},
	{"pvesec_node_account", "groups", []string{"PVESEC-C0105"}},
	{"pvesec_node_account", "uid", []string{"PVESEC-C0606"}},
	{"pvesec_node_account", "authorized_key", []string{"PVESEC-C1014"}},
	{"pvesec_restricted_user", "comment", []string{"PVESEC-C1106"}},
	{"pvesec_restricted_user", "grant", []string{"PVESEC-C1104"}},
	{"pvesec_restricted_user", "role", []string{"PVESEC-C1104"}},
	{"pvesec_restricted_user", "user_id", []string{"PVESEC-C1132"}},
	{"pvesec_api_token", "comment", []string{"PVESEC-C1117"}},
	{"pvesec_api_token", "expires_in", []string{"PVESEC-C1113", "PVESEC-C1114"}},
	{"pvesec_api_token", "grant", []string{"PVESEC-C1116"}},
	{"pvesec_api_token", "privilege_separation", []string{"PVESEC-C1112"}},
}

// benchmarksGuide tells which sections of the benchmarks an attribute is about.
func benchmarksGuide() string {
	all := check.Catalogue()
	var b strings.Builder
	b.WriteString(`---
page_title: "Attributes and benchmarks - pvesec"
subcategory: "Nodes"
description: |-
  Which attributes are about which sections of the CIS benchmarks for Debian and of the Proxmox VE hardening guides.
---

# Attributes and benchmarks

Each line is a setting of pvesec, the sections that it is about, and the checks of ` + "`pvesec_node_posture`" + ` that tell whether a node is so. A setting is in the sense of the section, and need not be its whole text.

The columns are the CIS Debian Linux 12 Benchmark v1.1.0 and 13 Benchmark v1.0.0, and the Proxmox VE 8.x Hardening Guide v0.9.4 and 9.x Hardening Guide v0.9.1 by HomeSecExplorer. [Checks of nodes](node-checks) has the sections that no setting of pvesec is about.
`)
	resource := ""
	for _, s := range settings {
		if s.resource != resource {
			resource = s.resource
			fmt.Fprintf(&b, "\n## %s\n\n| attribute |", resource)
			for _, benchmark := range benchmarks {
				b.WriteString(" " + benchmark.title + " |")
			}
			b.WriteString(" checks |\n|" + strings.Repeat("---|", len(benchmarks)+2) + "\n")
		}
		name, area, _ := strings.Cut(s.attribute, " ")
		fmt.Fprintf(&b, "| %s |", strings.TrimSpace("`"+name+"` "+area))
		for _, benchmark := range benchmarks {
			b.WriteString(" " + strings.Join(sections(all, s.checks, benchmark.source), ", ") + " |")
		}
		links := make([]string, len(s.checks))
		for i, id := range s.checks {
			links[i] = fmt.Sprintf("[%s](node-checks#%s)", id, strings.ToLower(id))
		}
		b.WriteString(" " + strings.Join(links, ", ") + " |\n")
	}
	return b.String()
}

// sections are those of a document that checks are about, each once.
func sections(all []check.Check, ids []string, source string) []string {
	var found []string
	for i := range all {
		if !slices.Contains(ids, all[i].ID) {
			continue
		}
		for _, r := range all[i].References {
			if strings.HasPrefix(r.Source, source) && !slices.Contains(found, r.Section) {
				found = append(found, r.Section)
			}
		}
	}
	return found
}
