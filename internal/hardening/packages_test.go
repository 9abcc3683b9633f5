package hardening

import (
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestLacking: a node says of what it lacks which packages have it; what it was not asked for is not known to lack.
func TestLacking(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	if state := mustObserve(t, SudoersPolicy{Name: "agent", Subjects: []string{"agent"}}, m, "pve1"); state.Lacks != nil {
		t.Errorf("lacks %q", state.Lacks)
	}
	m.lacks = []string{"visudo", "rsyslogd", "logrotate"}
	if state := mustObserve(t, SudoersPolicy{Name: "agent", Subjects: []string{"agent"}}, m, "pve1"); !slices.Equal(state.Lacks, []string{"sudo"}) {
		t.Errorf("the policy lacks %q", state.Lacks)
	}
	for name, c := range map[string]struct {
		settings AuditLogging
		want     []string
	}{
		"journald": {AuditLogging{Name: "ops", SecurityLog: &SecurityLog{Path: "/var/log/s.log", Mode: "0600", Collector: Journald}}, nil},
		"rsyslog": {AuditLogging{Name: "ops", SecurityLog: &SecurityLog{Path: "/var/log/s.log", Mode: "0600", Collector: Rsyslog}, SudoLog: &SudoLog{Directory: "/var/log", Mode: "0600"},
			Rotation: &Rotation{Frequency: "daily", Keep: 1}}, []string{"logrotate", "rsyslog", "sudo"}},
	} {
		state, err := c.settings.Observe(t.Context(), m, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(state.Lacks, c.want) {
			t.Errorf("%s: lacks %q, want %q", name, state.Lacks, c.want)
		}
	}
	if got := Lacking(&node.Observation{Commands: map[string]string{"no-such": ""}}, []string{"no-such", "unasked"}); !slices.Equal(got, []string{"no-such"}) {
		t.Errorf("without a package: %q", got)
	}
}

// TestInstallingPackages: every change may install what it needs, and who it is made by stays known.
func TestInstallingPackages(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	var told []string
	nodes := InstallingPackages(m, func(node string, packages []string) { told = append(told, node+packages[0]) })
	p := SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n"}
	if _, err := p.Install(t.Context(), nodes, targets("pve1"), nil, nil, silent); err != nil {
		t.Fatal(err)
	}
	change := m.applied[0]
	change.Installed([]string{"sudo"})
	if !change.InstallPackages || !slices.Equal(change.RequireCommands, []string{"visudo"}) || !slices.Equal(told, []string{"pve1sudo"}) {
		t.Errorf("%+v, told %q", change, told)
	}
	operator, known := nodes.(Operator)
	if !known {
		t.Fatal("the operator is not known")
	}
	if name, _ := operator.Operator(); name != "root" {
		t.Errorf("operator %q", name)
	}
}
