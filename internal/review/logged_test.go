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
