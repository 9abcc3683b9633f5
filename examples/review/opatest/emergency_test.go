package opatest

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestEmergencies: an emergency access is refused where an apply opens it or makes it more, and a reviewer reads of
// each that is open. One that stays as it is, or ends, is not refused.
func TestEmergencies(t *testing.T) {
	t.Parallel()
	judge := newEngine(t, nil)
	for name, test := range map[string]struct {
		actions []any
		// differs is what the plan has other than the state, unknown what it does not know.
		differs map[string]any
		unknown string
		status  string
		refused string
		warns   string
	}{
		"stays open":             {actions: []any{"no-op"}, status: "running", warns: "emergency access of someone is open until 2026-12-01T00:00:00Z. Reason: the database does not start"},
		"begins later":           {actions: []any{"no-op"}, status: "scheduled", warns: "is open until"},
		"an unheard-of status":   {actions: []any{"no-op"}, status: "paused", warns: "is open until"},
		"has ended":              {actions: []any{"no-op"}, status: "expired", warns: "has ended: remove the resource"},
		"is destroyed":           {actions: []any{"delete"}, status: "running", warns: "is open until"},
		"its files are mended":   {actions: []any{"update"}, status: "running", warns: "is open until"},
		"ends sessions too":      {actions: []any{"update"}, status: "running", differs: map[string]any{"end_sessions": true}, warns: "is open until"},
		"is renewed":             {actions: []any{"update"}, status: "expired", differs: map[string]any{"renew_id": "2"}, refused: "all commands, which is root, for 2h"},
		"may be renewed":         {actions: []any{"update"}, status: "expired", unknown: "renew_id", refused: "renew_id is not known before the apply"},
		"asks no password":       {actions: []any{"update"}, status: "running", differs: map[string]any{"require_password": false}, refused: "emergency access of someone"},
		"records less":           {actions: []any{"update"}, status: "running", differs: map[string]any{"require_logging": false}, refused: "emergency access of someone"},
		"of somebody else":       {actions: []any{"update"}, status: "expired", differs: map[string]any{"subject": "mallory"}, refused: "emergency access of mallory"},
		"of somebody unknown":    {actions: []any{"create"}, unknown: "subject", refused: "subject is not known before the apply"},
		"to unknown commands":    {actions: []any{"create"}, differs: map[string]any{"all_commands": nil}, unknown: "commands", refused: "commands that the plan does not say, perhaps all"},
		"may be all":             {actions: []any{"create"}, differs: map[string]any{"commands": []any{"/usr/bin/id"}}, unknown: "all_commands", refused: "commands that the plan does not say, perhaps all"},
		"a command that is root": {actions: []any{"create"}, differs: map[string]any{"all_commands": nil, "commands": []any{"/usr/bin/vi"}}, refused: "/usr/bin/vi, which leads to root, for 2h"},
		"replaced":               {actions: []any{"delete", "create"}, status: "running", refused: "all commands, which is root, for 2h"},
		"forgotten":              {actions: []any{"forget"}, status: "running", refused: "Terraform forgets it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := generic(t, recordedPlans(t)["emergency"]).(map[string]any)
			changes := plan["resource_changes"].([]any)
			index := slices.IndexFunc(changes, func(rc any) bool { return rc.(map[string]any)["address"] == "pvesec_break_glass.all" })
			plan["resource_changes"] = changes[index : index+1]
			plan["planned_values"] = map[string]any{"root_module": map[string]any{}}
			change := changes[index].(map[string]any)["change"].(map[string]any)
			after := change["after"].(map[string]any)
			before := maps.Clone(after)
			maps.Copy(before, map[string]any{"status": test.status, "expires_at": "2026-12-01T00:00:00Z", "nodes_skipped": []any{}, "deployed": map[string]any{}})
			change["before"], change["actions"], change["after_unknown"] = before, test.actions, map[string]any{}
			if test.status == "" {
				change["before"] = nil
			}
			for name, value := range before {
				if _, known := after[name]; !known || slices.Contains([]string{"status", "expires_at"}, name) {
					after[name] = value
				}
			}
			maps.Copy(after, test.differs)
			if test.unknown != "" {
				delete(after, test.unknown)
				change["after_unknown"] = map[string]any{test.unknown: true}
			}
			if slices.Contains(test.actions, "delete") && len(test.actions) == 1 || slices.Contains(test.actions, "forget") {
				change["after"] = nil
			}
			said := judge.judge(t, plan)
			if deny := strings.Join(said.Deny, "\n"); (deny == "") != (test.refused == "") || !strings.Contains(deny, test.refused) {
				t.Errorf("refused for %q, want %q", deny, test.refused)
			}
			if warn := strings.Join(said.Warn, "\n"); !strings.Contains(warn, test.warns) {
				t.Errorf("warns of %q, want %q", warn, test.warns)
			}
		})
	}
}
