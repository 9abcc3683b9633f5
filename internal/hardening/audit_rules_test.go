package hardening

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// withRules are settings with audit rules alone.
func withRules(subjects ...string) AuditLogging {
	return AuditLogging{Name: "ops", Subjects: subjects, AuditRules: &AuditRules{Areas: AuditAreas(), Paths: []string{"/usr/local/sbin"}, Backlog: 8192, Failure: "log"}}
}

// kernel is what a kernel says that took rules as auditctl of some version prints them.
func kernel(rules []string) *node.AuditStatus {
	return &node.AuditStatus{Enabled: 1, Failure: 1, Backlog: 8192, Rules: rules}
}

// printed are rules as auditctl prints them once the kernel has them: names as numbers, calls in another order, and
// what a permission stands for.
func printed(rules []string) []string {
	out := slices.Clone(rules)
	for i, rule := range out {
		rule = strings.NewReplacer("auid!=unset", "auid!=-1", "auid=agent", "auid=1001", "auid=bob", "auid=1002", "adjtimex,settimeofday", "settimeofday,adjtimex").Replace(rule)
		if strings.Contains(rule, "-F dir=") {
			rule = strings.Replace(rule, " -F dir=", " -S all -F dir=", 1)
		}
		out[i] = rule
	}
	return out
}

func TestAuditRulesInForce(t *testing.T) {
	t.Parallel()
	a := withRules("agent", "bob")
	all := printed(a.auditRules())
	other := func(old, with string) *node.AuditStatus {
		rules := slices.Clone(all)
		i := slices.IndexFunc(rules, func(rule string) bool { return strings.Contains(rule, old) })
		rules[i] = strings.Replace(rules[i], old, with, 1)
		return kernel(rules)
	}
	locked := kernel(all)
	locked.Enabled = 2
	lockedOther := kernel(all[1:])
	lockedOther.Enabled = 2
	off := kernel(all)
	off.Enabled = 0
	for name, test := range map[string]struct {
		status *node.AuditStatus
		want   string
	}{
		"all":          {kernel(all), AuditInForce},
		"with others":  {kernel(append([]string{"-w /srv -p wa -k other"}, all...)), AuditInForce},
		"one less":     {kernel(all[1:]), "39 of 40 rules"},
		"of another":   {other("auid=1001", "auid=1003"), "39 of 40 rules"},
		"one twice":    {other("auid=1001", "auid=1002"), "39 of 40 rules"},
		"the reverse":  {other("auid!=-1", "auid=-1"), "39 of 40 rules"},
		"a weaker one": {kernel(append(slices.Clone(all[1:]), strings.Replace(all[0], "-p wa", "-p x", 1))), "39 of 40 rules"},
		"locked":       {locked, AuditLocked},
		"locked other": {lockedOther, AuditAfterBoot},
		"off":          {off, "auditing is off"},
		"none":         {&node.AuditStatus{Problem: "Operation not permitted"}, "the kernel does not answer: Operation not permitted"},
		"no auditctl":  {&node.AuditStatus{Missing: true}, "auditctl is missing"},
	} {
		seen := &node.Observation{Audit: test.status, Accounts: map[string]node.Account{"agent": {Exists: true, UID: 1001}, "bob": {Exists: true, UID: 1002}}}
		if got := a.inForce(seen); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestHealthOfAuditRules: rules that the kernel does not have, and rules of others that keep all or some of them from
// recording, are problems; a locked kernel that follows with the next boot is told elsewhere.
func TestHealthOfAuditRules(t *testing.T) {
	t.Parallel()
	a := withRules()
	m := newMemoryNodes("pve1")
	all := printed(a.auditRules())
	const some = "the kernel has a rule that keeps the audit rules of /etc/audit/rules.d/pvesec-audit-ops.rules from recording some of what they are about: "
	after := kernel(all[1:])
	after.Enabled = 2
	for name, test := range map[string]struct {
		status *node.AuditStatus
		want   string
	}{
		"all": {kernel(all), ""}, "after boot": {after, ""},
		"one less":           {kernel(all[1:]), "the audit rules of /etc/audit/rules.d/pvesec-audit-ops.rules are not in force: 37 of 38 rules"},
		"never before ours":  {kernel(append([]string{"-a never,exit -S all -F uid=1001 -F key=x", "-a exit,never -F dir=/etc"}, all...)), some + "-a exit,never -F dir=/etc; " + some + "-a never,exit -S all -F uid=1001 -F key=x"},
		"never of a service": {kernel(append([]string{"-a never,exit -F arch=b64 -S adjtimex -F auid=-1 -F uid=998 -F key=chrony"}, all...)), ""},
		"never of root":      {kernel(append([]string{"-a never,exit -S adjtimex -F auid=-1 -F uid=0"}, all...)), some + "-a never,exit -S adjtimex -F auid=-1 -F uid=0"},
		"never of a session": {kernel(append([]string{"-a never,exit -S adjtimex -F auid=1001 -F uid=998"}, all...)), some + "-a never,exit -S adjtimex -F auid=1001 -F uid=998"},
		"never after ours":   {kernel(append(slices.Clone(all), "-a never,exit -F dir=/etc")), ""},
		"excluded":           {kernel(append(slices.Clone(all), "-a always,exclude -F msgtype=CWD", "-a exclude,never -F uid=1001", "-a never,exclude -F msgtype!=PATH")), some + "-a always,exclude -F msgtype=CWD; " + some + "-a exclude,never -F uid=1001; " + some + "-a never,exclude -F msgtype!=PATH"},
		"of no concern":      {kernel(append(slices.Clone(all), "-a always,exclude -F msgtype=CRYPTO_KEY_USER", "-a always,exit -F dir=/x")), ""},
		"silenced":           {kernel(append([]string{"-a never,task"}, all...)), "the kernel has a rule that keeps audit rules from recording anything: -a never,task"},
	} {
		m.audit = test.status
		state, err := a.Observe(t.Context(), m, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(state.Health.Problems, "; "); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	m.audit = after
	if err := a.Install(t.Context(), m, targets("pve1"), nil, nil, nil, silent); err != nil {
		t.Fatal(err)
	}
	report, err := ReportAudit(t.Context(), m, targets("pve1")[0], "ops", time.Time{}, nil)
	if err != nil || !slices.ContainsFunc(report.Problems, func(problem string) bool { return strings.Contains(problem, "take effect when the node boots") }) {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestReloadOfAuditRules: rules are loaded anew where the kernel has others, and left alone where it has them.
func TestReloadOfAuditRules(t *testing.T) {
	t.Parallel()
	a := withRules()
	for found, want := range map[string]bool{AuditInForce: false, AuditLocked: false, AuditAfterBoot: true, "3 of 4 rules": true} {
		m := newMemoryNodes("pve1")
		if err := a.Install(t.Context(), m, targets("pve1"), nil, map[string]*AuditState{"pve1": {AuditRules: found}}, nil, silent); err != nil {
			t.Fatal(err)
		}
		if got := m.applied[0].ReloadAuditRules; got != want {
			t.Errorf("%s: %v", found, got)
		}
	}
}

// TestPlannedAuditRules: a locked kernel keeps what it has until the node boots, and the plan says so.
func TestPlannedAuditRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		found   string
		changed bool
		want    string
	}{
		{"", true, AuditInForce}, {"3 of 4 rules", false, AuditInForce}, {AuditInForce, true, AuditInForce},
		{AuditLocked, false, AuditLocked}, {AuditLocked, true, AuditAfterBoot}, {AuditAfterBoot, false, AuditAfterBoot},
	} {
		if got := PlannedAuditRules(test.found, test.changed); got != test.want {
			t.Errorf("%q, changed %v: %q, want %q", test.found, test.changed, got, test.want)
		}
	}
}

// TestRootCommands: the kernel filters by the user who logged in, and knows no groups.
func TestRootCommands(t *testing.T) {
	t.Parallel()
	everyone := "-a always,exit -F arch=b64 -S execve,execveat -F euid=0 -F auid>=1000 -F auid!=unset -F key=pvesec-root_commands"
	for _, test := range []struct {
		subjects []string
		want     []string
	}{
		{nil, []string{everyone}},
		{[]string{"%operators", "agent"}, []string{everyone}},
		{[]string{"agent", "bob"}, []string{strings.Replace(everyone, "auid>=1000 -F auid!=unset", "auid=agent", 1), strings.Replace(everyone, "auid>=1000 -F auid!=unset", "auid=bob", 1)}},
	} {
		var got []string
		for _, rule := range withRules(test.subjects...).auditRules() {
			if strings.Contains(rule, "root_commands") && strings.Contains(rule, "b64") {
				got = append(got, rule)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.subjects, got, test.want)
		}
	}
}

// TestOverruledAuditRules: a line of another file that switches auditing off, or sets a limit that is in force instead,
// is told with its place.
func TestOverruledAuditRules(t *testing.T) {
	t.Parallel()
	a := withRules("agent")
	m := newMemoryNodes("pve1")
	if err := a.Install(t.Context(), m, targets("pve1"), nil, nil, nil, silent); err != nil {
		t.Fatal(err)
	}
	m.write("pve1", "/etc/audit/rules.d/audit.rules", "-D\n-b 64\n-f 2\n")
	m.write("pve1", "/etc/audit/rules.d/zz.rules", "# x\n-a never,task\n-b 64\n-e 0\n-a never,exit -F dir=/x\n")
	m.write("pve1", "/etc/audit/rules.d/ignored", "-e 0\n")
	m.audit = kernel(printed(a.auditRules()))
	m.accounts["agent"] = node.Account{Exists: true, UID: 1001}
	m.audit.Backlog = 64
	state, err := a.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/etc/audit/rules.d/audit.rules:2: -b 64", "/etc/audit/rules.d/zz.rules:2: -a never,task", "/etc/audit/rules.d/zz.rules:3: -b 64", "/etc/audit/rules.d/zz.rules:4: -e 0"}
	if !slices.Equal(state.Overruled, want) || state.AuditRules != AuditInForce {
		t.Errorf("got %q, %q", state.Overruled, state.AuditRules)
	}
	m.audit.Backlog = 8192
	m.write("pve1", "/etc/audit/rules.d/zz.rules", "-b 64\n")
	if state, err = a.Observe(t.Context(), m, targets("pve1")[0]); err != nil || len(state.Overruled) > 0 {
		t.Errorf("limits that are in force: %q, %v", state.Overruled, err)
	}
}

func TestAuditPaths(t *testing.T) {
	t.Parallel()
	for name, usable := range map[string]bool{
		"/usr/local/sbin": true, "/etc/x-y.d/@a+b": true,
		"/": false, "/etc/": false, "/etc/../x": false, "relative": false, "": false, "/a b": false, "/a\nb": false, "/a -k x": false, "/a#b": false,
	} {
		if err := CheckAuditPath(name); (err == nil) != usable {
			t.Errorf("CheckAuditPath(%q) = %v", name, err)
		}
	}
}
