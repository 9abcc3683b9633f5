package hardening

import (
	"slices"
	"testing"
)

// TestRotatedElsewhere: every way in which another file can name a log of ours is found with its line, and nothing else
// is.
func TestRotatedElsewhere(t *testing.T) {
	t.Parallel()
	a := AuditLogging{Name: "ops", Subjects: []string{"agent"}, SudoLog: &SudoLog{Directory: "/var/log", Mode: "0600", Format: "sudo"}, Rotation: &Rotation{Frequency: "daily", Keep: 1}}
	for text, want := range map[string][]string{
		"/var/log/sudo-agent.log {\n daily\n}\n":                                                               {"1: /var/log/sudo-agent.log"},
		"# x\n\n/var/log/a.log /var/log/sudo-*.log\n{\n rotate 4\n}\n":                                         {"3: /var/log/sudo-*.log"},
		"/var/log/a.log\n\"/var/log/sudo-agent.log\"\n/var/log/b.log {\n}\n":                                   {"2: /var/log/sudo-agent.log"},
		"/var/log/{messages,sudo-{agent,root}.log} {\n}\n":                                                     {"1: /var/log/{messages,sudo-{agent,root}.log}"},
		"/var/log/*.log{\n}\n":                                                                                 {"1: /var/log/*.log"},
		"/var/log/x {\n postrotate\n /var/log/sudo-agent.log\n}\nendscript\n}\n/var/log/sudo-agent.log {\n}\n": {"7: /var/log/sudo-agent.log"},
		"/var/log/sudo-agent.log { daily }\n/var/log/x {\n}\n":                                                 {"1: /var/log/sudo-agent.log"},
		"weekly\ninclude /var/log/sudo-agent.log\nolddir /var/log/sudo-agent.log\n":                            nil,
		"/var/log/*/*.log {\n}\n/var/log/sudo-agent.log.1 {\n}\n":                                              nil,
		"/var/log/x {\n# /var/log/sudo-agent.log {\n/var/log/sudo-agent.log\n}\n":                              nil,
		"/var/log/[ {\n}\n/var/log/{ {\n}\n\"\n":                                                               nil,
	} {
		m := newMemoryNodes("pve1")
		if err := a.Install(t.Context(), m, targets("pve1"), nil, nil, nil, silent); err != nil {
			t.Fatal(err)
		}
		m.write("pve1", "/etc/logrotate.conf", "weekly\ninclude /etc/logrotate.d\n")
		m.write("pve1", "/etc/logrotate.d/other", text)
		m.write("pve1", "/etc/logrotate.d/other.dpkg-old", "/var/log/sudo-agent.log {\n}\n")
		got, err := a.RotatedElsewhere(t.Context(), m, targets("pve1")[0])
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			want[i] = "/etc/logrotate.d/other:" + want[i]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if state, err := a.Observe(t.Context(), m, targets("pve1")[0]); err != nil || !slices.Equal(state.Overruled, want) {
			t.Errorf("%q: a refresh tells %q, %v, want %q", text, state.Overruled, err, want)
		}
	}
}
