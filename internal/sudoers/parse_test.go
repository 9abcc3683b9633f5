package sudoers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hash is a checksum of the right length.
var hash = strings.Repeat("0a", 32)

func TestAcceptAndReject(t *testing.T) {
	t.Parallel()
	newest := Version{}
	for _, tc := range []struct {
		rule string
		text string
		v    Version
		// want is the first error as "line:col: start of message", "" for none.
		want string
	}{
		// Continuation lines, comments and negation.
		{"a backslash before the newline continues", "a ALL=\\\n /bin/x a \\\t\n b\n", newest, ""},
		{"keywords do not follow a continuation", "\\\nDefaults use_pty\n", newest, "2:1: invalid line continuation"},
		{"a hash ends arguments", "a ALL=/bin/x a#b\n", newest, ""},
		{"a hash before a number is an id", "#1000 ALL=ALL\n", newest, ""},
		{"no id behind a command", "a ALL=ALL #1\n", newest, "1:11: syntax error"},
		{"a hash before a number ends settings with an error", "Defaults use_pty #1\n", newest, "1:18: a '#' before a number"},
		{"even negation is none", "a ALL=!!/bin/x, !!!/bin/y\n", newest, ""},
		{"carriage return and newline end a line behind a word", "a ALL=ALL\r\n", newest, ""},
		{"but swallow the command behind a path", "a ALL=/bin/x\r\n", newest, "1:13: syntax error"},
		{"a NUL byte ends the line", "a ALL=ALL\x00 (((\n", newest, ""},
		{"a lone backslash at the end", "a ALL=ALL\n\\\n", newest, ""},
		{"a rule that ends in a backslash", "a ALL=/bin/x \\\n", newest, "1:7: syntax error"},

		// Words, strings, groups.
		{"quotes enclose a whole name", "\"a b\" ALL=ALL\n", newest, ""},
		{"an empty string", "\"\" ALL=ALL\n", newest, "1:1: empty string"},
		{"a string over two lines", "\"a\nb\" ALL=ALL\n", newest, "1:1: unexpected line break in string"},
		{"an empty group", "% ALL=ALL\n", newest, "1:1: empty group"},
		{"an empty netgroup", "+ ALL=ALL\n", newest, "1:1: empty netgroup"},
		{"sha256 is no user", "sha256 ALL=ALL\n", newest, "1:1: syntax error"},
		{"unless escaped", "\\sha256 ALL=ALL\n", newest, ""},
		{"a path is no user", "/bin/x ALL=ALL\n", newest, "1:1: syntax error"},

		// Hosts.
		{"networks", "a 10.0.0.0/8, 10.0.0.0/255.0.0.0, fe80::/64, ::1=ALL\n", newest, ""},
		{"two gaps in an address", "a 1::2::3=ALL\n", newest, "1:3: invalid IPv6 address"},
		{"groups are no hosts", "a %g=ALL\n", newest, "1:3: syntax error"},

		// Commands.
		{"a command needs a full path", "a ALL=ls\n", newest, "1:7: expected a fully-qualified path name"},
		{"a lone slash is none", "a ALL=/\n", newest, "1:7: expected a fully-qualified path name"},
		{"a directory takes no arguments", "a ALL=/bin/ x\n", newest, "1:13: syntax error"},
		{"quotes are plain in arguments", "a ALL=/bin/x \"a b\"\n", newest, ""},
		{"an equals sign in a word needs no escape", "a ALL=/bin/x a=b\n", newest, ""},
		{"an equals sign alone does", "a ALL=/bin/x =\n", newest, "1:14: syntax error"},
		{"a backslash escapes only signs", "a ALL=/bin/x a\\b\n", newest, "1:15: syntax error"},
		{"no backslash before a star in a path", "a ALL=/bin/\\*\n", newest, "1:7: expected a fully-qualified path name"},
		{"regular expressions", "a ALL=^/bin/(a|b)$ ^a,b:c=d$\n", newest, ""},
		{"with nothing behind the arguments", "a ALL=/bin/x ^a$ b\n", newest, "1:18: syntax error"},
		{"an open one", "a ALL=/bin/x ^a\n", newest, "1:7: unterminated regular expression"},
		{"a malformed one passes", "a ALL=/bin/x ^a(.*$\n", newest, ""},
		{"list takes no arguments", "a ALL=list x\n", newest, "1:12: syntax error"},
		{"sudoedit with a path, since 1.9.16", "a ALL=/usr/bin/sudoedit /etc/x\n", PVE9, ""},
		{"sudoedit with a path, before", "a ALL=/usr/bin/sudoedit /etc/x\n", PVE8, "1:7: sudoedit should not be specified with a path"},
		{"relative sudoedit, since 1.9.18", "a ALL=sudoedit x\n", newest, "1:7: invalid sudoedit file name"},
		{"relative sudoedit, before", "a ALL=sudoedit x\n", PVE9, ""},
		{"digests", "a ALL=sha256:" + hash + ", sha256 : " + hash + " /bin/x\n", newest, ""},
		{"a short digest", "a ALL=sha256:abc /bin/x\n", newest, "1:18: syntax error"},
		{"a digest before ALL", "a ALL=sha256:" + hash + " ALL\n", newest, ""},
		{"no digest before an alias", "a ALL=sha256:" + hash + " CMDS\n", newest, "1:79: a digest requires a path name"},

		// Run-as, options, tags.
		{"empty run-as lists", "a ALL=() ALL, (:) ALL, (:g) ALL\n", newest, ""},
		{"a colon needs a group", "a ALL=(u:) ALL\n", newest, "1:10: syntax error"},
		{"options before tags", "a ALL=NOPASSWD: TIMEOUT=1 ALL\n", newest, "1:17: syntax error"},
		{"blanks before the colon of a tag", "a ALL=NOPASSWD : ALL\n", newest, ""},
		{"CWD takes an absolute path", "a ALL=CWD=tmp ALL\n", newest, "1:11: values for \"CWD\" must start"},
		{"CWD in quotes, since 1.9.16", "a ALL=CWD=\"/a b\" ALL\n", PVE9, ""},
		{"CWD in quotes, before", "a ALL=CWD=\"/a b\" ALL\n", PVE8, "1:11: syntax error"},
		{"timeouts go down in units", "a ALL=TIMEOUT=1m1h ALL\n", newest, "1:15: invalid timeout value"},
		{"times", "a ALL=NOTBEFORE=2020010100 NOTAFTER=20300101000000.5+0100 ALL\n", newest, ""},
		{"a date is no time", "a ALL=NOTAFTER=20300101 ALL\n", newest, "1:16: invalid notafter value"},
		{"APPARMOR_PROFILE, since 1.9.16", "a ALL=APPARMOR_PROFILE=x ALL\n", PVE9, ""},
		{"APPARMOR_PROFILE is an alias before", "a ALL=APPARMOR_PROFILE=x ALL\n", PVE8, "1:23: syntax error"},

		// Aliases.
		{"all kinds", "User_Alias A=x:B=y\nHost_Alias A=x\nRunas_Alias A=x\nCmnd_Alias A=/x\nCmd_Alias B=/y\n", newest, ""},
		{"duplicates", "User_Alias A=x\nUser_Alias A=y\n", newest, "2:12: duplicate User_Alias \"A\""},
		{"reserved words", "User_Alias CWD=x\n", newest, "1:12: syntax error, reserved word CWD"},
		{"an indented keyword needs no blank behind it", " User_AliasA=x\n", newest, ""},
		{"undefined ones pass", "A B=(C) D\n", newest, ""},

		// Defaults.
		{"bindings", "Defaults@h a\n", newest, "1:12: unknown defaults entry \"a\""},
		{"a blank before a binding", "Defaults :u use_pty\n", newest, "1:10: syntax error"},
		{"a command binding takes no arguments", "Defaults!/bin/x use_pty\n", newest, ""},
		{"a flag takes no value", "Defaults use_pty=1\n", newest, "1:10: option \"use_pty\" does not take a value"},
		{"a number needs one", "Defaults timestamp_timeout\n", newest, "1:10: no value specified"},
		{"unless negated", "Defaults !timestamp_timeout\n", newest, ""},
		{"only lists are added to", "Defaults listpw+=any\n", newest, "1:10: invalid operator \"+=\""},
		{"an option of a later version", "Defaults pam_silent\n", PVE8, "1:10: unknown defaults entry \"pam_silent\""},
		{"in its version", "Defaults pam_silent\n", PVE9, ""},

		// Includes.
		{"names with blanks", "@include /a\\ b\n@includedir \"/c d\"\n", newest, ""},
		{"a quoted name that begins with a percent sign is a group", "@include \"%h\"\n", newest, "1:10: syntax error"},
		{"two names", "@include /a /b\n", newest, "1:13: syntax error"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			_, errs := Parse("f", tc.text, tc.v)
			got := ""
			if len(errs) > 0 {
				got = strings.TrimPrefix(errs[0].Error(), "f:")
			}
			if tc.want == "" && got != "" || !strings.HasPrefix(got, tc.want) {
				t.Errorf("Parse(%q) for %s: got error %q, want %q", tc.text, tc.v, got, tc.want)
			}
			for _, e := range errs {
				if e.Hint == "" {
					t.Errorf("Parse(%q): %v has no hint", tc.text, e)
				}
			}
		})
	}
}

func TestCorpus(t *testing.T) {
	t.Parallel()
	for dir, accept := range map[string]bool{"accept": true, "reject": false} {
		files, err := filepath.Glob(filepath.Join("testdata", dir, "*.sudoers"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", dir, err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f, errs := Parse(name, string(text), Version{})
			if accept != (len(errs) == 0) {
				t.Errorf("%s: errors %v", name, errs)
			}
			if accept {
				checkRoundTrip(t, f, Version{})
			}
		}
	}
}

// A line with an error is dropped, but what sudo had taken in before the error
// stays in force.
func TestErrorRecovery(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ rule, text, want string }{
		{"the line is dropped, the rest stays", "a ALL=ls x\nb ALL=ALL\n", "b ALL=ALL\n"},
		{"aliases before the error stay", "User_Alias A = x : B = (\n", "User_Alias A = x\n"},
		{"also the one right before it", "User_Alias A = x )\n", "User_Alias A = x\n"},
		{"privileges before an error at the end of the line stay", "a ALL=/bin/x : B=ls\n", "a ALL=/bin/x\n"},
		{"behind an empty one too", "a ALL=/bin/x : : B=/bin/y\n", "a ALL=/bin/x : B=/bin/y\n"},
		{"else the line is dropped", "a ALL=/bin/x : B=ls x\n", ""},
		{"an include with rubbish behind it counts", "@include /x y\n", "@include /x\n"},
		{"a setting that is wrong is kept to be shown", "Defaults use_ptty\n", "Defaults use_ptty\n"},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			t.Parallel()
			f, errs := Parse("f", tc.text, Version{})
			if len(errs) == 0 {
				t.Error("no error")
			}
			if got := Print(f); got != tc.want {
				t.Errorf("in force is %q, want %q", got, tc.want)
			}
		})
	}
}

func TestAllErrorsOfAFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/reject/many.sudoers")
	if err != nil {
		t.Fatal(err)
	}
	_, errs := Parse("f", string(text), Version{})
	var at []string
	for _, e := range errs {
		at = append(at, e.Pos.String())
	}
	if got, want := strings.Join(at, " "), "f:1:7 f:2:16 f:3:12 f:4:10 f:5:17"; got != want {
		t.Errorf("errors at %s, want %s", got, want)
	}
	if got, want := errs[0].Excerpt(string(text)), "a ALL=ls\n      ^"; got != want {
		t.Errorf("excerpt %q, want %q", got, want)
	}
	if got := errs[3].Hint; !strings.Contains(got, "use_pty") {
		t.Errorf("hint for a misspelt option: %q", got)
	}
}

// The spans of all entries of an accepted file make up its text.
func TestSpansCoverTheText(t *testing.T) {
	t.Parallel()
	const text = "# c\n\n\na ALL=\\\n /bin/x # d\nDefaults use_pty\n\nb, !c ALL=ALL"
	f, errs := Parse("f", text, Version{})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var parts []string
	for _, e := range f.Entries {
		parts = append(parts, text[e.Span().Start:e.Span().End])
		if e.End() != e.Span().End {
			t.Errorf("End %d, span %v", e.End(), e.Span())
		}
	}
	if got := strings.Join(parts, ""); got != text {
		t.Errorf("spans give %q", got)
	}
	if want := "a ALL=\\\n /bin/x # d\n"; parts[2] != want {
		t.Errorf("third entry %q, want %q", parts[2], want)
	}
	last, ok := f.Entries[len(f.Entries)-1].(*UserSpec)
	if !ok {
		t.Fatal("no rule at the end")
	}
	if got := text[last.Users[1].Span.Start:last.Users[1].Span.End]; got != "!c" {
		t.Errorf("second user %q", got)
	}
	if got := last.Users[1].Pos.String(); got != "f:8:4" {
		t.Errorf("second user at %s", got)
	}
}

// Arguments are joined by one space; escapes are removed or kept for the pattern.
func TestArguments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"/x a   b":      "a b",
		"/x a \\\n   b": "a b",
		`/x a\,b`:       "a,b",
		`/x \*\?`:       `\*\?`,
		`/x a\\\\b`:     `a\\b`,
		`/x a\ \ b`:     "a  b",
		`/x ^a \$b$`:    `^a \$b$`,
		"/x ^a \\\n b$": "^a b$",
		`/x ""`:         `""`,
	} {
		f, errs := Parse("f", "u ALL="+text+"\n", Version{})
		if len(errs) > 0 {
			t.Errorf("%q: %v", text, errs)
			continue
		}
		spec, ok := f.Entries[0].(*UserSpec)
		if !ok {
			t.Fatalf("%q is no rule", f.Text)
		}
		c := spec.Privileges[0].Commands[0].Command
		if c.Name != "/x" || !c.HasArgs || c.Args != want {
			t.Errorf("%q: command %q, arguments %q, want %q", text, c.Name, c.Args, want)
		}
	}
}

// TestHintForPath: a path that lacks its first slash gets that, a bare name a directory.
func TestHintForPath(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"usr/bin/x": "a path begins with a slash: write /usr/bin/x",
		"systemctl": "write the full path, for example /usr/bin/systemctl",
	} {
		_, errs := Parse("policy", "alice ALL = "+word+"\n", PVE9)
		if len(errs) != 1 || errs[0].Hint != want {
			t.Errorf("%s: %v, want the hint %q", word, errs, want)
		}
	}
}
