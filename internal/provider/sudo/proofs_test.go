package sudo

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// besideFile is a node that has one other sudoers file, which sudo reads last.
func besideFile(text string) hardening.Surroundings {
	return hardening.Surroundings{Subjects: []policy.Subject{{Name: "agent"}}, SudoVersion: "1.9.16p2", Files: map[string]string{
		"/etc/sudoers": "Defaults use_pty\n@includedir /etc/sudoers.d\n", "/etc/sudoers.d/z": text + "\n",
	}}
}

// TestAlwaysIsProvenOnNodes: a later rule of another file that takes a command away is told with its file and line,
// once for all nodes that have it, and is an error only of a configuration that changed.
func TestAlwaysIsProvenOnNodes(t *testing.T) {
	t.Parallel()
	const content = "agent ALL=(root) /usr/bin/id, /usr/bin/w\n"
	text, errs := review.ParsePolicy("agent", "agent", content)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	around := surroundings{recorded: true, on: map[string]hardening.Surroundings{
		"pve1": besideFile(""), "pve2": besideFile("# later\nagent ALL = !/usr/bin/w"), "pve3": besideFile("# later\nagent ALL = !/usr/bin/w"), "pve4": besideFile("agent ALL=(root) NOPASSWD: /usr/bin/w"),
	}}
	for name, c := range map[string]struct{ unchanged, exclusive, narrows, fails bool }{
		"changed": {fails: true}, "unchanged": {unchanged: true}, "exclusive": {exclusive: true, fails: true}, "narrowed": {narrows: true},
	} {
		m := &sudoersPolicyModel{
			Name: types.StringValue("agent"), Subject: types.StringValue("agent"), Content: types.StringValue(content), Exclusive: types.BoolValue(c.exclusive),
			Always: values.StringList([]string{"/usr/bin/id", "/usr/bin/w"}), Never: values.StringList(nil),
		}
		m.unchanged, m.narrows = c.unchanged, func() bool { return c.narrows }
		var diags diag.Diagnostics
		m.proveAround(t.Context(), text, around, &diags)
		if len(diags) != 1 || diags.HasError() != c.fails || diags[0].Summary() != `"/usr/bin/w" is not allowed on pve2, pve3` || !strings.Contains(detailOf(diags), "/etc/sudoers.d/z, line 2") {
			t.Errorf("%s: %v", name, diags)
		}
		if c.unchanged != (len(m.refused) == 1) {
			t.Errorf("%s: refused is %q", name, m.refused)
		}
	}
}

// TestNeverIsProvenOnNodes: an option of another file can make a rule of the policy allow what the policy alone does
// not. What the other file allows itself is no part of it.
func TestNeverIsProvenOnNodes(t *testing.T) {
	t.Parallel()
	const content = "agent ALL=(root) /usr/bin/uptime *, !/usr/bin/uptime ^.*$\n"
	text, errs := review.ParsePolicy("agent", "agent", content)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	around := surroundings{recorded: true, on: map[string]hardening.Surroundings{
		"pve1": besideFile(""), "pve2": besideFile("Defaults sudoers_locale=C.UTF-8"), "pve3": besideFile("Defaults sudoers_locale=C.UTF-8"), "pve4": besideFile("agent ALL=(root) NOPASSWD: /usr/bin/uptime -c x"),
		"pve5": besideFile("Defaults:carol sudoers_locale=C.UTF-8"),
	}}
	for name, unchanged := range map[string]bool{"changed": false, "unchanged": true} {
		m := &sudoersPolicyModel{
			Name: types.StringValue("agent"), Subject: types.StringValue("agent"), Content: types.StringValue(content), Exclusive: types.BoolValue(false),
			Never: values.StringList([]string{"/usr/bin/id", "/usr/bin/uptime ^-c "}), Always: values.StringList(nil),
		}
		m.unchanged = unchanged
		var diags diag.Diagnostics
		m.proveAround(t.Context(), text, around, &diags)
		if len(diags) != 1 || diags.HasError() == unchanged || diags[0].Summary() != `"/usr/bin/uptime ^-c " is not proven on pve2, pve3` || !strings.Contains(detailOf(diags), "C.UTF-8") {
			t.Errorf("%s: %v", name, diags)
		}
		if unchanged != (len(m.refused) == 1) {
			t.Errorf("%s: refused is %q", name, m.refused)
		}
	}
}

// TestProofsOnSilentNodes: a node of which nothing is known is named, and no other.
func TestProofsOnSilentNodes(t *testing.T) {
	t.Parallel()
	around := surroundings{on: map[string]hardening.Surroundings{"pve1": {}}}
	targets := []node.Target{{Name: "pve1"}, {Name: "pve2"}, {Name: "pve3"}}
	none, some := values.StringList(nil), values.StringList([]string{"/usr/bin/id"})
	for attribute, m := range map[string]*sudoersPolicyModel{"always": {Always: some, Never: none}, "never": {Always: none, Never: some}} {
		var diags diag.Diagnostics
		m.warnOfUnproven(around, targets, &diags)
		if len(diags) != 1 || diags.HasError() || diags[0].Summary() != "Unable to prove "+attribute+" on pve2, pve3" {
			t.Errorf("%s: %v", attribute, diags)
		}
		diags = nil
		m.warnOfUnproven(around, targets[:1], &diags)
		(&sudoersPolicyModel{Always: none, Never: none}).warnOfUnproven(around, targets, &diags)
		if len(diags) != 0 {
			t.Errorf("%s: %v", attribute, diags)
		}
	}
}

// TestRootByOptions: an option of another file that makes a grant of the policy dangerous is root on the node, without
// any other grant. Options that do not are quiet.
func TestRootByOptions(t *testing.T) {
	t.Parallel()
	const content = "agent ALL=(root) NOPASSWD: /usr/bin/id\n"
	text, errs := review.ParsePolicy("agent", "agent", content)
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	reader := newBeyondReader(hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: content}, text)
	for name, c := range map[string]struct {
		other string
		root  bool
	}{
		"a stock node":      {"", false},
		"a library":         {"Defaults env_keep += LD_PRELOAD", true},
		"for the subject":   {"Defaults:agent !env_reset", true},
		"for somebody else": {"Defaults:carol env_keep += LD_PRELOAD", false},
		"logs":              {"Defaults log_output", false},
	} {
		around := hardening.Surroundings{Subjects: []policy.Subject{{Name: "agent"}}, SudoVersion: "1.9.16p2", Files: map[string]string{
			"/etc/sudoers":     "Defaults env_reset, use_pty, mail_badpass\nDefaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n@includedir /etc/sudoers.d\n",
			"/etc/sudoers.d/z": c.other + "\n",
		}}
		if review.OptionsAround(around) != (c.other != "") {
			t.Errorf("%s: options around: %v", name, review.OptionsAround(around))
		}
		beyond := reader.today(&hardening.SudoersState{File: hardening.FileStatus{Present: true}, Content: content, Around: around})
		if beyond.Root != c.root {
			t.Errorf("%s: %+v", name, beyond)
		}
	}
}
