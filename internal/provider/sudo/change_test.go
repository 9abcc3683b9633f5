package sudo

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// TestNewAccessIsJudgedWhereNodesMayBeSkipped: with on_unreachable = "skip" an entry of deployed that would change is
// unknown in the plan. What the node holds is recorded all the same, and on_new_access = "deny" refuses what is more
// than that, or cannot be compared.
func TestNewAccessIsJudgedWhereNodesMayBeSkipped(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const narrow, wide = "agent ALL=(root) /usr/bin/id\n", "agent ALL=(root) /usr/bin/id, /usr/bin/uptime\n"
	unknown := types.MapValueMust(deployedPolicyType, map[string]attr.Value{"pve1": types.ObjectUnknown(deployedPolicyType.AttrTypes)})
	more := types.MapValueMust(deployedPolicyType, map[string]attr.Value{
		"pve1": types.ObjectUnknown(deployedPolicyType.AttrTypes), "pve2": types.ObjectUnknown(deployedPolicyType.AttrTypes),
	})
	for name, c := range map[string]struct {
		held, wanted string
		deployed     types.Map
		says         string // "" for nothing
	}{
		"wider":                    {narrow, wide, unknown, "/usr/bin/uptime"},
		"narrower":                 {wide, narrow, unknown, ""},
		"the same":                 {wide, wide, unknown, ""},
		"a node more":              {narrow, narrow, more, "/usr/bin/id"},
		"nodes that are not known": {narrow, narrow, types.MapUnknown(deployedPolicyType), "not known yet"},
	} {
		var diags diag.Diagnostics
		model := func(content string) *sudoersPolicyModel {
			m := &sudoersPolicyModel{Name: types.StringValue("agent"), Subject: types.StringValue("agent"), Content: types.StringValue(content), OnNewAccess: types.StringValue(denyNewAccess)}
			m.SHA256 = types.StringValue(hardening.Digest(content))
			return m
		}
		state, plan := model(c.held), model(c.wanted)
		state.Deployed = types.MapValueMust(deployedPolicyType, map[string]attr.Value{"pve1": state.planned(ctx, values.StringList(nil), review.Beyond{}, &diags)})
		plan.Deployed = c.deployed
		text, malformed := review.ParsePolicy("agent", "agent", c.wanted)
		if len(malformed) > 0 {
			t.Fatal(malformed)
		}
		plan.judgeNewAccess(ctx, text, state, held{state: state}, false, &diags)
		switch said := detailOf(diags); {
		case c.says == "" && diags.HasError():
			t.Errorf("%s: refused: %s", name, said)
		case c.says != "" && (!diags.HasError() || !strings.Contains(said, c.says)):
			t.Errorf("%s: not refused for %q: %s", name, c.says, said)
		}
	}
}

func detailOf(diags diag.Diagnostics) string {
	var text strings.Builder
	for _, d := range diags {
		text.WriteString(d.Summary() + "\n" + d.Detail() + "\n")
	}
	return text.String()
}

// TestBothBoundsAreRefused: a sudo of a supported release ignores NOTBEFORE beside NOTAFTER, so that a rule for next
// year holds today.
func TestBothBoundsAreRefused(t *testing.T) {
	t.Parallel()
	for text, refused := range map[string]bool{
		"agent ALL=(root) NOTBEFORE=20300101000000Z NOTAFTER=20310101000000Z /usr/bin/id\n": true,
		"agent ALL=(root) NOTBEFORE=20300101000000Z /usr/bin/id\n":                          false,
		"agent ALL=(root) NOTAFTER=20310101000000Z /usr/bin/id\n":                           false,
	} {
		parsed, malformed := review.ParsePolicy("agent", "agent", text)
		if len(malformed) > 0 {
			t.Fatal(malformed)
		}
		var diags, warned diag.Diagnostics
		m := &sudoersPolicyModel{Content: types.StringValue(text)}
		m.refuseLint(context.Background(), parsed, &diags)
		if diags.HasError() != refused || refused && !strings.Contains(detailOf(diags), "PVESEC-S0019") {
			t.Errorf("%s: refused %t: %s", text, diags.HasError(), detailOf(diags))
		}
		m.Enforcement = types.StringValue(enforceWarn)
		m.refuseLint(context.Background(), parsed, &warned)
		if warned.HasError() || refused != (warned.WarningsCount() > 0) {
			t.Errorf("%s: with enforcement = \"warn\": %s", text, detailOf(warned))
		}
	}
}

// TestDeadPatternsAreRefused: a denial whose pattern matches nothing denies nothing. No setting of enforcement makes
// that a risk to take; of other findings it makes warnings.
func TestDeadPatternsAreRefused(t *testing.T) {
	t.Parallel()
	for text, id := range map[string]string{
		"agent ALL=(root) ALL, !/usr/bin/bash ^[a{300}b]$\n":           "PVESEC-S0011",
		"agent ALL=(root) ALL, !^/usr/bin/(bash$\n":                    "PVESEC-S0011",
		"agent ALL=(root) /usr/bin/bash, !/usr/bin/bash ^-c ^id$\n":    "PVESEC-S0021",
		"agent ALL=(root) /usr/bin/bash, !/usr/bin/bash ^-c (id|w)$\n": "",
	} {
		parsed, malformed := review.ParsePolicy("agent", "agent", text)
		if len(malformed) > 0 {
			t.Fatal(malformed)
		}
		for _, enforcement := range []string{enforceRefuse, enforceWarn} {
			var diags diag.Diagnostics
			m := &sudoersPolicyModel{Content: types.StringValue(text), Enforcement: types.StringValue(enforcement)}
			m.refuseLint(context.Background(), parsed, &diags)
			if diags.HasError() != (id != "") || !strings.Contains(detailOf(diags), id) {
				t.Errorf("%s with enforcement = %q: %s", text, enforcement, detailOf(diags))
			}
		}
	}
}

// TestStatementsAreCheckedWithoutAPolicy: terraform validate names a statement that is none, while nothing else is
// known.
func TestStatementsAreCheckedWithoutAPolicy(t *testing.T) {
	t.Parallel()
	for statement, bad := range map[string]bool{"edits sudoers": false, "/usr/bin/apt-get": false, "no-such-name": true, "/usr/bin/id ^(": true, "": true} {
		var diags diag.Diagnostics
		m := &sudoersPolicyModel{Never: values.StringList([]string{statement}), Always: types.ListNull(types.StringType)}
		m.checkStatements(context.Background(), &diags)
		if diags.HasError() != bad {
			t.Errorf("never %q: %s", statement, detailOf(diags))
		}
	}
	var diags diag.Diagnostics
	m := &sudoersPolicyModel{Never: types.ListNull(types.StringType), Always: values.StringList([]string{"qm start"})}
	m.checkStatements(context.Background(), &diags)
	if !diags.HasError() {
		t.Error("always takes a command without a path")
	}
}

// TestTakingAwayIsNeverRefused: a plan that only takes access away says what is left and is applied. One that also
// grants something is judged.
func TestTakingAwayIsNeverRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const all, shell, both = "agent ALL=(root) ALL\n", "agent ALL=(root) /bin/bash\n", "agent ALL=(root) /bin/bash, /usr/bin/id\n"
	pve1, pve2 := []node.Target{{Name: "pve1"}}, []node.Target{{Name: "pve1"}, {Name: "pve2"}}
	for name, c := range map[string]struct {
		held, wanted string
		recorded     []string
		targets      []node.Target
		changed      string // what somebody wrote into the file of pve1
		refused      bool
	}{
		"narrower":                  {both, shell, []string{"pve1"}, pve1, "", false},
		"much narrower":             {all, shell, []string{"pve1"}, pve1, "", false},
		"the same":                  {shell, shell, []string{"pve1"}, pve1, "", true},
		"wider":                     {shell, both, []string{"pve1"}, pve1, "", true},
		"less here, more there":     {"agent ALL=(root) /usr/bin/id\n", shell, []string{"pve1"}, pve1, "", true},
		"less, without a password":  {both, "agent ALL=(root) NOPASSWD: /bin/bash\n", []string{"pve1"}, pve1, "", true},
		"off a node":                {shell, shell, []string{"pve1", "pve2"}, pve1, "", false},
		"off a node, and more":      {shell, both, []string{"pve1", "pve2"}, pve1, "", true},
		"narrower, on a node more":  {both, shell, []string{"pve1"}, pve2, "", true},
		"what somebody added":       {shell, shell, []string{"pve1"}, pve1, all, false},
		"what somebody took, again": {shell, shell, []string{"pve1"}, pve1, "agent ALL=(root) /usr/bin/id\n", true},
	} {
		var diags diag.Diagnostics
		model := func(content string) *sudoersPolicyModel {
			return &sudoersPolicyModel{Name: types.StringValue("agent"), Subject: types.StringValue("agent"), Content: types.StringValue(content), SHA256: types.StringValue(hardening.Digest(content))}
		}
		state, plan := model(c.held), model(c.wanted)
		entries, observed := map[string]attr.Value{}, map[string]observedNode{}
		for _, on := range c.recorded {
			entry := deployedPolicyModel{Present: types.BoolValue(true), Mode: types.StringValue("0440"), Owner: types.StringValue("root:root"), SHA256: state.SHA256,
				Changes: values.StringList(nil), ForeignGrants: values.StringList(nil), Beyond: values.StringList(nil)}
			if c.changed != "" {
				entry.Changes, observed[on] = values.StringList([]string{"+ something"}), observedNode{Content: c.changed}
			}
			entries[on] = deployedEntry(ctx, entry, &diags)
		}
		state.Deployed = types.MapValueMust(deployedPolicyType, entries)
		text, malformed := review.ParsePolicy("agent", "agent", c.wanted)
		if len(malformed) > 0 || diags.HasError() {
			t.Fatal(malformed, diags)
		}
		plan.narrows = func() bool { return plan.takesAway(ctx, text, state, observed, c.targets) }
		plan.reportOwn(text, review.Acceptances{}, &diags)
		if diags.HasError() != c.refused || !c.refused && !strings.Contains(detailOf(diags), "not refused") {
			t.Errorf("%s: refused %t, said: %s", name, diags.HasError(), detailOf(diags))
		}
		diags = nil
		if plan.quiet = true; !c.refused {
			if plan.reportOwn(text, review.Acceptances{}, &diags); len(diags) > 0 {
				t.Errorf("%s: said twice: %s", name, detailOf(diags))
			}
		}
	}
	var diags diag.Diagnostics
	text, _ := review.ParsePolicy("agent", "agent", shell)
	created := &sudoersPolicyModel{Name: types.StringValue("agent"), Subject: types.StringValue("agent"), Content: types.StringValue(shell)}
	created.narrows = func() bool { return created.takesAway(ctx, text, nil, nil, pve1) }
	if created.reportOwn(text, review.Acceptances{}, &diags); !diags.HasError() {
		t.Error("a new policy is taken for one that takes away")
	}
}
