package hardening

import (
	"slices"
	"testing"
)

// TestListed: only what sudo surely lists on every host as it is written is asked for.
func TestListed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		subject, content string
		commands         []string
	}{
		{"agent", "agent ALL=(root) NOPASSWD: /usr/bin/id, /usr/bin/w -h, /usr/bin/id -u\n", []string{"/usr/bin/id", "/usr/bin/w"}},
		{"agent", "Cmnd_Alias SHOW = /usr/bin/id, !/usr/bin/w\nagent ALL=SHOW\n", nil},
		{"agent", "agent pve1=/usr/bin/id\nagent ALL, !pve2=/usr/bin/w\nagent !ALL=/usr/bin/who\n", nil},
		{"agent", "agent ALL=/usr/bin/[ab], ^/usr/bin/x$, ALL, sudoedit /etc/motd, /opt/it\\,s\n", nil},
		{"%admins", "%admins ALL=/usr/bin/id\n", nil},
		{"agent", "agent ALL=(root /usr/bin/id\n", nil},
	} {
		var commands []string
		for _, listed := range (SudoersPolicy{Name: "agent", Subjects: []string{c.subject}, Content: c.content}).listed() {
			commands = append(commands, listed.Command)
			if listed.User != c.subject || listed.Path != "/etc/sudoers.d/agent" {
				t.Errorf("%q: %+v", c.content, listed)
			}
		}
		if !slices.Equal(commands, c.commands) {
			t.Errorf("%q: %q, want %q", c.content, commands, c.commands)
		}
	}
}
