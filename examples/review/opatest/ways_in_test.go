package opatest

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// wayIn is a plan about one recorded resource: how it was, how it will be, and what is said of it.
type wayIn struct {
	actions       string
	before, after map[string]any
	unknown       string
	// refused and warns are parts of what is said; nothing is refused without refused.
	refused, warns string
}

// judgeWayIn makes the plan of a recorded one and judges it.
func judgeWayIn(t *testing.T, judge engine, recorded string, w wayIn) (deny, warn string) {
	t.Helper()
	plan := generic(t, recordedPlans(t)[recorded]).(map[string]any)
	rc := plan["resource_changes"].([]any)[0].(map[string]any)
	plan["planned_values"] = map[string]any{"root_module": map[string]any{}}
	change := rc["change"].(map[string]any)
	after := change["after"].(map[string]any)
	before := maps.Clone(after)
	maps.Copy(before, w.before)
	maps.Copy(after, w.after)
	change["after_unknown"] = map[string]any{}
	if w.unknown != "" {
		delete(after, w.unknown)
		change["after_unknown"] = map[string]any{w.unknown: true}
	}
	actions := []any{}
	for _, action := range strings.Split(w.actions, ",") {
		actions = append(actions, action)
	}
	change["actions"], change["before"] = actions, before
	if slices.Contains(actions, "create") && len(actions) == 1 {
		change["before"] = nil
	}
	if w.actions == "delete" {
		change["after"] = nil
	}
	said := judge.judge(t, plan)
	return strings.Join(said.Deny, "\n"), strings.Join(said.Warn, "\n")
}

func judgeWaysIn(t *testing.T, recorded string, ways map[string]wayIn) {
	t.Helper()
	judge := newEngine(t, nil)
	for name, w := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			deny, warn := judgeWayIn(t, judge, recorded, w)
			if (deny == "") != (w.refused == "") || !strings.Contains(deny, w.refused) {
				t.Errorf("refused for %q, want %q", deny, w.refused)
			}
			if !strings.Contains(warn, w.warns) {
				t.Errorf("warns of %q, want %q", warn, w.warns)
			}
		})
	}
}

// TestAccounts: an account is refused where a change gives it a way to log in, a group, a node or time that it did not
// have, or where a finding stands against it; taking any of that away is not refused.
func TestAccounts(t *testing.T) {
	t.Parallel()
	key := []any{map[string]any{"key": "ssh-ed25519 AAAA other", "restrict": true}}
	two := map[string]any{"pve1": map[string]any{}, "pve2": map[string]any{}}
	root := []any{map[string]any{"id": "PVESEC-A0001", "severity": "high", "about": "group sudo", "accepted": nil}}
	accepted := []any{map[string]any{"id": "PVESEC-A0001", "severity": "high", "about": "group sudo", "accepted": "the administrator"}}
	minor := []any{map[string]any{"id": "PVESEC-A0101", "severity": "medium", "about": "key", "accepted": nil}}
	until := func(day any) map[string]any { return map[string]any{"expires": day} }
	with := func(maps ...map[string]any) map[string]any {
		all := until("2031-01-01")
		for _, one := range maps {
			for name, value := range one {
				all[name] = value
			}
		}
		return all
	}
	judgeWaysIn(t, "account", map[string]wayIn{
		"stays":                    {actions: "no-op", before: with(), after: with()},
		"stays without end":        {actions: "no-op", refused: "unending: the account never ends"},
		"is new":                   {actions: "create", after: with(), refused: "account owl is new"},
		"is replaced":              {actions: "delete,create", before: with(), after: with(), refused: "account owl is new"},
		"goes":                     {actions: "delete"},
		"another key":              {actions: "update", before: with(), after: with(map[string]any{"authorized_key": key}), refused: "new_access: account owl gets key"},
		"no key":                   {actions: "update", after: map[string]any{"authorized_key": []any{}}, warns: "unending"},
		"a key may come":           {actions: "update", before: with(), after: with(), unknown: "authorized_key", refused: "authorized_key is not known"},
		"a group":                  {actions: "update", before: with(), after: with(map[string]any{"groups": []any{"audio"}}), refused: "gets group audio"},
		"no group":                 {actions: "update", before: map[string]any{"groups": []any{"audio"}}, warns: "unending"},
		"a node":                   {actions: "update", before: with(), after: with(map[string]any{"deployed": two}), refused: "gets node pve2"},
		"fewer nodes":              {actions: "update", before: map[string]any{"deployed": two}, warns: "unending"},
		"unknown nodes":            {actions: "update", before: with(), after: with(), unknown: "deployed", refused: "the nodes are not known"},
		"a password":               {actions: "update", before: with(), after: with(map[string]any{"password_version": 1}), refused: "gets a password"},
		"another password":         {actions: "update", before: with(map[string]any{"password_version": 1}), after: with(map[string]any{"password_version": 2}), refused: "gets a password"},
		"no password":              {actions: "update", before: map[string]any{"password_version": 1}, warns: "unending"},
		"a shell":                  {actions: "update", before: with(map[string]any{"shell": "/usr/sbin/nologin"}), after: with(), refused: "gets shell /bin/bash"},
		"no shell":                 {actions: "update", after: map[string]any{"shell": "/usr/sbin/nologin"}, warns: "unending"},
		"longer":                   {actions: "update", before: with(), after: until("2032-01-01"), refused: "gets more time"},
		"without end":              {actions: "update", before: with(), after: until(nil), refused: "gets more time"},
		"shorter":                  {actions: "update", before: with(), after: until("2030-01-01")},
		"an end":                   {actions: "update", after: until("2031-01-01")},
		"keys of others":           {actions: "update", before: with(), after: with(map[string]any{"key_membership": "additive"}), refused: "gets key_membership = additive"},
		"takes over":               {actions: "update", before: with(), after: with(map[string]any{"adopt": true}), refused: "adopt"},
		"a comment":                {actions: "update", before: with(), after: with(map[string]any{"comment": "x"})},
		"root":                     {actions: "no-op", before: with(map[string]any{"findings": root}), after: with(map[string]any{"findings": root}), refused: "root: group sudo (PVESEC-A0001, high)"},
		"root that is accepted":    {actions: "no-op", before: with(), after: with(map[string]any{"findings": accepted}), warns: "accepted: group sudo (PVESEC-A0001, high)"},
		"a key without restrict":   {actions: "no-op", before: with(), after: with(map[string]any{"findings": minor}), warns: "found: key (PVESEC-A0101, medium)"},
		"unknown findings":         {actions: "no-op", before: with(), after: with(), unknown: "findings", refused: "findings is not known"},
		"findings that are none":   {actions: "no-op", before: with(), after: with(map[string]any{"findings": "none"}), refused: "its findings are no list"},
		"a problem on a node":      {actions: "no-op", before: with(map[string]any{"deployed": map[string]any{"pve1": map[string]any{"problems": []any{"PVESEC-A0202: another way in"}}}}), after: with(), warns: "on pve1: PVESEC-A0202"},
		"less of one that is root": {actions: "update", before: with(map[string]any{"findings": root, "groups": []any{"audio", "sudo"}}), after: with(map[string]any{"findings": root, "groups": []any{"sudo"}}), warns: "root: group sudo"},
	})
}

// TestSshdPolicies: a change of sshd is refused where it may let somebody in; what only closes is not.
func TestSshdPolicies(t *testing.T) {
	t.Parallel()
	set := func(name string, value any) map[string]any { return map[string]any{name: value} }
	two := map[string]any{"pve1": map[string]any{}, "pve2": map[string]any{}}
	judgeWaysIn(t, "ways-in", map[string]wayIn{
		"stays":                  {actions: "no-op"},
		"is new and only closes": {actions: "create", after: map[string]any{"match": []any{}, "permit_root_login": "prohibit-password", "crypto_profile": "strict"}},
		"closes":                 {actions: "update", before: map[string]any{"password_authentication": nil}, after: map[string]any{"permit_root_login": "no", "disable_forwarding": true, "allow_tcp_forwarding": "no"}},
		"passwords":              {actions: "update", after: set("password_authentication", true), refused: "password_authentication = true"},
		"passwords by default":   {actions: "update", after: set("password_authentication", nil), refused: "password_authentication = null"},
		"root":                   {actions: "update", after: set("permit_root_login", "yes"), refused: `permit_root_login = "yes"`},
		"root by keys":           {actions: "update", before: set("permit_root_login", "no"), after: set("permit_root_login", "prohibit-password"), refused: "permit_root_login"},
		"root no more":           {actions: "update", before: set("permit_root_login", "yes"), after: set("permit_root_login", "no")},
		"only some users":        {actions: "update", after: set("allow_users", []any{"root"})},
		"fewer users":            {actions: "update", before: set("allow_users", []any{"root", "op"}), after: set("allow_users", []any{"root"})},
		"one user more":          {actions: "update", before: set("allow_users", []any{"root"}), after: set("allow_users", []any{"root", "op"}), refused: "allow_users"},
		"all users":              {actions: "update", before: set("allow_users", []any{"root"}), after: set("allow_users", nil), refused: "allow_users = null"},
		"a block":                {actions: "update", after: set("match", []any{map[string]any{"users": []any{"op"}, "password_authentication": true}}), refused: `match = [{"password_authentication":true`},
		"an unknown block":       {actions: "update", unknown: "match", refused: "sshd: match is not known"},
		"weak ciphers":           {actions: "update", after: set("ciphers", []any{"aes128-cbc"}), refused: "ciphers"},
		"fewer nodes":            {actions: "update", before: set("deployed", two), refused: "sshd on pve2 no longer has the policy"},
		"unknown nodes":          {actions: "update", unknown: "deployed", refused: "the nodes are not known"},
		"goes":                   {actions: "delete", warns: "sshd then does what other files say"},
	})
}
