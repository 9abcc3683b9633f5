package hardening

import (
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/node"
)

// TestOverruledLogging: a line of another file that switches a log off, or sends it elsewhere, is found, for the
// subjects that it concerns.
func TestOverruledLogging(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		subjects          []string
		main, foreign     string
		want              []string
		withoutRecordings bool
		alone             bool
	}{
		"the stock options":          {main: "Defaults env_reset\nDefaults use_pty\nDefaults secure_path=/usr/bin\nroot ALL=(ALL:ALL) ALL", subjects: []string{"carol"}},
		"switched off":               {foreign: "Defaults:carol !log_output, !logfile", subjects: []string{"carol"}, want: []string{"/etc/sudoers.d/zz:1: !log_output", "/etc/sudoers.d/zz:1: !logfile"}},
		"switched off before":        {main: "Defaults:carol !log_output", subjects: []string{"carol"}},
		"for another":                {foreign: "Defaults:dave !log_output", subjects: []string{"carol"}},
		"for all, ours is bound":     {main: "Defaults !log_output", subjects: []string{"carol"}},
		"elsewhere":                  {foreign: "\nDefaults:carol logfile=/tmp/x", subjects: []string{"carol"}, want: []string{"/etc/sudoers.d/zz:2: logfile=/tmp/x"}},
		"denials":                    {foreign: "Defaults:carol !log_denied", subjects: []string{"carol", "dave"}, want: []string{"/etc/sudoers.d/zz:1: !log_denied"}},
		"a command":                  {foreign: "Defaults!/usr/bin/id !log_output", subjects: []string{"carol"}, want: []string{"/etc/sudoers.d/zz:1: Defaults!/usr/bin/id !log_output"}},
		"a target":                   {foreign: "Defaults>www-data !log_output", subjects: []string{"carol"}, want: []string{"/etc/sudoers.d/zz:1: Defaults>www-data !log_output"}},
		"a tag":                      {foreign: "carol ALL=(root) NOLOG_OUTPUT: /usr/bin/id", subjects: []string{"carol"}, want: []string{"/etc/sudoers.d/zz:1: carol ALL=(root) NOLOG_OUTPUT: /usr/bin/id"}},
		"a tag, nothing recorded":    {foreign: "carol ALL=(root) NOLOG_OUTPUT: /usr/bin/id", subjects: []string{"carol"}, withoutRecordings: true},
		"a tag for another":          {foreign: "dave ALL=(root) NOLOG_OUTPUT: /usr/bin/id", subjects: []string{"carol"}},
		"of everyone, for one":       {foreign: "Defaults:carol !log_output", want: []string{"/etc/sudoers.d/zz:1: Defaults:carol !log_output"}},
		"of everyone, for all":       {foreign: "Defaults !log_output", want: []string{"/etc/sudoers.d/zz:1: !log_output"}},
		"of everyone, before ours":   {main: "Defaults !log_output"},
		"of everyone, a tag":         {foreign: "dave ALL=(root) NOLOG_OUTPUT: /usr/bin/id", want: []string{"/etc/sudoers.d/zz:1: dave ALL=(root) NOLOG_OUTPUT: /usr/bin/id"}},
		"of everyone, on one host":   {foreign: "Defaults@pve1 !log_output", want: []string{"/etc/sudoers.d/zz:1: !log_output"}},
		"of everyone, on another":    {foreign: "Defaults@pve2 !log_output"},
		"a part of a recording":      {foreign: "Defaults:carol !log_ttyout", subjects: []string{"carol"}, want: []string{"/etc/sudoers.d/zz:1: !log_ttyout"}},
		"a member of the group":      {foreign: "Defaults:carol !logfile", subjects: []string{"%ops"}, want: []string{"/etc/sudoers.d/zz:1: !logfile"}},
		"a member by primary group":  {foreign: "dave ALL=(root) NOLOG_OUTPUT: /usr/bin/id", subjects: []string{"%ops"}, want: []string{"/etc/sudoers.d/zz:1: dave ALL=(root) NOLOG_OUTPUT: /usr/bin/id"}},
		"no member of the group":     {foreign: "Defaults:erin !logfile", subjects: []string{"%ops"}},
		"not read at all":            {alone: true, main: "root ALL=(ALL:ALL) ALL", subjects: []string{"carol"}, want: []string{"/etc/sudoers does not include /etc/sudoers.d/pvesec-audit-ops"}},
		"the same mode":              {foreign: "Defaults!/usr/bin/id iolog_mode=600\nDefaults:carol iolog_mode=0600", subjects: []string{"carol"}},
		"another mode":               {foreign: "Defaults!/usr/bin/id iolog_mode=640", subjects: []string{"carol"}, want: []string{"/etc/sudoers.d/zz:1: Defaults!/usr/bin/id iolog_mode=640"}},
		"what does not concern logs": {foreign: "Defaults:carol insults, !env_editor", subjects: []string{"carol"}},
	} {
		a := AuditLogging{Name: "ops", Subjects: c.subjects, SudoLog: &SudoLog{Directory: "/var/log", Mode: "0600"}, IOLogs: &IOLogs{Output: true, Directory: "/var/log/sudo-io", Mode: "0600"}}
		if c.withoutRecordings {
			a.IOLogs = nil
		}
		file := func(text string) node.FileState {
			return node.FileState{Exists: true, Type: node.TypeRegular, Content: []byte(text)}
		}
		tree := &sudoersTree{listed: map[string]bool{sudoersDir: true}, seen: &node.Observation{Facts: node.Facts{Hostname: "pve1.example.com", SudoVersion: "1.9.16p2"}}, files: map[string]node.FileState{
			sudoersMain: file(c.main + "\n@includedir /etc/sudoers.d\n"), sudoersDir + "/zz": file(c.foreign + "\n"),
		}}
		tree.seen.Files = map[string]node.FileState{groupFile: file("root:x:0:\nops:x:50:carol\n"), passwdFile: file("carol:x:1:1::/:/bin/sh\ndave:x:2:50::/:/bin/sh\nerin:x:3:3::/:/bin/sh\n")}
		if c.alone {
			tree.files[sudoersMain] = file(c.main + "\n")
		}
		if err := tree.parse("pve1", tree.listed); err != nil {
			t.Fatal(err)
		}
		if got := a.overruled(tree); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", name, got, c.want)
		}
	}
}

// TestSecurityLogNeedsNoSudoers: what has no part in the sudoers files is read without them, however they are.
func TestSecurityLogNeedsNoSudoers(t *testing.T) {
	t.Parallel()
	m := newMemoryNodes("pve1")
	m.write("pve1", "/etc/sudoers", "@include /etc/loop\n")
	m.write("pve1", "/etc/loop", "@include /etc/sudoers\n@include /etc/loop\n@include /etc/sudoers\n")
	security := AuditLogging{Name: "ops", SecurityLog: &SecurityLog{Path: "/var/log/ops.log", Mode: "0600", Collector: Journald}}
	if _, err := security.Observe(t.Context(), m, targets("pve1")[0]); err != nil {
		t.Error(err)
	}
	security.SudoLog = &SudoLog{Directory: "/var/log", Mode: "0600"}
	if _, err := security.Observe(t.Context(), m, targets("pve1")[0]); err == nil {
		t.Error("a tree that cannot be read was read")
	}
}

// TestEmergencyOverrulesNoLogging: an emergency access is told of only where sudo runs what it cannot record and the
// settings refuse that. A file that only looks like one is told of.
func TestEmergencyOverrulesNoLogging(t *testing.T) {
	t.Parallel()
	strict, lax := rescue, rescue
	lax.RequireLogging = false
	for name, c := range map[string]struct {
		access  BreakGlass
		more    string
		require bool
		told    bool
	}{
		"stricter":       {access: strict},
		"as strict":      {access: strict, require: true},
		"as lax":         {access: lax},
		"laxer":          {access: lax, require: true, told: true},
		"only looks so":  {access: strict, more: "Defaults:alice !logfile\n", told: true},
		"more than that": {access: strict, more: "bob ALL=(ALL) ALL\n", told: true},
	} {
		for _, subjects := range [][]string{nil, {"alice"}} {
			a := AuditLogging{Name: "ops", Subjects: subjects, Require: c.require, SudoLog: &SudoLog{Directory: "/var/log", Mode: "0600"}, IOLogs: &IOLogs{Output: true, Directory: "/var/log/sudo-io", Mode: "0600"}}
			m := newMemoryNodes("pve1")
			m.clock = window.Granted
			m.write("pve1", sudoersMain, "@includedir /etc/sudoers.d\n")
			m.write("pve1", c.access.Path(), textOf(t, c.access, window, c.access.Path())+c.more)
			_, got, err := a.look(t.Context(), m, targets("pve1")[0], node.Query{})
			if err != nil || (len(got) > 0) != c.told {
				t.Errorf("%s, for %v: %q, %v", name, subjects, got, err)
			}
		}
	}
}

// TestOverruledKinds: a reader learns in files of which program the lines are.
func TestOverruledKinds(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"/etc/sudoers:3: !syslog": "sudoers", "/etc/sudoers.d/zz:1: !log_output": "sudoers", "/etc/audit/rules.d/zz.rules:1: -e 0": "audit rules",
		"/etc/logrotate.d/x:1: /var/log/sudo.log": "logrotate", "/etc/logrotate.conf:1: x": "logrotate", "/usr/lib/systemd/journald.conf.d/syslog.conf:3: ForwardToSyslog=yes": "journald",
	} {
		if got := OverruledKind(line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}
