package hardening

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestPurge: a removal takes the logs away where that is asked for, and never otherwise; recordings of others stay
// where the subjects are users.
func TestPurge(t *testing.T) {
	t.Parallel()
	users := settings()["full"]
	users.Subjects = []string{"agent", "bob"}
	for name, test := range map[string]struct {
		a    AuditLogging
		want []string
	}{
		"users":    {users, []string{"/var/lib/pvesec-security-ops", "/var/log/ops-security.log", "/var/log/sudo-agent.log", "/var/log/sudo-bob.log", "/var/log/sudo-io/agent", "/var/log/sudo-io/bob"}},
		"a group":  {settings()["full"], []string{"/var/lib/pvesec-security-ops", "/var/log/ops-security.log", "/var/log/sudo-agent.log", "/var/log/sudo-io", "/var/log/sudo-operators.log"}},
		"everyone": {settings()["everyone"], []string{"/var/lib/pvesec-security-ops", "/var/log/ops-security.log", "/var/log/sudo-io", "/var/log/sudo.log"}},
		"rules":    {settings()["rules"], nil},
	} {
		for _, purge := range []bool{false, true} {
			m := newMemoryNodes("pve1")
			test.a.PurgeLogs = purge
			if err := test.a.Remove(t.Context(), m, targets("pve1"), silent); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, file := range m.applied[0].Files {
				if file.Kind.Erases() && file.Path != test.a.keyPath() { // a key is no log
					got = append(got, file.Path)
					if log := strings.HasSuffix(file.Path, ".log"); log != (file.Kind == node.Erased) {
						t.Errorf("%s: %s goes as the wrong kind", name, file.Path)
					}
				}
			}
			slices.Sort(got)
			if want := test.want; purge && !slices.Equal(got, want) || !purge && got != nil {
				t.Errorf("%s, purge %v: %q, want %q", name, purge, got, want)
			}
			// Another node that the settings leave keeps its logs.
			if err := test.a.Install(t.Context(), m, nil, targets("pve1"), nil, nil, silent); err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(m.applied[1].Files, func(file node.File) bool { return file.Kind.Erases() && file.Path != test.a.keyPath() }) {
				t.Errorf("%s: a node that is left loses logs", name)
			}
		}
	}
}

// TestUnlogged: policies of pvesec about the subjects are told, and neither those about others nor files of somebody
// else.
func TestUnlogged(t *testing.T) {
	t.Parallel()
	policy := func(name, subject string) string {
		return "# " + PolicyHeader(name) + "\n" + subject + " ALL=(root) /usr/bin/id\n"
	}
	m := newMemoryNodes("pve1")
	m.write("pve1", "/etc/sudoers.d/agent", policy("agent", "agent"))
	m.write("pve1", "/etc/sudoers.d/ops", policy("ops", "%ops"))
	m.write("pve1", "/etc/sudoers.d/by-hand", "agent ALL=(root) /usr/bin/id\n")
	m.write("pve1", "/etc/sudoers.d/copied", policy("agent", "agent"))
	full := settings()["full"]
	for _, test := range []struct {
		a        AuditLogging
		subjects []string
		want     []string
	}{
		{full, []string{"agent"}, []string{"/etc/sudoers.d/agent"}},
		{full, []string{"%ops", "bob"}, []string{"/etc/sudoers.d/ops"}},
		{full, []string{"bob"}, nil},
		{full, nil, []string{"/etc/sudoers.d/agent", "/etc/sudoers.d/ops"}},
		{settings()["rules"], []string{"agent"}, nil},
	} {
		test.a.Subjects = test.subjects
		if got, err := test.a.Unlogged(t.Context(), m, targets("pve1")[0]); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, %v, want %q", test.subjects, got, err, test.want)
		}
	}
}
