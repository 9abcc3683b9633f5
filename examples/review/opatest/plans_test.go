package opatest

import (
	"slices"
	"strings"
	"testing"
)

// expected is what review.rego says of each recorded plan: everything that it refuses, and parts of what it warns of.
var expected = map[string]struct {
	deny  []string
	warns []string
}{
	"account": {deny: []string{
		"pvesec_node_account.owl: new_access: account owl gets key {\"key\":\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8rV0iyt2JWTJ6yJVu0u4vJKq0EtvYwqU1nbcxZyQ0k owl@example\",\"restrict\":true}, node pve1, shell /bin/bash",
		"pvesec_node_account.owl: new_access: account owl is new",
		"pvesec_node_account.owl: unending: the account never ends (expires)",
	}},
	"destroyed": {
		warns: []string{
			"audit logging is removed; logs that are there stay",
		},
	},
	"emergency": {
		deny: []string{
			"pvesec_break_glass.all: emergency: emergency access of someone to all commands, which is root, for 2h. Reason: the database does not start",
			"pvesec_break_glass.one: emergency: emergency access of someone to /usr/bin/id for 30m. Reason: nobody can log in",
		},
		warns: []string{"pvesec_break_glass.all: found: PVESEC-E0001 critical: "},
	},
	"exclusive": {
		warns: []string{"pvesec_sudoers_exclusive.nodes: pve1 loses the line /etc/sudoers.d/zz-foreignroot:1: foreignroot ALL=(ALL) NOPASSWD: ALL"},
	},
	"foreign-root": {
		deny: []string{
			"pvesec_sudoers_policy.foreignroot: root: an apply is refused: TEXT",
			"pvesec_sudoers_policy.foreignroot: root: sudo /usr/bin/id (PVESEC-E0001, critical), by /etc/sudoers.d/zz-foreignroot line 1 on pve1",
			"pvesec_sudoers_policy.foreignroot: root_on_node: the subject is root on pve1 by what the policy does not say: sudo /usr/bin/id (if not: the time is in the window ..20400101000000Z), sudo -e, sudo -l -U root",
		},
		warns: []string{
			"pve1 allows more than the policy: sudo /usr/bin/id (if not: the time is in the window ..20400101000000Z), sudo -e, sudo -l -U root",
			"the subject is root on pve1 until this is applied: sudo /usr/bin/id (if not: the time is in the window ..20400101000000Z), sudo -e, sudo -l -U root",
		},
	},
	"foreign-root-warned": {
		deny: []string{
			"pvesec_sudoers_policy.foreignwarned: root: sudo /usr/bin/id (PVESEC-E0001, critical), by /etc/sudoers.d/zz-foreignwarned line 1 on pve1",
			"pvesec_sudoers_policy.foreignwarned: root_on_node: the subject is root on pve1 by what the policy does not say: sudo /usr/bin/id (if not: the time is in the window ..20400101000000Z), sudo -e, sudo -l -U root",
		},
		warns: []string{
			"pve1 allows more than the policy: sudo /usr/bin/id (if not: the time is in the window ..20400101000000Z), sudo -e, sudo -l -U root",
			"the subject is root on pve1 until this is applied: sudo /usr/bin/id (if not: the time is in the window ..20400101000000Z), sudo -e, sudo -l -U root",
		},
	},
	"imported": {
		deny: []string{
			"pvesec_sudoers_policy.imported: root: an apply is refused: TEXT",
			"pvesec_sudoers_policy.imported: root: sudo /usr/bin/less /var/log/syslog (PVESEC-E2306, critical)",
			"pvesec_sudoers_policy.imported: unending: a rule of the policy never ends (not_after)",
		},
	},
	"logging": {
		deny: []string{
			"pvesec_audit_logging.one: unlogged: no longer logged: widened",
			"pvesec_audit_logging.one: unlogged: sudo's own log is switched off (sudo_log)",
		},
	},
	"modules": {
		deny: []string{
			`module.operators["moda"].pvesec_sudoers_policy.this["moda"]: new_access: wider: sudo /usr/bin/less /var/log/syslog (if the time is in the window ..20400101000000Z)`,
			`module.operators["moda"].pvesec_sudoers_policy.this["moda"]: root: sudo /usr/bin/less /var/log/syslog (PVESEC-E2306, critical)`,
			`module.operators["moda"].pvesec_sudoers_policy.this["moda"]: root: what other sudoers files of the nodes bring in is not known before the apply`,
			`module.operators["moda"].pvesec_sudoers_policy.this["moda"]: root_on_node: what node pve1 allows beyond the policy is not known before the apply`,
			`module.operators["modb"].pvesec_sudoers_policy.this["modb"]: new_access: wider: sudo /usr/bin/less /var/log/syslog (if the time is in the window ..20400101000000Z)`,
			`module.operators["modb"].pvesec_sudoers_policy.this["modb"]: root: sudo /usr/bin/less /var/log/syslog (PVESEC-E2306, critical)`,
			`module.operators["modb"].pvesec_sudoers_policy.this["modb"]: root: what other sudoers files of the nodes bring in is not known before the apply`,
			`module.operators["modb"].pvesec_sudoers_policy.this["modb"]: root_on_node: what node pve1 allows beyond the policy is not known before the apply`,
		},
	},
	"narrowed": {},
	"new": {
		deny: []string{
			"pvesec_sudoers_policy.new: new_access: wider: sudo /usr/bin/id (if the time is in the window ..20400101000000Z)",
		},
	},
	"new-unlogged": {
		deny: []string{
			"pvesec_sudoers_policy.newunlogged: new_access: wider: sudo /usr/bin/id (if the time is in the window ..20400101000000Z)",
			"pvesec_sudoers_policy.newunlogged: unlogged: whether node pve1 logs what it allows is not known before the apply",
		},
	},
	"node-skipped": {
		deny: []string{
			"pvesec_sudoers_policy.skipped: new_access: incomparable: sudo /usr/bin/id (if the time is in the window ..20400101000000Z) (on pve2)",
			"pvesec_sudoers_policy.skipped: skipped_node: node pve2 did not answer: nobody knows what it holds",
		},
	},
	"own-file-changed": {
		warns: []string{
			"the subject is root on pve1 until this is applied: sudo /usr/bin/id (if not: the time is in the window ..20400101000000Z), sudo -e, sudo -l -U root",
		},
	},
	"removed-from-code": {
		deny: []string{
			"pvesec_sudoers_policy.forgotten: forgotten: Terraform forgets it and leaves it in place: the access stays, and no plan shows it any more",
		},
	},
	"replaced": {
		deny: []string{
			"pvesec_sudoers_policy.replaced: new_access: wider: sudo /usr/bin/id (if the time is in the window ..20400101000000Z)",
		},
	},
	"root-accepted": {
		deny: []string{
			"pvesec_sudoers_policy.rootaccepted: new_access: wider: sudo /usr/bin/less /var/log/syslog (if the time is in the window ..20400101000000Z)",
		},
		warns: []string{
			"accepted: sudo /usr/bin/less /var/log/syslog (PVESEC-E2306, critical): reads one log",
		},
	},
	"root-narrowed": {
		warns: []string{
			"root: sudo /usr/bin/less /var/log/syslog (PVESEC-E2306, critical)",
		},
	},
	"root-refused": {
		deny: []string{
			"plan: plan: the plan has errors, so that nobody knows what an apply would do",
			"plan: plan: the plan is not complete (-target, or values that Terraform deferred)",
		},
	},
	"root-warned": {
		deny: []string{
			"pvesec_sudoers_policy.rootwarned: new_access: wider: sudo /usr/bin/less /var/log/syslog (if the time is in the window ..20400101000000Z)",
			"pvesec_sudoers_policy.rootwarned: root: sudo /usr/bin/less /var/log/syslog (PVESEC-E2306, critical)",
			"pvesec_sudoers_policy.rootwarned: root: what other sudoers files of the nodes bring in is not known before the apply",
			"pvesec_sudoers_policy.rootwarned: root_on_node: what node pve1 allows beyond the policy is not known before the apply",
		},
	},
	"tokens": {
		deny: []string{
			"pvesec_api_token.ends: new_access: new: the plan does not say what",
			"pvesec_api_token.stays: new_access: new: the plan does not say what",
			"pvesec_api_token.stays: unending: the token never ends",
			"pvesec_restricted_user.ends: new_access: a token that is new: inherits",
			"pvesec_restricted_user.ends: new_access: new: VM.Audit on /vms",
			"pvesec_restricted_user.stays: new_access: a token that is new: ci",
			"pvesec_restricted_user.stays: new_access: new: VM.Audit on /vms",
			"pvesec_restricted_user.stays: unending: the user never ends (expires_at)",
			"pvesec_restricted_user.stays: unending: token ci never ends",
		},
	},
	"unending": {
		deny: []string{
			`pvesec_sudoers_policy.unending: new_access: wider: sudo /usr/bin/id (if not: the time is in the window ..20400101000000Z); sudo /usr/bin/id: not_after "20400101000000Z" -> ""`,
			"pvesec_sudoers_policy.unending: unending: a rule of the policy never ends (not_after)",
		},
	},
	"unknown-subject": {
		deny: []string{
			"pvesec_sudoers_policy.someone: new_access: change is not known before the apply",
			"pvesec_sudoers_policy.someone: root: the analysis of the policy is not known before the apply",
			"pvesec_sudoers_policy.someone: unending: expires is not known before the apply",
			"pvesec_sudoers_policy.someone: unknown: content is not known before the apply",
			"pvesec_sudoers_policy.someone: unknown: grants is not known before the apply",
			"pvesec_sudoers_policy.someone: unknown: subject is not known before the apply",
			"pvesec_sudoers_policy.someone: unlogged: whether the nodes log what it allows is not known before the apply",
		},
	},
	"unlogged": {
		deny: []string{
			"pvesec_sudoers_policy.unlogged: new_access: wider: sudo /usr/bin/uptime (if the time is in the window ..20400101000000Z)",
			"pvesec_sudoers_policy.unlogged: unlogged: sudo on pve1 does not log all of it: /etc/sudoers.d/zz-unlogged:1: !syslog",
		},
		warns: []string{
			"found: sudo /usr/bin/id (PVESEC-E0009, medium), by /etc/sudoers.d/unlogged line 4 on pve1",
		},
	},
	"user-disabled": {
		warns: []string{
			"unending: the user never ends (expires_at)",
		},
	},
	"user-root-accepted": {
		deny: []string{
			"pvesec_restricted_user.root: new_access: wider: Permissions.Modify on /nodes",
			"pvesec_restricted_user.root: unending: the user never ends (expires_at)",
		},
		warns: []string{
			"accepted: pvesh set /access/acl --path /nodes --roles Administrator --users SELF && pvesh create /nodes/NODE/network --type OVSPort --iface port0 --ovs_bridge BRIDGE --ovs_options OPTIONS (PVESEC-P0005, critical): the pipeline gives access",
		},
	},
	"user-wider": {
		deny: []string{
			"pvesec_restricted_user.wider: new_access: wider: VM.PowerMgmt on /nodes",
			"pvesec_restricted_user.wider: unending: the user never ends (expires_at)",
		},
	},
	"widened": {
		deny: []string{
			"pvesec_sudoers_policy.widened: new_access: wider: sudo /usr/bin/uptime (if the time is in the window ..20400101000000Z)",
		},
	},
	"ways-in": {deny: []string{"pvesec_sshd_policy.ways: sshd: who gets in over SSH, or how, may change: match = [{\"force_command\":\"/usr/bin/id\",\"users\":[\"agent\"]}]"}},
}

// TestPlansAreJudged: every recorded plan is refused for what stands against it, and for nothing else.
func TestPlansAreJudged(t *testing.T) {
	t.Parallel()
	judge := newEngine(t, nil)
	plans := recordedPlans(t)
	for name, plan := range plans {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, known := expected[name]
			if !known {
				t.Fatal("nobody said what to expect of it")
			}
			said := judge.judge(t, plan)
			slices.Sort(want.deny)
			slices.Sort(said.Deny)
			if !slices.Equal(said.Deny, want.deny) {
				t.Errorf("refused for\n\t%s\nwant\n\t%s", strings.Join(said.Deny, "\n\t"), strings.Join(want.deny, "\n\t"))
			}
			for _, part := range want.warns {
				if !slices.ContainsFunc(said.Warn, func(line string) bool { return strings.Contains(line, part) }) {
					t.Errorf("no warning has %q:\n\t%s", part, strings.Join(said.Warn, "\n\t"))
				}
			}
			summarised(t, said)
		})
	}
	for name := range expected {
		if plans[name] == nil {
			t.Errorf("there is no plan %s", name)
		}
	}
}

// summarised: the summary says everything, each on one line and as code.
func summarised(t *testing.T, said judgement) {
	t.Helper()
	verdict := "**Nothing stands against this plan.**"
	if len(said.Deny) > 0 {
		verdict = "**Refused.**"
	}
	if !strings.Contains(said.Summary, verdict) {
		t.Errorf("the summary does not say %s:\n%s", verdict, said.Summary)
	}
	for _, line := range slices.Concat(said.Deny, said.Warn) {
		if item := "\n- `" + strings.NewReplacer("`", "'", "|", "¦", "\n", " ").Replace(line) + "`"; !strings.Contains(said.Summary+"\n", item) {
			t.Errorf("the summary lacks %q:\n%s", item, said.Summary)
		}
	}
}

// TestSummaryIsPlain: no text of a node ends the code that it is shown in.
func TestSummaryIsPlain(t *testing.T) {
	t.Parallel()
	plan := generic(t, recordedPlans(t)["widened"]).(map[string]any)
	after := plan["resource_changes"].([]any)[0].(map[string]any)["change"].(map[string]any)["after"].(map[string]any)
	after["change"].(map[string]any)["newly_allowed"] = []any{"sudo `x`\n\n# All is well\r\n| a | @everyone <img src=x>"}
	said := newEngine(t, nil).judge(t, plan)
	if len(said.Deny) == 0 {
		t.Error("not refused")
	}
	for _, line := range strings.Split(said.Summary, "\n") {
		if strings.HasPrefix(line, "# ") || strings.Contains(line, "@everyone") && (!strings.HasPrefix(line, "- `") || strings.Count(line, "`") != 2) {
			t.Errorf("a text of a node stands in Markdown: %s", line)
		}
	}
}

// TestNoPlanIsRefused: what is no plan, or is not one as Terraform writes it, is refused.
func TestNoPlanIsRefused(t *testing.T) {
	t.Parallel()
	judge := newEngine(t, nil)
	whole := func(change func(map[string]any)) any {
		plan := generic(t, recordedPlans(t)["narrowed"]).(map[string]any)
		change(plan)
		return plan
	}
	for name, input := range map[string]any{
		"nothing":           nil,
		"a list":            []any{},
		"a text":            "plan",
		"an empty object":   map[string]any{},
		"a state":           map[string]any{"format_version": "1.0", "terraform_version": "1.11.0", "values": map[string]any{}},
		"another format":    whole(func(p map[string]any) { p["format_version"] = "2.0" }),
		"errors":            whole(func(p map[string]any) { p["errored"] = true }),
		"incomplete":        whole(func(p map[string]any) { p["complete"] = false }),
		"deferred":          whole(func(p map[string]any) { p["deferred_changes"] = []any{map[string]any{"reason": "x"}} }),
		"no changes":        whole(func(p map[string]any) { p["resource_changes"] = []any{} }),
		"changes are a map": whole(func(p map[string]any) { p["resource_changes"] = map[string]any{} }),
		"a null change":     whole(func(p map[string]any) { p["resource_changes"] = append(p["resource_changes"].([]any), nil) }),
		"unknown action": whole(func(p map[string]any) {
			p["resource_changes"].([]any)[0].(map[string]any)["change"].(map[string]any)["actions"] = []any{"merge"}
		}),
	} {
		if said := judge.judge(t, input); len(said.Deny) == 0 {
			t.Errorf("%s is not refused", name)
		}
	}
}

// TestOtherResources: what pvesec has nothing to do with is not judged.
func TestOtherResources(t *testing.T) {
	t.Parallel()
	plan := generic(t, recordedPlans(t)["narrowed"]).(map[string]any)
	plan["resource_changes"] = append(plan["resource_changes"].([]any),
		map[string]any{
			"address": "terraform_data.x", "mode": "managed", "type": "terraform_data", "name": "x", "provider_name": "terraform.io/builtin/terraform",
			"change": map[string]any{"actions": []any{"create"}, "before": nil, "after": map[string]any{}, "after_unknown": map[string]any{"id": true}},
		},
		map[string]any{
			"address": "data.pvesec_sudoers_analysis.x", "mode": "data", "type": "pvesec_sudoers_analysis", "name": "x", "provider_name": "registry.terraform.io/pvesec/pvesec",
			"change": map[string]any{"actions": []any{"read"}, "before": nil, "after": map[string]any{}, "after_unknown": map[string]any{"json": true}},
		},
	)
	if said := newEngine(t, nil).judge(t, plan); len(said.Deny) > 0 {
		t.Errorf("refused for %q", said.Deny)
	}
}
