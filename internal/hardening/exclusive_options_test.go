package hardening

import (
	"slices"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestExclusiveHoldsOptions: a line of options goes only where each of its options is known to give more.
func TestExclusiveHoldsOptions(t *testing.T) {
	t.Parallel()
	const only = "only restrains"
	for text, why := range map[string]string{
		// Who proves what, and how often.
		"Defaults rootpw": "rootpw", "Defaults targetpw": "targetpw", "Defaults runaspw": "runaspw", "Defaults !rootpw": "rootpw", "Defaults passwd_tries=1": "passwd_tries", "Defaults timestamp_type=ppid": "timestamp_type",
		"Defaults timestamp_timeout=0, insults": only, "Defaults:bob timestamp_timeout=0": only, "Defaults authenticate": only, "Defaults !timestamp_timeout": only,
		// What reaches the command.
		"Defaults env_keep -= \"X\"": "env_keep", "Defaults env_keep = \"LANG\"": "env_keep", "Defaults !env_keep": "env_keep", "Defaults env_delete += \"X\"": "env_delete", "Defaults env_check += \"LANG\"": "env_check",
		"Defaults umask=0077": "umask", "Defaults rlimit_core=0": "rlimit_core", "Defaults noexec": only, "Defaults!/usr/bin/less noexec": only, "Defaults env_file=/etc/sudo.env": "env_file",
		"Defaults runchroot=/jail": "runchroot", "Defaults editor=/usr/bin/rnano": "editor", "Defaults secure_path=/usr/bin": "secure_path", "Defaults:bob secure_path=/usr/bin": "secure_path",
		// Which rules match, and what is known afterwards.
		"Defaults ignore_local_sudoers": "ignore_local_sudoers", "Defaults fast_glob": "fast_glob", "Defaults !use_netgroups": "use_netgroups", "Defaults logfile=/var/log/sudo.log": "logfile", "Defaults log_servers=a": "log_servers",
		"Defaults group_plugin=\"group_file.so /etc/sudo.group\"": "group_plugin", "Defaults mailerpath=/usr/sbin/sendmail": "mailerpath",

		// What sudo skips.
		"Defaults no_such_option": "", "Defaults !env_reset, setenv, !authenticate, zz": "", "Defaults !authenticate, umask=9999": "", "Defaults !authenticate, passwd_tries=x": "", "Defaults !authenticate, requiretty=1": "",

		// What others than root write.
		"Defaults group_plugin=/home/bob/x.so": "", "Defaults editor=/usr/bin/nano:/home/bob/x": "", "Defaults env_file=/home/bob/env": "", "Defaults mailerpath=/tmp/x": "",
		"Defaults:bob secure_path=/home/bob:/usr/bin": "",

		"Defaults !authenticate": "", "Defaults:bob !authenticate, insults": "", "Defaults env_keep += \"X\"": "", "Defaults env_keep = \"LANG LD_PRELOAD\"": "", "Defaults env_check = \"LD_PRELOAD\"": "", "Defaults env_check += \"LD_PRELOAD X\"": "", "Defaults env_delete -= \"X\"": "", "Defaults setenv": "", "Defaults !env_reset": "",
		"Defaults timestamp_timeout=-1": "", "Defaults timestamp_timeout=15.5": "", "Defaults timestamp_type=global": "", "Defaults !tty_tickets": "", "Defaults exempt_group=bob": "", "Defaults insults": "",
		"Defaults secure_path=/usr/bin:/tmp": "", "Defaults !secure_path": "", "Defaults !syslog, !log_allowed": "", "Defaults logfile=/etc/cron.d/x": "", "Defaults !use_pty": "", "Defaults!/usr/bin/less !noexec": "",
		"Defaults runchroot=*": "", "Defaults !command_timeout": "", "Defaults iolog_user=bob": "",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			held := whyHeld(t, "", text)
			if (why == "") != (held == "") || !strings.Contains(held, why) {
				t.Errorf("held: %q, want %q", held, why)
			}
		})
	}
}

// TestExclusiveComparesOptions: what an option does depends on those that stay.
func TestExclusiveComparesOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stays, text, why string }{
		{"Defaults timestamp_timeout=0", "Defaults timestamp_timeout=5", ""}, // it loosens, though sudo's own is longer
		{"Defaults timestamp_timeout=-1", "Defaults timestamp_timeout=30", "only restrains"},
		{"Defaults:bob timestamp_timeout=0", "Defaults timestamp_timeout=5", "timestamp_timeout"}, // it loosens bob's, and restrains everyone else's
		{"Defaults:bob timestamp_timeout=60", "Defaults timestamp_timeout=30", "timestamp_timeout"},
		{"Defaults exempt_group=ops", "Defaults exempt_group=alice", "exempt_group"},
		{"Defaults env_keep += \"BASH_ENV\"", "Defaults !env_reset", "env_reset"},
		{"Defaults env_keep += \"LANG\"", "Defaults !env_reset", ""},
		{"Defaults env_keep -= \"DISPLAY\"", "Defaults !env_reset", ""},
		{"Defaults !env_reset", "Defaults env_check += \"LD_PRELOAD\"", "env_check"},
		{"Defaults env_check += \"Y\"", "Defaults env_check += \"LD_PRELOAD\"", ""},
		{"Defaults logfile=/var/log/sudo.log", "Defaults logfile=/var/log/other.log", ""},
		{"Defaults !syslog", "Defaults logfile=/srv/sudo.log", "logfile"},
		{"bob ALL=(root) /usr/bin/id", "Defaults:bob runchroot=/home/bob", ""},
		{"bob ALL=(root) /usr/bin/id", "Defaults:bob runchroot=/jail", "runchroot"},
		{"Defaults secure_path=/opt/bin", "Defaults:bob secure_path=/opt/bin", "secure_path"},
	} {
		t.Run(c.stays+" and "+c.text, func(t *testing.T) {
			t.Parallel()
			if held := whyHeld(t, c.stays, c.text); (c.why == "") != (held == "") || !strings.Contains(held, c.why) {
				t.Errorf("held: %q, want %q", held, c.why)
			}
		})
	}
}

// TestExclusiveLeavesRestraints: of a line with options that give more the others stay.
func TestExclusiveLeavesRestraints(t *testing.T) {
	t.Parallel()
	for line, part := range map[string]string{
		"Defaults env_keep += LD_PRELOAD, requiretty":                   "Defaults requiretty",
		"Defaults:bob !authenticate, passwd_tries=3 # mine":             "Defaults:bob passwd_tries=3",
		"Defaults!/bin/su,/bin/sh group_plugin=/home/bob/x.so, noexec":  "Defaults!/bin/su,/bin/sh noexec",
		"Defaults !authenticate, insults, timestamp_timeout=0, !syslog": "Defaults insults, timestamp_timeout=0",
		"Defaults timestamp_timeout=-1, timestamp_timeout=5":            "Defaults timestamp_timeout=5",
		"Defaults !authenticate, zz, umask=9999, umask=0077":            "Defaults umask=0077",
		"Defaults passwd_tries=x, passwd_tries=1":                       "Defaults passwd_tries=1",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			file, _ := sudoers.Parse("line", line+"\n", sudoers.Version{})
			whole := canonicalEntry(file.Entries[0])
			text := whole + " (in its place: " + part + ")"
			for _, c := range []exclusiveCase{
				{files: map[string]string{"x": line + "\nmallory ALL=(ALL) ALL\n"}, foreign: []string{"/etc/sudoers.d/x:1: " + text, "/etc/sudoers.d/x:2: mallory ALL=(ALL) ALL"}, left: map[string]string{"x": part + "\n"}},
				{main: shippedMain + line + "\n", foreign: []string{"/etc/sudoers:9: " + text}, left: map[string]string{sudoersMain: shippedMain + part + "\n"}},
				{
					main: shippedMain + "@include /etc/more\n", files: map[string]string{"/etc/more": line + "\n"}, left: map[string]string{sudoersMain: shippedMain + part + "\n"},
					foreign: []string{"/etc/more:1: " + whole + " (out of force: included by /etc/sudoers:9)", "/etc/sudoers:9: @include /etc/more (in its place: " + part + ")"},
				},
			} {
				c.remain = 1
				c.check(t)
			}
		})
	}
	for line, part := range map[string]string{ // of lists, where another line names variables
		"Defaults env_keep = \"LANG LD_PRELOAD TZ\"": "Defaults env_keep = \"LANG TZ\"",
		"Defaults env_keep = \"LD_PRELOAD\"":         "Defaults !env_keep",
		"Defaults env_check += \"LANG LD_PRELOAD\"":  "Defaults env_check += LANG",
		"Defaults env_check = \"LD_PRELOAD\"":        "Defaults !env_check",
	} {
		part = canonicalLine(part)
		exclusiveCase{
			own:     SudoersExclusive{Files: []string{"named"}},
			files:   map[string]string{"named": "Defaults env_keep += HOME, env_check += HOME\n", "x": line + "\n"},
			foreign: []string{"/etc/sudoers.d/x:1: " + canonicalLine(line) + " (in its place: " + part + ")"},
			kept:    []string{"/etc/sudoers.d/named (named in files)"},
			left:    map[string]string{"x": part + "\n"}, remain: 1,
		}.check(t)
	}
	exclusiveCase{ // beside the line that the distribution ships
		main:    strings.Replace(shippedMain, `Defaults	secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"`, "Defaults secure_path=/tmp, requiretty", 1),
		foreign: []string{"/etc/sudoers:4: Defaults secure_path=/tmp, requiretty (in its place: " + shippedLines[2] + "; Defaults requiretty)"},
		left:    map[string]string{sudoersMain: strings.Replace(shippedMain, `Defaults	secure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"`, shippedLines[2]+"\nDefaults requiretty", 1)},
		remain:  1,
	}.check(t)
}

// TestExclusiveHoldsNoOptionByAnother: an option that restrains stays, and is no reason to leave one that loosens.
func TestExclusiveHoldsNoOptionByAnother(t *testing.T) {
	t.Parallel()
	for restrains, loosens := range map[string]string{
		"Defaults !exempt_group":              "Defaults exempt_group=mallory",
		"Defaults syslog=auth":                "Defaults logfile=/etc/cron.d/x",
		"Defaults:bob logfile=/var/log/bob":   "Defaults logfile=/var/log/../../etc/cron.d/x",
		"Defaults env_keep-=DISPLAY":          "Defaults !env_reset",
		"Defaults env_check-=HOME":            "Defaults env_check+=LD_PRELOAD",
		"Defaults:bob timestamp_timeout=0":    "Defaults timestamp_timeout=60",
		"Defaults:bob secure_path=/usr/bin":   "Defaults secure_path=/usr/bin:/opt/bin",
		"Defaults:mallory !iolog_user":        "Defaults iolog_user=mallory",
		"Defaults !lecture_file, !runchroot":  "Defaults lecture_file=/root/x, runchroot=*",
		"Defaults !timestampowner, !log_year": "Defaults timestampowner=mallory",
	} {
		t.Run(loosens, func(t *testing.T) {
			t.Parallel()
			m := exclusiveNode(shippedMain, map[string]string{"x": restrains + "\n" + loosens + "\n"})
			seen, err := SudoersExclusive{}.Observe(t.Context(), m, targets("pve1")[0])
			if err != nil || !slices.ContainsFunc(seen.Foreign, func(line string) bool { return strings.HasSuffix(line, ":2: "+canonicalLine(loosens)) }) {
				t.Errorf("foreign %q, held %q: %v", seen.Foreign, seen.Held, err)
			}
		})
	}
}

// whyHeld is why a line stays that does not belong on a node, "" where it goes. stays is a line that is named.
func whyHeld(t *testing.T, stays, line string) string {
	t.Helper()
	m := exclusiveNode(shippedMain, map[string]string{"named": stays + "\n", "site": line + "\n"})
	seen, err := SudoersExclusive{Files: []string{"named"}}.Observe(t.Context(), m, targets("pve1")[0])
	if err != nil || len(seen.Held)+len(seen.Foreign) != 1 {
		t.Fatalf("held %q, foreign %q: %v", seen.Held, seen.Foreign, err)
	}
	if len(seen.Held) == 0 {
		return ""
	}
	if harmless := strings.Contains(seen.Held[0].Why, "only restrains"); harmless != seen.Held[0].Harmless {
		t.Errorf("%s: harmless is %t", seen.Held[0], seen.Held[0].Harmless)
	}
	return seen.Held[0].Why
}

// TestExclusiveHoldsIncludes: a restraint that only a foreign include brings in holds the include.
func TestExclusiveHoldsIncludes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]exclusiveCase{
		"with a restraint": {
			main:  shippedMain + "@include /etc/more\n",
			files: map[string]string{"/etc/more": "Defaults requiretty\n@include /etc/deeper\n", "/etc/deeper": "mallory ALL=(ALL) ALL\n"},
			held: []string{
				"/etc/deeper:1: mallory ALL=(ALL) ALL (out of force: included by /etc/sudoers:9)|requiretty of /etc/more:1", "/etc/more:1: Defaults requiretty (out of force: included by /etc/sudoers:9)|requiretty of /etc/more:1",
				"/etc/more:2: @include /etc/deeper (out of force: included by /etc/sudoers:9)|requiretty", "/etc/sudoers:9: @include /etc/more|the option requiretty of /etc/more:1 may hold somebody back",
			},
			left: map[string]string{sudoersMain: shippedMain + "@include /etc/more\n"},
		},
		"with a denial of a netgroup": {
			main:  shippedMain + "@include /etc/more\n",
			files: map[string]string{"/etc/more": "+ops ALL=(ALL) !/bin/su\n"},
			held:  []string{"/etc/more:1: +ops ALL=(ALL) !/bin/su (out of force: included by /etc/sudoers:9)|+ops", "/etc/sudoers:9: @include /etc/more|it denies something to +ops"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.check(t)
		})
	}
}

// TestLooseOptionsAreOptions: each option that is known to loosen is one of sudo, of the kind that the list is about.
func TestLooseOptionsAreOptions(t *testing.T) {
	t.Parallel()
	lists := map[string][]string{"off": looseOff, "alone": looseAlone, "anyway": looseAnyway}
	for name := range looseFlags {
		lists["flags"] = append(lists["flags"], name)
	}
	for name := range looseValues {
		lists["values"] = append(lists["values"], name)
	}
	for list, names := range lists {
		for _, name := range names {
			option, known := sudoers.LookupDefault(name)
			if flag := option.Type == sudoers.TypeFlag; !known || flag != (list == "flags") && name != "tty_tickets" {
				t.Errorf("%s in %s: known %t, a flag %t", name, list, known, flag)
			}
		}
	}
}
