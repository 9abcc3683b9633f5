package review

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// TestLoggedOn: what is logged of a subject follows from the options of all files that bind to it, and from the tags of its rules. A log that one command escapes
// is not on.
func TestLoggedOn(t *testing.T) {
	t.Parallel()
	const rule = "agent ALL=(root) /usr/bin/id\n"
	for name, c := range map[string]struct {
		own, main, other string
		want             string
		off              []string
	}{
		"by default":            {rule, "", "", "true false false authpriv ", nil},
		"recorded":              {rule, "Defaults log_output, log_input, syslog=local3", "", "true true true local3 ", nil},
		"a file":                {rule, "Defaults !syslog", "Defaults:agent logfile=/var/log/sudo.log", "true false false  /var/log/sudo.log", []string{"/etc/sudoers:1: !syslog"}},
		"for others":            {rule, "Defaults log_output", "Defaults:carol !log_output, !syslog", "true false true authpriv ", nil},
		"for this one":          {rule, "Defaults log_output", "\nDefaults:agent !log_output, !syslog", "false false false  ", []string{"/etc/sudoers.d/x:2: !log_output", "/etc/sudoers.d/x:2: !syslog"}},
		"nothing of what may":   {rule, "Defaults !log_allowed", "", "false false false authpriv ", []string{"/etc/sudoers:1: !log_allowed"}},
		"a tag":                 {"agent ALL=(root) LOG_OUTPUT: /usr/bin/id, NOLOG_OUTPUT: /usr/bin/w\n", "", "", "true false false authpriv ", []string{"/etc/sudoers.d/agent:1: agent ALL=(root) NOLOG_OUTPUT: /usr/bin/w"}},
		"tags":                  {"agent ALL=(root) LOG_INPUT: LOG_OUTPUT: /usr/bin/id\n", "", "", "true true true authpriv ", nil},
		"a command":             {"agent ALL=(root) /usr/bin/id, /usr/bin/w\n", "Defaults log_output", "Defaults!/usr/bin/w !log_output", "true false false authpriv ", []string{"/etc/sudoers.d/x:1: !log_output"}},
		"a part":                {rule, "Defaults log_output, !log_ttyout", "", "true false false authpriv ", []string{"/etc/sudoers:1: !log_ttyout"}},
		"a part, then all":      {rule, "Defaults !log_ttyout, log_output", "", "true false true authpriv ", nil},
		"all by parts":          {rule, "Defaults log_ttyout, log_stdout, log_stderr", "", "true false true authpriv ", nil},
		"a part alone":          {rule, "Defaults log_ttyout, !syslog", "", "false false false  ", []string{"/etc/sudoers:1: !syslog"}},
		"one of a pattern":      {"agent ALL=(root) /usr/bin/[a-z]*\n", "Defaults log_output", "Defaults!/usr/bin/w !log_output", "true false false authpriv ", []string{"/etc/sudoers.d/x:1: !log_output"}},
		"another than those":    {"agent ALL=(root) /usr/bin/[a-z]*\n", "Defaults log_output", "Defaults!/usr/sbin/w !log_output", "true false true authpriv ", nil},
		"a pattern of another":  {"agent ALL=(root) /usr/sbin/z[a-z]*\n", "Defaults log_output", "Defaults!/usr/bin/true !log_output", "true false true authpriv ", nil},
		"one pattern of two":    {"agent ALL=(root) /usr/sbin/z[a-z]*\n", "Defaults log_output", "Defaults!/usr/sbin/z* !log_output", "true false false authpriv ", []string{"/etc/sudoers.d/x:1: !log_output"}},
		"nothing to be granted": {"Defaults:agent use_pty\n", "", "", "false false false  ", nil},
	} {
		p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: c.own}
		around := hardening.Surroundings{Host: "pve1", SudoVersion: "1.9.16p2", Subjects: []policy.Subject{{Name: "agent"}}, Files: map[string]string{
			"/etc/sudoers": c.main + "\n@includedir /etc/sudoers.d\n", "/etc/sudoers.d/x": c.other + "\n",
		}}
		l := LoggedOn(p, around)
		if got := fmt.Sprint(l.Events, l.Input, l.Output, " ", l.Syslog, " ", l.LogFile); got != c.want || !slices.Equal(l.Off, c.off) {
			t.Errorf("%s: %q %q, want %q %q", name, got, l.Off, c.want, c.off)
		}
	}
}

// TestUnlogged: one command that is not logged is told, and is not taken for all.
func TestUnlogged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		own, other string
		nothing    bool
		want       []string
	}{
		"all":          {"agent ALL=(root) /usr/bin/id, /usr/bin/w\n", "Defaults:agent !syslog", true, []string{"sudo /usr/bin/id", "sudo /usr/bin/w"}},
		"one":          {"agent ALL=(root) /usr/bin/id, /usr/bin/w\n", "Defaults!/usr/bin/w !syslog", false, []string{"sudo /usr/bin/w"}},
		"by an alias":  {"agent ALL=(root) /usr/bin/[a-z]*\n", "Cmnd_Alias QUIET = /usr/bin/w\nDefaults!QUIET !syslog", false, []string{"sudo /usr/bin/w"}},
		"but recorded": {"agent ALL=(root) LOG_OUTPUT: /usr/bin/id, NOLOG_OUTPUT: /usr/bin/w\n", "Defaults !syslog", false, []string{"sudo /usr/bin/w"}},
		"in part":      {"agent ALL=(root) /usr/bin/id\n", "Defaults !syslog, log_ttyout", false, nil},
		"none":         {"agent ALL=(root) /usr/bin/id\n", "", false, nil},
	} {
		p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: c.own}
		around := hardening.Surroundings{Host: "pve1", SudoVersion: "1.9.16p2", Subjects: []policy.Subject{{Name: "agent"}}, Files: map[string]string{
			"/etc/sudoers": "@includedir /etc/sudoers.d\n", "/etc/sudoers.d/x": c.other + "\n",
		}}
		l := LoggedOn(p, around)
		if l.Nothing() != c.nothing || !slices.Equal(l.Unlogged, c.want) {
			t.Errorf("%s: nothing is %v, unlogged %q, want %v %q", name, l.Nothing(), l.Unlogged, c.nothing, c.want)
		}
	}
}

// TestEnds: a policy ends with its last grant, unless one never does.
func TestEnds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"agent ALL=(root) /usr/bin/id\n": "0 - -",
		"agent ALL=(root) NOTAFTER=20270101000000Z /usr/bin/id\nagent ALL=(root) NOTAFTER=20260101000000Z /usr/bin/w\n": "2 2026-01-01 2027-01-01",
		"agent ALL=(root) NOTAFTER=20270101000000Z /usr/bin/id\nagent ALL=(root) /usr/bin/w\n":                          "1 2027-01-01 -",
		"agent ALL=(root) NOTAFTER=2027010100Z !/usr/bin/id\n":                                                          "0 - -",
	} {
		p, errs := ParsePolicy("agent", "agent", text)
		if err := errs.Err(); err != nil {
			t.Fatal(err)
		}
		day := func(at time.Time) string {
			if at.IsZero() {
				return "-"
			}
			return at.Format(time.DateOnly)
		}
		ends := p.Ends()
		if got := fmt.Sprint(len(ends.Grants), " ", day(ends.Earliest), " ", day(ends.Latest)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
