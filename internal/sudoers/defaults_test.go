package sudoers

import (
	"sort"
	"strings"
	"testing"
	"time"
)

func TestCatalogueIsSortedAndComplete(t *testing.T) {
	t.Parallel()
	list := Catalogue()
	if !sort.SliceIsSorted(list, func(i, j int) bool { return list[i].Name < list[j].Name }) {
		t.Error("not sorted")
	}
	for _, d := range list {
		if d.Type == 0 || d.Since.IsZero() || (d.Type == TypeTuple) != (len(d.Values) > 1) {
			t.Errorf("incomplete: %+v", d)
		}
		if defVar(d.Name) != len(d.Name) {
			t.Errorf("%q is no name", d.Name)
		}
	}
	if d, ok := LookupDefault("use_pty"); !ok || d.Type != TypeFlag || !d.In(PVE8) {
		t.Errorf("use_pty: %+v", d)
	}
	if d, _ := LookupDefault("noexec_file"); d.In(PVE8) || !d.In(Version{1, 8, 3}) {
		t.Error("noexec_file left after 1.8.3")
	}
}

func TestDefaultValues(t *testing.T) {
	t.Parallel()
	for setting, ok := range map[string]bool{
		"umask=0777": true, "umask=0888": false, "umask=01000": false, "!umask": true, "iolog_mode=abc": false,
		"passwd_timeout=1.": true, "passwd_timeout=.5": true, "passwd_timeout=-1": true, "passwd_timeout=5.x": false,
		"passwd_timeout=1.1234567891x": true, "passwd_timeout=x": false,
		"closefrom=3": true, "closefrom=99999999999": false, "closefrom=-2": true, "!closefrom": false,
		"passwd_tries=-1": false, "loglinelen=80": true, "!loglinelen": true,
		"syslog": true, "syslog=local3": true, "syslog=foo": false, "!syslog": true,
		"syslog_goodpri=none": true, "syslog_badpri=loud": false, "syslog_badpri": false,
		"lecture": true, "!lecture": true, "lecture=often": false, "lecture=always": true,
		"log_format=json": true, "log_format": false, "!log_format": false, "timestamp_type=tty": true,
		"command_timeout=1d2h": true, "command_timeout=1h2d": false, "command_timeout=9999999999": false,
		"rlimit_core=infinity": true, `rlimit_core="1,infinity"`: true, "rlimit_core=user": true, "rlimit_core=1k": false,
		"env_keep": false, "!env_keep": true, `env_keep="A B"`: true, "env_keep-=A": true,
		"secure_path=x": true, "!secure_path": true, "secure_path": false, "editor=vi": false, "editor=/bin/vi": true,
		"runcwd=*": true, "runcwd=~x": true, "runcwd=x": false, "logfile=log": false,
	} {
		_, errs := Parse("f", "Defaults "+setting+"\n", PVE9)
		if ok != (len(errs) == 0) {
			t.Errorf("%s: %v", setting, errs)
		}
	}
	for setting, since := range map[string]Version{
		"log_format=json_compact": {1, 9, 15}, "intercept": {1, 9, 8}, "cmddenial_message=x": {1, 9, 16},
	} {
		before := since
		before.Patch--
		if _, errs := Parse("f", "Defaults "+setting+"\n", since); len(errs) > 0 {
			t.Errorf("%s for %s: %v", setting, since, errs)
		}
		if _, errs := Parse("f", "Defaults "+setting+"\n", before); len(errs) == 0 {
			t.Errorf("%s for %s: no error", setting, before)
		}
	}
}

func TestParseTimeout(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"5": 5 * time.Second, "1d2h3m4s": 26*time.Hour + 3*time.Minute + 4*time.Second, "1H": time.Hour, "0": 0,
	} {
		if got, err := ParseTimeout(text); err != nil || got != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "1x", "1m1h", "-1", "99999999999", "1d99999d"} {
		if got, err := ParseTimeout(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 3600)
	for text, want := range map[string]string{
		"20300102030405Z":     "2030-01-02T03:04:05Z",
		"2030010203Z":         "2030-01-02T03:00:00Z",
		"2030010203.5Z":       "2030-01-02T03:30:00Z",
		"203001020304,5Z":     "2030-01-02T03:04:30Z",
		"20300102030405.9Z":   "2030-01-02T03:04:05Z",
		"20300102030405+0130": "2030-01-02T01:34:05Z",
		"20300102030405-01":   "2030-01-02T04:04:05Z",
		"20300102030405":      "2030-01-02T02:04:05Z",
		"20301301000000Z":     "2031-01-01T00:00:00Z",
		// sudo reads the minutes of a zone with %2d, which takes a space or a sign (sudo 1.9.13p3 and 1.9.16p2, visudo
		// -c and cvtsudoers).
		"2020010100+01+5":    "2019-12-31T22:55:00Z",
		"2020010100+01-5":    "2019-12-31T23:05:00Z",
		"2020010100-01-5":    "2020-01-01T00:55:00Z",
		"9901010005+01-0":    "9900-12-31T04:00:00Z",
		"2020010100+01 5":    "2019-12-31T22:55:00Z",
		"2020010100+01\v5":   "2019-12-31T22:55:00Z",
		"2020010100.5+01\n5": "2019-12-31T23:25:00Z",
	} {
		got, err := ParseTime(text, east)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q: %v %v, want %s", text, got.UTC(), err, want)
		}
	}
	for _, text := range []string{"", "20300102", "203001020", "20300102030405X", "20300102030405Zx", "20300102030405+1", "203001020304050607Z", "19691231235959Z",
		// The second before the epoch is no time, with a zone or without.
		"19691231235959+01", "19700101005959+01",
		"2020010100+-1", "2020010100+ 5", "2020010100+01-", "2020010100+01-05", "2020010100+01 05", "2020010100+01- 5", "2020010100+01  5", "2020010100+01 5x", "2020010100+0100 5",
		"2020010100+012", "2020010100+5 5", "2020010100+01.5", "+020010100Z", " 2020010100Z", "2020010100.", "2020010100.Z", "2020010100..5Z", "2020010100.55Z"} {
		if got, err := ParseTime(text, nil); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Version{"1.9.16p2": {1, 9, 16}, "1.9.13p3-1+deb12u1": {1, 9, 13}, "1.9.5": {1, 9, 5}} {
		if got, err := ParseVersion(text); err != nil || got != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1.9", "1.9.x", "a.b.c", "1.-9.2"} {
		if got, err := ParseVersion(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
	newest := Version{}
	if !newest.AtLeast(PVE9) || PVE9.AtLeast(newest) || !PVE9.AtLeast(PVE8) || PVE8.AtLeast(PVE9) || !newest.AtLeast(newest) {
		t.Error("order of versions")
	}
	if newest.String() != "newest" || PVE9.String() != "1.9.16" {
		t.Error("names of versions")
	}
}

// What is not written at a command comes from the one before it, up to the next
// host list.
func TestEffective(t *testing.T) {
	t.Parallel()
	const text = "u H=(root) ROLE=r TYPE=t CWD=/a TIMEOUT=1 NOPASSWD: SETENV: /1, TYPE=x NOEXEC: !/2, (a:b) PASSWD: ALL, ALL, /5 : H=/6, ALL, /8\n"
	f, errs := Parse("f", text, Version{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var got []string
	spec, ok := f.Entries[0].(*UserSpec)
	if !ok {
		t.Fatal("no rule")
	}
	for _, p := range spec.Privileges {
		for _, e := range p.Effective() {
			s := e.Spec().String()
			if e.Tags.Setenv == Implied {
				s += " (implied)"
			}
			got = append(got, s)
		}
	}
	want := []string{
		"(root) ROLE=r TYPE=t CWD=/a TIMEOUT=1 NOPASSWD: SETENV: /1",
		"(root) TYPE=x CWD=/a TIMEOUT=1 NOPASSWD: NOEXEC: SETENV: !/2",
		"(a : b) TYPE=x CWD=/a TIMEOUT=1 PASSWD: NOEXEC: ALL (implied)",
		"(a : b) TYPE=x CWD=/a TIMEOUT=1 PASSWD: NOEXEC: ALL (implied)",
		"(a : b) TYPE=x CWD=/a TIMEOUT=1 PASSWD: NOEXEC: /5",
		"/6", "ALL (implied)", "/8",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got:\n%s\nwant:\n%s", g, w)
	}
}
