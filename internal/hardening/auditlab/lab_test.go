package auditlab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/lab"
	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// audited is a node with audit logging.
type audited struct {
	*lab.Node
	t     testing.TB
	pool  *node.Pool
	audit hardening.AuditLogging
}

// logging is audit logging with all its parts, as the resource has it by default.
func logging(subjects ...string) hardening.AuditLogging {
	return hardening.AuditLogging{
		Name: "ops", Subjects: subjects, Require: true,
		SudoLog: &hardening.SudoLog{Directory: "/var/log/ops", Mode: "0600", Format: "sudo"},
		IOLogs: &hardening.IOLogs{Output: true, Directory: "/var/log/ops/sudo-io", Mode: "0600", MaxSessions: 2000,
			Bounds: hardening.Bounds{MaxAgeDays: 365, MaxSizeMiB: 1024, MinFreePercent: 1}},
		SecurityLog: &hardening.SecurityLog{Path: "/var/log/ops/security.log", Mode: "0600", Collector: hardening.Journald},
		Rotation:    &hardening.Rotation{Frequency: "weekly", Keep: 4},
	}
}

// install puts audit logging onto a new node. agent may run id there.
func install(tb testing.TB, spec lab.NodeSpec, audit hardening.AuditLogging) *audited {
	tb.Helper()
	c := lab.ForTest(tb, lab.ClusterSpec{Nodes: []lab.NodeSpec{spec}})
	pool, err := node.NewPool(node.Config{User: "root", PrivateKey: c.SSHKeyPEM, KnownHosts: c.KnownHosts(), Timing: node.Timing{Keepalive: time.Second}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { pool.Close() })
	a := &audited{Node: c.Nodes[0], t: tb, pool: pool, audit: audit}
	a.run("mkdir -p /var/log/ops; id agent >/dev/null 2>&1 || useradd -m agent; echo 'agent ALL=(root) NOPASSWD: /usr/bin/id' >/etc/sudoers.d/test; chmod 0440 /etc/sudoers.d/test")
	a.apply()
	return a
}

func (a *audited) target() node.Target {
	return node.Target{Name: a.Name, Address: a.Address, Port: a.Port}
}

// apply installs the settings, or installs them anew.
func (a *audited) apply() {
	a.t.Helper()
	if err := a.audit.Install(a.t.Context(), a.pool, []node.Target{a.target()}, nil, nil, a.audit.Render(), nil); err != nil {
		a.t.Fatal(err)
	}
}

// run runs a script on the node from outside of SSH.
func (a *audited) run(script string) string {
	a.t.Helper()
	out, err := a.Shell(a.t.Context(), script)
	if err != nil {
		a.t.Fatalf("%s: %v\n%s", a.Name, err, out)
	}
	return strings.TrimSpace(out)
}

// health reads the node as a refresh does.
func (a *audited) health() hardening.AuditHealth {
	a.t.Helper()
	state, err := a.audit.Observe(a.t.Context(), a.pool, a.target())
	if err != nil {
		a.t.Fatalf("a read fails: %v", err)
	}
	return state.Health
}

// notices sees to it that health tells one problem, once it does.
func (a *audited) notices(what string, wanted ...string) {
	a.t.Helper()
	want := strings.Join(wanted, "; ")
	var got string
	for range 600 {
		if got = strings.Join(a.health().Problems, "; "); got == want {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	a.t.Errorf("%s: health tells\n%q, want\n%q\n%s", what, got, want, a.run("tail -n 3 /var/log/ops/security.log; systemctl status pvesec-security-ops.service | tail -n 20; df /var/log; date"))
}
