package review

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/hardening"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
)

// TestLoggedOn: what is logged of a subject follows from the options of all files that bind to it, and from the tags of
// its rules. A log that one command escapes is not on.
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
		"no file that stays":    {rule, "Defaults !syslog", "Defaults:agent logfile=/dev/null", "false false false  ", []string{"/etc/sudoers.d/x:1: logfile=/dev/null", "/etc/sudoers:1: !syslog"}},
		"a file in /etc":        {rule, "", "Defaults:agent !syslog, logfile=/etc/pve/x", "false false false  ", []string{"/etc/sudoers.d/x:1: !syslog", "/etc/sudoers.d/x:1: logfile=/etc/pve/x"}},
		"a file of others":      {rule, "", "Defaults:agent !syslog, logfile=/var/log/../tmp/x", "false false false  ", []string{"/etc/sudoers.d/x:1: !syslog", "/etc/sudoers.d/x:1: logfile=/var/log/../tmp/x"}},
		"a server":              {rule, "Defaults !syslog, log_servers=10.0.0.9", "", "false false false  ", []string{"/etc/sudoers:1: !syslog"}},
		"a server that must":    {rule, "Defaults !syslog, log_servers=10.0.0.9, !ignore_logfile_errors", "", "true false false  ", []string{"/etc/sudoers:1: !syslog"}},
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
		"no priority":           {rule, "Defaults log_output, syslog_goodpri=none", "", "false false true  ", []string{"/etc/sudoers:1: syslog_goodpri=none"}},
		"a priority off":        {rule, "Defaults !syslog_goodpri", "", "false false false  ", []string{"/etc/sudoers:1: !syslog_goodpri"}},
		"another priority":      {rule, "Defaults syslog_goodpri=debug, syslog_badpri=none", "", "true false false authpriv ", nil},
		"for another target":    {rule, "Defaults log_output", "Defaults>www-data !log_output, !syslog", "true false true authpriv ", nil},
		"for this target":       {"agent ALL=(www-data) /usr/bin/id\n", "Defaults log_output", "Defaults>www-data !log_output", "true false false authpriv ", []string{"/etc/sudoers.d/x:1: !log_output"}},
		"for root alone":        {"agent ALL=(www-data) /usr/bin/id\n", "Defaults>root log_output", "", "true false false authpriv ", nil},
		"for root as one":       {"agent ALL=(www-data, root) /usr/bin/id\n", "Defaults>root log_output", "", "true false false authpriv ", nil},
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
		"all":         {"agent ALL=(root) /usr/bin/id, /usr/bin/w\n", "Defaults:agent !syslog", true, []string{"sudo /usr/bin/id", "sudo /usr/bin/w"}},
		"one":         {"agent ALL=(root) /usr/bin/id, /usr/bin/w\n", "Defaults!/usr/bin/w !syslog", false, []string{"sudo /usr/bin/w"}},
		"by an alias": {"agent ALL=(root) /usr/bin/[a-z]*\n", "Cmnd_Alias QUIET = /usr/bin/w\nDefaults!QUIET !syslog", false, []string{"sudo /usr/bin/w"}},
		"aliases of aliases": {"agent ALL=(root) /usr/bin/[a-z]*\n", "Cmnd_Alias INNER = /usr/bin/w\nCmnd_Alias MIDDLE = INNER\nCmnd_Alias NESTED = MIDDLE\nDefaults!NESTED !log_allowed", false,
			[]string{"sudo /usr/bin/w"}},
		"an alias that is denied in another": {"agent ALL=(root) /usr/bin/w, /usr/bin/id\n", "Cmnd_Alias A = /usr/bin/id\nCmnd_Alias B = /usr/bin/w, /usr/bin/id, !A\nDefaults!B !syslog", false,
			[]string{"sudo /usr/bin/w"}},
		"all but one":            {"agent ALL=(root) /usr/bin/w, /usr/bin/id\n", "Defaults!ALL,!/usr/bin/id !syslog", false, []string{"sudo /usr/bin/w"}},
		"a denied denial":        {"agent ALL=(root) /usr/bin/w\n", "Cmnd_Alias A = !/usr/bin/w\nDefaults!!A !syslog", true, []string{"sudo /usr/bin/w"}},
		"a pattern":              {"agent ALL=(root) /usr/bin/id, /usr/sbin/pct\n", "Defaults!/usr/bin/* !syslog", false, []string{"sudo /usr/bin/id"}},
		"a pattern of a pattern": {"agent ALL=(root) /usr/bin/[a-z]*\n", "Defaults!/usr/bin/z?* !syslog", false, []string{"sudo /usr/bin/za"}},
		"a directory":            {"agent ALL=(root) /usr/bin/id, /usr/sbin/pct\n", "Defaults!/usr/bin/ !syslog", false, []string{"sudo /usr/bin/id"}},
		"a directory of all":     {"agent ALL=(root) ALL\n", "Defaults!/usr/bin/ !syslog", false, []string{"sudo /usr/bin/a"}},
		"a regular expression":   {"agent ALL=(root) /usr/bin/id, /usr/sbin/pct\n", "Defaults!^/usr/bin/i.$ !syslog", false, []string{"sudo /usr/bin/id"}},
		"arguments":              {"agent ALL=(root) /usr/bin/id\n", "Cmnd_Alias A = /usr/bin/id -u\nDefaults!A !syslog", false, []string{"sudo /usr/bin/id -u"}},
		"arguments that are not": {"agent ALL=(root) /usr/bin/id -g\n", "Cmnd_Alias A = /usr/bin/id -u\nDefaults!A !syslog", false, nil},
		"an alias of the policy": {"Cmnd_Alias IN = /usr/bin/w\nCmnd_Alias OUT = IN, /usr/bin/id\nagent ALL=(root) OUT\n", "Defaults!IN !syslog", false, []string{"sudo /usr/bin/w"}},
		"two lines together":     {"agent ALL=(root) /usr/bin/[a-z]*\n", "Defaults logfile=/var/log/sudo.log\nDefaults!/usr/bin/s* !syslog\nDefaults!/usr/bin/*a !logfile", false, []string{"agent ALL=(root) /usr/bin/[a-z]* (not known)"}},
		"two lines apart":        {"agent ALL=(root) /usr/bin/[a-z]*\n", "Defaults logfile=/var/log/sudo.log\nDefaults!/usr/bin/s* !syslog\nDefaults!/usr/bin/a* !logfile", false, nil},
		"switched on for a part": {"agent ALL=(root) /usr/bin/s?*\n", "Defaults !syslog\nDefaults!/usr/bin/sa syslog", false, []string{"sudo /usr/bin/sb"}},
		"a digest":               {"agent ALL=(root) /usr/bin/id\n", "Cmnd_Alias A = sha224:d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f /usr/bin/id\nDefaults!A !syslog", false, []string{"agent ALL=(root) /usr/bin/id (not known)"}},
		"a digest that switches on": {"agent ALL=(root) /usr/bin/id\n", "Cmnd_Alias A = sha224:d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f /usr/bin/id\nDefaults !syslog\nDefaults!A syslog", false,
			[]string{"agent ALL=(root) /usr/bin/id (not known)"}},
		"too many lines": {"agent ALL=(root) ALL\n", "Defaults!/usr/bin/a* syslog\nDefaults!/usr/bin/b* syslog\nDefaults!/usr/bin/c* syslog\nDefaults!/usr/bin/d* syslog\nDefaults!/usr/bin/e* syslog\nDefaults!/usr/bin/f* syslog\nDefaults!/usr/bin/g* syslog",
			false, []string{"agent ALL=(root) ALL (not known)"}},
		"a priority of none": {"agent ALL=(root) /usr/bin/[a-z]*\n", "Defaults!/usr/bin/w syslog_goodpri=none", false, []string{"sudo /usr/bin/w"}},
		"a target":           {"agent ALL=(www-data) /usr/bin/id\n", "Defaults>www-data !syslog", true, []string{"sudo -u www-data /usr/bin/id"}},
		"one of targets":     {"agent ALL=(ALL) /usr/bin/id\n", "Defaults>www-data !syslog", false, []string{"sudo -u www-data /usr/bin/id"}},
		"another target":     {"agent ALL=(root) /usr/bin/id\n", "Defaults>www-data !syslog", false, nil},
		"a target by alias":  {"agent ALL=(WEB) /usr/bin/id\n", "Runas_Alias WEB = www-data\nDefaults>WEB !syslog", true, []string{"sudo -u www-data /usr/bin/id"}},
		"all targets but":    {"agent ALL=(www-data, backup) /usr/bin/id\n", "Defaults>ALL,!backup !syslog", false, []string{"sudo -u www-data /usr/bin/id"}},
		"a target by id":     {"agent ALL=(www-data) /usr/bin/id\n", "Defaults>#33 !syslog", false, []string{"agent ALL=(www-data) /usr/bin/id (not known)"}},
		"an id by an alias":  {"agent ALL=(WEB) /usr/bin/id\n", "Runas_Alias WEB = #33\nDefaults>www-data !syslog", false, []string{"agent ALL=(WEB) /usr/bin/id (not known)"}},
		"root by id":         {"agent ALL=(#0) /usr/bin/id\n", "Defaults>root !syslog", true, []string{"sudo /usr/bin/id"}},
		"another command":    {"agent ALL=(root) /usr/bin/id\n", "Cmnd_Alias A = /usr/bin/w\nDefaults!A,/usr/sbin/ !syslog", false, nil},
		"but recorded":       {"agent ALL=(root) LOG_OUTPUT: /usr/bin/id, NOLOG_OUTPUT: /usr/bin/w\n", "Defaults !syslog", false, []string{"sudo /usr/bin/w"}},
		"in part":            {"agent ALL=(root) /usr/bin/id\n", "Defaults !syslog, log_ttyout", false, nil},
		"none":               {"agent ALL=(root) /usr/bin/id\n", "", false, nil},
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

// TestStaysLogged: what is logged now stays so whatever accounts and audit logging come with the same run, unless a log
// is off for a group, an alias or a number that a subject may get into.
func TestStaysLogged(t *testing.T) {
	t.Parallel()
	for options, want := range map[string]bool{
		"":                                   true,
		"Defaults logfile=/var/log/sudo.log": true,
		"Defaults:carol !syslog":             true,
		"Defaults:%ops log_output, !use_pty": true,
		"Defaults:%ops !log_input, syslog_goodpri=info": true,
		"Defaults !syslog":                         false,
		"Defaults:agent !syslog":                   false,
		"Defaults:%ops !syslog":                    false,
		"Defaults:+ops !log_allowed":               false,
		"Defaults:#1001 !syslog":                   false,
		"Defaults:%ops syslog_goodpri=none":        false,
		"User_Alias A = carol\nDefaults:A !syslog": false,
		"Defaults!/usr/bin/id !syslog":             false,
	} {
		p := hardening.SudoersPolicy{Name: "agent", Subjects: []string{"agent"}, Content: "agent ALL=(root) /usr/bin/id\n"}
		around := hardening.Surroundings{Host: "pve1", SudoVersion: "1.9.16p2", Subjects: []policy.Subject{{Name: "agent"}}, Files: map[string]string{"/etc/sudoers": options + "\n@includedir /etc/sudoers.d\n"}}
		l := LoggedOn(p, around)
		if got := StaysLogged(p, around, &l); got != want {
			t.Errorf("%s: %t, want %t", options, got, want)
		}
	}
}
