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
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/provider/values"
	"github.com/pvesec/terraform-provider-pvesec/internal/review"
)

// TestLinesThatHeldBack: a policy that loses a line can allow more, where the line held back what another file grants. Such a plan is not one that takes access away, and
// on_new_access = "deny" refuses it.
func TestLinesThatHeldBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pve1 := []node.Target{{Name: "pve1"}}
	const group = "%ops ALL=(root) /usr/bin/less /var/log/syslog"
	for name, c := range map[string]struct {
		held, wanted, foreign string
		targets               []node.Target
		unread                bool // nothing is recorded of the node's files
		takesAway             bool
		says                  string
	}{
		"a denial goes":           {"agent ALL=(root) /usr/bin/id, /usr/bin/uptime, !/usr/bin/less\n", "agent ALL=(root) /usr/bin/id\n", group, pve1, false, false, "/usr/bin/less"},
		"a denial stays":          {"agent ALL=(root) /usr/bin/id, /usr/bin/uptime, !/usr/bin/less\n", "agent ALL=(root) /usr/bin/id, !/usr/bin/less\n", group, pve1, false, true, ""},
		"nobody grants it":        {"agent ALL=(root) /usr/bin/id, /usr/bin/uptime, !/usr/bin/less\n", "agent ALL=(root) /usr/bin/id\n", "", pve1, false, true, ""},
		"off the node":            {"agent ALL=(root) /usr/bin/id, !/usr/bin/less\n", "agent ALL=(root) /usr/bin/id, !/usr/bin/less\n", group, nil, false, false, "/usr/bin/less"},
		"a node that is not read": {"agent ALL=(root) /usr/bin/id, /usr/bin/uptime\n", "agent ALL=(root) /usr/bin/id\n", group, pve1, true, false, "what other sudoers files of pve1 grant"},
	} {
		var diags diag.Diagnostics
		model := func(content string) *sudoersPolicyModel {
			return &sudoersPolicyModel{Name: types.StringValue("agent"), Subject: types.StringValue("agent"), Content: types.StringValue(content), SHA256: types.StringValue(hardening.Digest(content)),
				OnNewAccess: types.StringValue(denyNewAccess)}
		}
		state, plan := model(c.held), model(c.wanted)
		entry := deployedPolicyModel{Present: types.BoolValue(true), Mode: types.StringValue("0440"), Owner: types.StringValue("root:root"), SHA256: state.SHA256,
			Changes: values.StringList(nil), ForeignGrants: values.StringList(nil), Beyond: values.StringList(nil)}
		files := map[string]string{"/etc/sudoers": "@includedir /etc/sudoers.d\n"}
		if c.foreign != "" {
			entry.ForeignGrants = values.StringList([]string{"/etc/sudoers:1: " + c.foreign})
			files["/etc/sudoers"] = c.foreign + "\n@includedir /etc/sudoers.d\n"
		}
		observed := map[string]observedNode{}
		if !c.unread {
			observed["pve1"] = observedNode{Around: &hardening.Surroundings{Host: "pve1", SudoVersion: "1.9.16", Subjects: []policy.Subject{{Name: "agent", Groups: []string{"ops"}}}, Files: files}}
		}
		state.Deployed = types.MapValueMust(deployedPolicyType, map[string]attr.Value{"pve1": deployedEntry(ctx, entry, &diags)})
		plan.Deployed = types.MapValueMust(deployedPolicyType, map[string]attr.Value{})
		if len(c.targets) > 0 {
			plan.Deployed = state.Deployed
		}
		text, malformed := review.ParsePolicy("agent", "agent", c.wanted)
		if len(malformed) > 0 || diags.HasError() {
			t.Fatal(malformed, diags)
		}
		if got := plan.takesAway(ctx, text, state, observed, c.targets); got != c.takesAway {
			t.Errorf("%s: takes access away: %t", name, got)
		}
		plan.judgeNewAccess(ctx, text, state, held{state, observed}, true, &diags)
		if said := detailOf(diags); diags.HasError() != (c.says != "") || !strings.Contains(said, c.says) {
			t.Errorf("%s: said %q, want %q", name, said, c.says)
		}
	}
}

// TestSkippedNodesStayJudged: what was read last of a node that did not answer is kept, and what was read of a node that the policy left is not.
func TestSkippedNodesStayJudged(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var diags diag.Diagnostics
	private := privateMap{}
	around := func(text string) *hardening.SudoersState {
		return &hardening.SudoersState{Around: hardening.Surroundings{Files: map[string]string{"/etc/sudoers": text}}}
	}
	m := &sudoersPolicyModel{}
	m.Deployed = types.MapValueMust(deployedPolicyType, map[string]attr.Value{"pve1": types.ObjectNull(deployedPolicyType.AttrTypes), "pve3": types.ObjectNull(deployedPolicyType.AttrTypes)})
	m.setObserved(ctx, private, map[string]*hardening.SudoersState{"pve1": around("old"), "pve2": around("old"), "pve3": around("Defaults setenv")}, &diags)
	m.setObserved(ctx, private, map[string]*hardening.SudoersState{"pve1": around("new")}, &diags)
	observed := getObserved(ctx, private, &diags)
	if diags.HasError() {
		t.Fatal(diags)
	}
	if len(observed) != 2 || observed["pve1"].Around.Files["/etc/sudoers"] != "new" || observed["pve3"].Around.Files["/etc/sudoers"] != "Defaults setenv" {
		t.Errorf("recorded: %+v", observed)
	}
}

// privateMap is private state in memory.
type privateMap map[string][]byte

func (p privateMap) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) {
	return p[key], nil
}

func (p privateMap) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	p[key] = value
	return nil
}
