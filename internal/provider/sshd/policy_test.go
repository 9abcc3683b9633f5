package sshd

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
)

// memory is private state.
type memory map[string][]byte

func (m memory) GetKey(_ context.Context, key string) ([]byte, diag.Diagnostics) { return m[key], nil }

func (m memory) SetKey(_ context.Context, key string, value []byte) diag.Diagnostics {
	m[key] = value
	return nil
}

func judgedPlan(change func(*hardening.SshdPlan)) *hardening.SshdPlan {
	logins := func(tries string) map[string]map[string]string {
		return map[string]map[string]string{"pvesec": {"maxauthtries": tries}, "alice": {"maxauthtries": tries}}
	}
	plan := &hardening.SshdPlan{State: &hardening.SshdState{File: hardening.SshdPolicy{Name: "ops"}.StatusOf("x"), Content: "x", Effective: logins("3"), Without: logins("6")}}
	if change != nil {
		change(plan)
	}
	return plan
}

func stateOf(ctx context.Context, t *testing.T, plans map[string]*hardening.SshdPlan) *policyModel {
	t.Helper()
	var diags diag.Diagnostics
	entries := map[string]attr.Value{}
	for name, plan := range plans {
		entries[name] = entryOf(ctx, plan.State, &diags)
	}
	if diags.HasError() {
		t.Fatal(diags)
	}
	m := &policyModel{}
	m.Deployed = types.MapValueMust(deployedType, entries)
	return m
}

// openIn lists what of an entry is open, an element of a map as "attribute login".
func openIn(entry attr.Value) []string {
	var open []string
	attributes := entry.(types.Object).Attributes() //nolint:errcheck,forcetypeassert // of the test
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		value := attributes[name]
		if value.IsUnknown() {
			open = append(open, name)
		} else if logins, is := value.(types.Map); is {
			for _, login := range slices.Sorted(maps.Keys(logins.Elements())) {
				if logins.Elements()[login].IsUnknown() {
					open = append(open, name+" "+login)
				}
			}
		}
	}
	return open
}

// TestPlannedEntries: Terraform plans again before it applies and stops where a known value changed. What the same run
// can change is open where anything of the resource changes, on every node, and nothing is where nothing does.
func TestPlannedEntries(t *testing.T) {
	t.Parallel()
	line := []string{"/etc/ssh/sshd_config:9: allowusers eve"}
	shared := func(p *hardening.SshdPlan) { p.Open.Shared = true }
	grouped := func(p *hardening.SshdPlan) { p.Open.Logins = []string{"alice"} }
	beside := func(p *hardening.SshdPlan) { p.State.Overruled = line }
	for name, c := range map[string]struct {
		plan    func(*hardening.SshdPlan)
		state   func(*hardening.SshdPlan) // nil where there is no state
		changed bool
		want    string
	}{
		"a new one":                        {nil, nil, true, "effective_without"},
		"a new one beside another":         {shared, nil, true, "effective, effective_without, overruled"},
		"a new one with groups":            {grouped, nil, true, "effective alice, effective_without, overruled"},
		"nothing changes":                  {nil, func(*hardening.SshdPlan) {}, false, ""},
		"nothing changes beside another":   {shared, shared, false, ""},
		"nothing changes with groups":      {grouped, grouped, false, ""},
		"the configuration changes":        {nil, func(*hardening.SshdPlan) {}, true, ""},
		"it changes beside another":        {shared, shared, true, "effective, effective_without, overruled"},
		"it changes with groups":           {grouped, grouped, true, "effective alice, effective_without alice, overruled"},
		"the node has something else":      {grouped, func(p *hardening.SshdPlan) { p.State.Content = "y" }, false, "effective alice, effective_without alice, overruled"},
		"a line of another file":           {beside, beside, false, "overruled"},
		"a line of another file, and gone": {nil, beside, false, "overruled"},
	} {
		plan := judgedPlan(c.plan)
		var state *policyModel
		if c.state != nil {
			state = stateOf(t.Context(), t, map[string]*hardening.SshdPlan{"pve1": judgedPlan(c.state)})
		}
		var diags diag.Diagnostics
		entries := plannedEntries(t.Context(), map[string]*hardening.SshdPlan{"pve1": plan}, state, c.changed, &diags)
		if got := strings.Join(openIn(entries["pve1"]), ", "); got != c.want || diags.HasError() {
			t.Errorf("%s: open are %q, want %q; %v", name, got, c.want, diags)
		}
	}
	// One node that changes opens the others: the resource is planned again as a whole.
	plans := map[string]*hardening.SshdPlan{"pve1": judgedPlan(shared), "pve2": judgedPlan(func(p *hardening.SshdPlan) { p.State.Content = "z" })}
	state := stateOf(t.Context(), t, map[string]*hardening.SshdPlan{"pve1": judgedPlan(shared), "pve2": judgedPlan(nil)})
	var diags diag.Diagnostics
	if open := openIn(plannedEntries(t.Context(), plans, state, false, &diags)["pve1"]); len(open) != 3 {
		t.Errorf("open on the other node are %q", open)
	}
}

// TestPlanHolds: another policy with other settings that comes between a plan and its apply changes nothing of what was
// planned.
func TestPlanHolds(t *testing.T) {
	t.Parallel()
	var diags diag.Diagnostics
	for _, open := range []func(*hardening.SshdPlan){nil, func(p *hardening.SshdPlan) { p.Open.Logins = []string{"pvesec"} }} {
		planned := plannedEntries(t.Context(), map[string]*hardening.SshdPlan{"pve1": judgedPlan(open)}, nil, true, &diags)["pve1"]
		again := plannedEntries(t.Context(), map[string]*hardening.SshdPlan{"pve1": judgedPlan(func(p *hardening.SshdPlan) {
			if open != nil {
				open(p)
			}
			p.State.Without = map[string]map[string]string{"pvesec": {"maxauthtries": "9"}, "alice": {"maxauthtries": "9"}}
		})}, nil, true, &diags)["pve1"]
		if !planned.Equal(again) {
			t.Errorf("planned\n%s\nand again\n%s", planned, again)
		}
	}
}

// TestAppliedKeepsThePlan: after an apply a known value of the plan stays, and an open one is what was read back, or
// what was judged where nothing was.
func TestAppliedKeepsThePlan(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	plan := judgedPlan(func(p *hardening.SshdPlan) { p.Open.Logins = []string{"alice", "gone"} })
	plan.State.Effective["gone"] = map[string]string{"maxauthtries": "3"}
	found := &hardening.SshdState{
		File: hardening.SshdPolicy{Name: "ops"}.StatusOf("y"), Content: "y", Overruled: []string{"/etc/ssh/sshd_config:9: maxauthtries 20"},
		Effective: map[string]map[string]string{"pvesec": {"maxauthtries": "20"}, "alice": {"maxauthtries": "20"}}, Without: map[string]map[string]string{"pvesec": {"maxauthtries": "20"}},
	}
	for name, c := range map[string]struct {
		found          *hardening.SshdState
		alice, without string
		overruled      int
	}{"read back": {found, "20", "20", 1}, "not read back": {&hardening.SshdState{}, "3", "6", 0}} {
		var diags diag.Diagnostics
		m := &policyModel{planned: plannedEntries(ctx, map[string]*hardening.SshdPlan{"pve1": plan}, nil, true, &diags), installed: map[string]*hardening.SshdPlan{"pve1": plan}}
		m.Deployed = types.MapValueMust(deployedType, map[string]attr.Value{"pve1": m.Installed(ctx, c.found, &diags)})
		private := memory{}
		m.Applied(ctx, private, &diags)
		var entry deployedModel
		diags.Append(m.Deployed.Elements()["pve1"].(types.Object).As(ctx, &entry, basetypes.ObjectAsOptions{})...) //nolint:errcheck,forcetypeassert // of the test
		if diags.HasError() {
			t.Fatal(diags)
		}
		tries := func(all types.Map, login string) string {
			return all.Elements()[login].(types.Map).Elements()["maxauthtries"].(types.String).ValueString() //nolint:errcheck,forcetypeassert // of the test
		}
		if entry.Content.ValueString() != "x" || tries(entry.Effective, "pvesec") != "3" || tries(entry.Effective, "alice") != c.alice || tries(entry.Effective, "gone") != "3" {
			t.Errorf("%s: got %+v", name, entry)
		}
		if tries(entry.Without, "pvesec") != c.without || len(entry.Overruled.Elements()) != c.overruled {
			t.Errorf("%s: got %+v", name, entry)
		}
		if appliedFiles(ctx, private, &diags)["pve1"] != plan.State.File.SHA256 {
			t.Errorf("%s: recorded are %s", name, private)
		}
	}
}
