package sudoers

import (
	"strings"
	"testing"
)

// The tests of this file are the language, a table for each rule: what sudoers(5) says, and where it says nothing, what
// sudo's own lexer (toke.l), grammar (gram.y) and table of options (def_data.in) do.

// A sentence is a policy and whether it is one.
type sentence struct {
	rule string
	text string
	v    Version
	// want is the first error as "line:col: start of message", "" for none.
	want string
	// print is the canonical text where it matters how the policy was read.
	print string
}

func read(t *testing.T, table []sentence) {
	t.Helper()
	for _, s := range table {
		t.Run(s.rule, func(t *testing.T) {
			t.Parallel()
			file, errs := Parse("f", s.text, s.v)
			got := ""
			if len(errs) > 0 {
				got = strings.TrimPrefix(errs[0].Error(), "f:")
			}
			if s.want == "" && got != "" || !strings.HasPrefix(got, s.want) {
				t.Errorf("Parse(%q) for %s: got error %q, want %q", s.text, s.v, got, s.want)
			}
			if s.print != "" && Print(file) != s.print {
				t.Errorf("%q is read as %q, want %q", s.text, Print(file), s.print)
			}
			for _, e := range errs {
				if e.Hint == "" {
					t.Errorf("Parse(%q): %v has no hint", s.text, e)
				}
			}
		})
	}
}

var newest = Version{}

// Bytes, lines, and what ends them: sudoers_input.
func TestInput(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"an empty file", "", newest, "", ""},
		{"a NUL byte ends the line", "a ALL=ALL\x00 (((\nb ALL=ALL\n", newest, "", "a ALL=ALL\nb ALL=ALL\n"},
		{"the last newline may be missing", "a ALL=ALL", newest, "", "a ALL=ALL\n"},
		{"bytes that are no text", "\xff\xfe ALL=/bin/\xc3\n", newest, "", "\xff\xfe ALL=/bin/\xc3\n"},
		{"carriage return and newline end a line behind a word", "a ALL=ALL\r\n", newest, "", ""},
		{"but swallow the command behind a path", "a ALL=/bin/x\r\n", newest, "1:13: syntax error", ""},
	})
}

// A backslash before the newline is a space.
func TestContinuationLines(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"a backslash before the newline continues", "a ALL=\\\n /bin/x a \\\t\n b\n", newest, "", "a ALL=/bin/x a b\n"},
		{"keywords do not follow a continuation", "\\\nDefaults use_pty\n", newest, "2:1: invalid line continuation", ""},
		{"nor aliases", "\\\nUser_Alias A=b\n", newest, "2:1: invalid line continuation", ""},
		{"nor includes", "\\\n@include /x\n", newest, "2:1: invalid line continuation", ""},
		{"in a string the spaces of the next line go too", "Defaults passprompt=\"a\\\n   b\"\n", newest, "", "Defaults passprompt=ab\n"},
		{"in a regular expression as well", "a ALL=/bin/x ^a \\\n  b$\n", newest, "", "a ALL=/bin/x ^a b$\n"},
		{"a lone backslash at the end", "a ALL=ALL\n\\\n", newest, "", ""},
		{"a rule that ends in a backslash", "a ALL=/bin/x \\\n", newest, "1:7: syntax error", ""},
	})
}

// '#' begins a comment, an id, or a directive.
func TestComments(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"a line of its own", "# a\n  # b\n", newest, "", "# a\n# b\n"},
		{"a hash ends arguments", "a ALL=/bin/x a#b\n", newest, "", "a ALL=/bin/x a #b\n"},
		{"unless escaped", "a ALL=/bin/x a\\#b\n", newest, "", "a ALL=/bin/x a\\#b\n"},
		{"a hash before a number is an id", "#1000 ALL=ALL\n", newest, "", "#1000 ALL=ALL\n"},
		{"also a negative one", "#-1 ALL=ALL\n", newest, "", "#-1 ALL=ALL\n"},
		{"no id behind a command", "a ALL=ALL #1\n", newest, "1:11: syntax error", ""},
		{"a hash before a number ends settings with an error", "Defaults use_pty #1\n", newest, "1:18: a '#' before a number", ""},
		{"a word of its own after include is none", "#includefoo /x\n", newest, "", "#includefoo /x\n"},
		{"a directive stands at the beginning of the line", " #include /x\n", newest, "", " #include /x\n"},
	})
}

// '!' negates an odd number of times.
func TestNegation(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"odd", "a ALL=!/bin/x, !!!/bin/y\n", newest, "", "a ALL=!/bin/x, !/bin/y\n"},
		{"even negation is none", "a ALL=!!/bin/x\n", newest, "", "a ALL=/bin/x\n"},
		{"spaces between", "a ALL=! ! !/bin/x\n", newest, "1:9: syntax error", ""},
		{"of users, hosts and targets", "!a !b=(!c : !d) ALL\n", newest, "", "!a !b=(!c : !d) ALL\n"},
	})
}

// Names are words: any characters but signs, and signs behind a backslash.
func TestWords(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"escaped signs", "a\\,b\\ c ALL=ALL\n", newest, "", "\"a,b c\" ALL=ALL\n"},
		{"hexadecimal escapes", "\\x61 ALL=ALL\n", newest, "", "a ALL=ALL\n"},
		{"a path is no user", "/bin/x ALL=ALL\n", newest, "1:1: syntax error", ""},
		{"an empty group", "% ALL=ALL\n", newest, "1:1: empty group", ""},
		{"an empty netgroup", "+ ALL=ALL\n", newest, "1:1: empty netgroup", ""},
		{"groups by id, and of a plug-in", "%#10, %:g, %:#11 ALL=ALL\n", newest, "", "%#10, %:g, %:#11 ALL=ALL\n"},
		{"sha256 is no user", "sha256 ALL=ALL\n", newest, "1:1: syntax error", ""},
		{"unless escaped", "\\sha256 ALL=ALL\n", newest, "", "\\sha256 ALL=ALL\n"},
	})
}

// Quotes enclose whole words, values of options and names of files, and are plain characters in arguments.
func TestDoubleQuotes(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"quotes enclose a whole name", "\"a b\" ALL=ALL\n", newest, "", "\"a b\" ALL=ALL\n"},
		{"with the sign of a group", "\"%a b\" ALL=ALL\n", newest, "", "\"%a b\" ALL=ALL\n"},
		{"and quotes inside", "\"a\\\"b\" ALL=ALL\n", newest, "", "a\\\"b ALL=ALL\n"},
		{"an empty string", "\"\" ALL=ALL\n", newest, "1:1: empty string", ""},
		{"a string over two lines", "\"a\nb\" ALL=ALL\n", newest, "1:1: unexpected line break in string", ""},
		{"quotes are plain in arguments", "a ALL=/bin/x \"a b\"\n", newest, "", "a ALL=/bin/x \"a b\"\n"},
		{"CWD in quotes, since 1.9.16", "a ALL=CWD=\"/a b\" ALL\n", PVE9, "", ""},
		{"CWD in quotes, before", "a ALL=CWD=\"/a b\" ALL\n", PVE8, "1:11: syntax error", ""},
	})
}

// A command is a full path.
func TestPaths(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"a command needs a full path", "a ALL=ls\n", newest, "1:7: expected a fully-qualified path name", ""},
		{"a lone slash is none", "a ALL=/\n", newest, "1:7: expected a fully-qualified path name", ""},
		{"signs are escaped", "a ALL=/bin/a\\,b\\:c\\=d\\ e\\#f\n", newest, "", "a ALL=/bin/a\\,b\\:c\\=d\\ e\\#f\n"},
		{"no backslash before a star", "a ALL=/bin/\\*\n", newest, "1:7: expected a fully-qualified path name", ""},
		{"a directory", "a ALL=/bin/\n", newest, "", "a ALL=/bin/\n"},
		{"takes no arguments", "a ALL=/bin/ x\n", newest, "1:13: syntax error", ""},
	})
}

// Arguments are words joined by one space; the backslash stays before wildcards.
func TestCommandArguments(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"spaces are one", "a ALL=/bin/x a \t  b\n", newest, "", "a ALL=/bin/x a b\n"},
		{"wildcards keep their backslash", "a ALL=/bin/x \\* \\? \\[ \\]\n", newest, "", "a ALL=/bin/x \\* \\? \\[ \\]\n"},
		{"an equals sign in a word needs no escape", "a ALL=/bin/x a=b\n", newest, "", ""},
		{"an equals sign alone does", "a ALL=/bin/x =\n", newest, "1:14: syntax error", ""},
		{"a comma ends the command", "a ALL=/bin/x a,/bin/y\n", newest, "", "a ALL=/bin/x a, /bin/y\n"},
		{"and a colon the privilege", "a ALL=/bin/x a:b=/bin/y\n", newest, "", "a ALL=/bin/x a : b=/bin/y\n"},
		{"a backslash escapes only signs", "a ALL=/bin/x a\\b\n", newest, "1:15: syntax error", ""},
		{"two are one of the pattern", "a ALL=/bin/x e\\\\\\\\f\n", newest, "", ""},
		{"what a shell would read is plain", "a ALL=/bin/x (a) 'b' > c | d; $e !f\n", newest, "", "a ALL=/bin/x (a) 'b' > c | d; $e !f\n"},
		{"no arguments", "a ALL=/bin/x \"\"\n", newest, "", "a ALL=/bin/x \"\"\n"},
	})
}

// From 1.9.10 commands and arguments may be regular expressions: from '^' to '$'.
func TestRegularExpressions(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"of the path and of the arguments", "a ALL=^/bin/(a|b)$ ^a,b:c=d$\n", newest, "", "a ALL=^/bin/(a|b)$ ^a,b:c=d$\n"},
		{"hash and dollar are escaped", "a ALL=/bin/x ^a\\#\\$$\n", newest, "", "a ALL=/bin/x ^a\\#\\$$\n"},
		{"with nothing behind the arguments", "a ALL=/bin/x ^a$ b\n", newest, "1:18: syntax error", ""},
		{"but another command", "a ALL=/bin/x ^a$, /bin/y\n", newest, "", ""},
		{"an open one", "a ALL=/bin/x ^a\n", newest, "1:7: unterminated regular expression", ""},
		{"a malformed one passes", "a ALL=/bin/x ^a(.*$\n", newest, "", ""},
		{"before 1.9.10 a path is needed", "a ALL=^/bin/a$\n", Version{1, 9, 9}, "1:7: expected a fully-qualified path name", ""},
	})
}

// sudoedit and list are commands without a path; other words are none.
func TestPseudoCommands(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"list", "a ALL=list\n", newest, "", "a ALL=list\n"},
		{"list takes no arguments", "a ALL=list x\n", newest, "1:12: syntax error", ""},
		{"sudoedit with a path, since 1.9.16", "a ALL=/usr/bin/sudoedit /etc/x\n", PVE9, "", "a ALL=sudoedit /etc/x\n"},
		{"sudoedit with a path, before", "a ALL=/usr/bin/sudoedit /etc/x\n", PVE8, "1:7: sudoedit should not be specified with a path", ""},
		{"relative sudoedit, since 1.9.18", "a ALL=sudoedit x\n", newest, "1:7: invalid sudoedit file name", ""},
		{"relative sudoedit, before", "a ALL=sudoedit x\n", PVE9, "", ""},
	})
}

// Checksums stand before a command.
func TestDigests(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"any of several", "a ALL=sha256:" + hash + ", sha256 : " + hash + " /bin/x\n", newest, "", ""},
		{"a short one", "a ALL=sha256:abc /bin/x\n", newest, "1:18: syntax error", ""},
		{"before ALL", "a ALL=sha256:" + hash + " ALL\n", newest, "", ""},
		{"not before an alias", "a ALL=sha256:" + hash + " CMDS\n", newest, "1:79: a digest requires a path name", ""},
	})
}

// Aliases have four name spaces for the whole policy, and reserved words.
func TestAliases(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"all kinds", "User_Alias A=x:B=y\nHost_Alias A=x\nRunas_Alias A=x\nCmnd_Alias A=/x\nCmd_Alias B=/y\n", newest, "", ""},
		{"duplicates", "User_Alias A=x\nUser_Alias A=y\n", newest, "2:12: duplicate User_Alias \"A\"", ""},
		{"a name is of capitals, digits and underscores", "User_Alias aB=x\n", newest, "1:12: syntax error", ""},
		{"ALL is no name", "User_Alias ALL=x\n", newest, "1:12: syntax error", ""},
		{"reserved words", "User_Alias CWD=x\n", newest, "1:12: syntax error, reserved word CWD", ""},
		{"an indented keyword needs no space behind it", " User_AliasA=x\n", newest, "", ""},
		{"undefined ones pass", "A B=(C) D\n", newest, "", ""},
		{"and those that name each other", "User_Alias A=B:B=A\nA ALL=ALL\n", newest, "", ""},
		{"used before they are defined", "A ALL=ALL\nUser_Alias A=x\n", newest, "", ""},
		{"APPARMOR_PROFILE is one before 1.9.16", "a ALL=APPARMOR_PROFILE=x ALL\n", PVE8, "1:23: syntax error", ""},
	})
}

// Hosts are names, patterns, addresses, networks, netgroups and aliases.
func TestAddresses(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"networks", "a 10.0.0.0/8, 10.0.0.0/255.0.0.0, fe80::/64, ::1=ALL\n", newest, "", ""},
		{"two gaps in an address", "a 1::2::3=ALL\n", newest, "1:3: invalid IPv6 address", ""},
		{"names, patterns and netgroups", "a pve?, *.example.com, +nodes=ALL\n", newest, "", ""},
		{"groups are no hosts", "a %g=ALL\n", newest, "1:3: syntax error", ""},
	})
}

// Run-as lists: users, after a colon groups.
func TestRunasLists(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"empty ones", "a ALL=() ALL, (:) ALL, (:g) ALL\n", newest, "", ""},
		{"users and groups", "a ALL=(u, %g, #1 : h, #2) ALL\n", newest, "", ""},
		{"a colon needs a group", "a ALL=(u:) ALL\n", newest, "1:10: syntax error", ""},
		{"a group of groups is none", "a ALL=(u : %g) ALL\n", newest, "1:12: syntax error", ""},
	})
}

// A user specification: users, then privileges with a colon between, each hosts and commands.
func TestUserSpecifications(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"several of everything", "a,b h,i=/x,/y:j=/z\n", newest, "", "a, b h, i=/x, /y : j=/z\n"},
		{"no users", "ALL=ALL\n", newest, "1:4: syntax error", ""},
		{"no hosts", "a =ALL\n", newest, "1:3: syntax error", ""},
		{"no commands", "a ALL=\n", newest, "1:7: syntax error", ""},
		{"nothing behind a comma", "a ALL=/x,\n", newest, "1:10: syntax error", ""},
		{"a comma at the end of users", "a, ALL=ALL\n", newest, "1:7: syntax error", ""},
	})
}

// Tags and options before a command, and what the next one takes over.
func TestTagsAndOptions(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"options before tags", "a ALL=NOPASSWD: TIMEOUT=1 ALL\n", newest, "1:17: syntax error", ""},
		{"spaces before the colon of a tag", "a ALL=NOPASSWD : ALL\n", newest, "", "a ALL=NOPASSWD: ALL\n"},
		{"every tag", "a ALL=PASSWD: NOPASSWD: EXEC: NOEXEC: INTERCEPT: NOINTERCEPT: SETENV: NOSETENV: LOG_INPUT: NOLOG_INPUT: LOG_OUTPUT: NOLOG_OUTPUT: MAIL: NOMAIL: FOLLOW: NOFOLLOW: /x\n", newest, "", ""},
		{"a tag of a later version", "a ALL=INTERCEPT: /x\n", Version{1, 9, 7}, "1:18: syntax error", ""},
		{"every option", "a ALL=ROLE=r TYPE=t CWD=/ CHROOT=* TIMEOUT=1d2h3m4s NOTBEFORE=20200101000000Z NOTAFTER=20300101000000Z APPARMOR_PROFILE=p /x\n", newest, "", ""},
		{"CWD takes an absolute path", "a ALL=CWD=tmp ALL\n", newest, "1:11: values for \"CWD\" must start", ""},
		{"timeouts go down in units", "a ALL=TIMEOUT=1m1h ALL\n", newest, "1:15: invalid timeout value", ""},
		{"times", "a ALL=NOTBEFORE=2020010100 NOTAFTER=20300101000000.5+0100 ALL\n", newest, "", ""},
		{"a date is no time", "a ALL=NOTAFTER=20300101 ALL\n", newest, "1:16: invalid notafter value", ""},
		{"APPARMOR_PROFILE, since 1.9.16", "a ALL=APPARMOR_PROFILE=x ALL\n", PVE9, "", ""},
	})
}

// Defaults: a binding, then options that are set, unset, added to or taken from.
func TestDefaults(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"every binding", "Defaults use_pty\nDefaults@h use_pty\nDefaults:u use_pty\nDefaults>r use_pty\nDefaults!/x use_pty\n", newest, "", ""},
		{"an unknown option", "Defaults@h a\n", newest, "1:12: unknown defaults entry \"a\"", ""},
		{"a space behind the sign of a binding", "Defaults: u use_pty\n", newest, "", "Defaults:u use_pty\n"},
		{"a space before a binding", "Defaults :u use_pty\n", newest, "1:10: syntax error", ""},
		{"a command binding takes no arguments", "Defaults!/bin/x use_pty\n", newest, "", ""},
		{"a flag takes no value", "Defaults use_pty=1\n", newest, "1:10: option \"use_pty\" does not take a value", ""},
		{"a number needs one", "Defaults timestamp_timeout\n", newest, "1:10: no value specified", ""},
		{"unless negated", "Defaults !timestamp_timeout\n", newest, "", ""},
		{"what has no empty value is not negated", "Defaults !editor\n", newest, "1:11: no value specified for \"editor\"", ""},
		{"only lists are added to", "Defaults listpw+=any\n", newest, "1:10: invalid operator \"+=\"", ""},
		{"lists are", "Defaults env_keep+=\"A B\", env_keep-=C\n", newest, "", ""},
		{"an option of a later version", "Defaults pam_silent\n", PVE8, "1:10: unknown defaults entry \"pam_silent\"", ""},
		{"in its version", "Defaults pam_silent\n", PVE9, "", ""},
	})
}

// Files that are read in the place of a directive.
func TestIncludeDirectives(t *testing.T) {
	t.Parallel()
	read(t, []sentence{
		{"both forms", "@include /a\n#include /a\n@includedir /b\n#includedir /b\n", newest, "", ""},
		{"names with spaces", "@include /a\\ b\n@includedir \"/c d\"\n", newest, "", ""},
		{"the host in a name", "@include /a.%h\n", newest, "", ""},
		{"a quoted name that begins with a percent sign is a group", "@include \"%h\"\n", newest, "1:10: syntax error", ""},
		{"two names", "@include /a /b\n", newest, "1:13: syntax error", ""},
		{"no name", "@include\n", newest, "1:9: syntax error", ""},
	})
}
