package policy

import (
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// TestDenialsUnderAnotherRoot: sudo looks for the files of a rule with CHROOT below that directory. Where nothing is
// there a denial does not match, as the sudo of Debian 12 and 13 shows for the first of these (uid 0). Nobody may be
// told that it does.
func TestDenialsUnderAnotherRoot(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"op ALL=NOPASSWD: /usr/bin/bash, CHROOT=/nonexistent !/usr/bin/*",
		"op ALL=NOPASSWD: /usr/bin/bash\nop ALL=CHROOT=/nonexistent /usr/bin/id, !/usr/bin/",
		"op ALL=NOPASSWD: /usr/bin/bash\nop ALL=CHROOT=/nonexistent /usr/bin/id, /usr/bin/w, !^/usr/bin/.*$",
		"Cmnd_Alias DENIED=/usr/bin/[ab]*\nop ALL=/usr/bin/bash, CHROOT=/srv/x !DENIED",
		"op ALL=CHROOT=* NOPASSWD: /usr/bin/bash, !/usr/bin/b*",
		"Defaults runchroot=/nonexistent\nop ALL=NOPASSWD: /usr/bin/bash, !/usr/bin/*",
		"Defaults:op runchroot=/nonexistent\nop ALL=NOPASSWD: /usr/bin/bash, !/usr/bin/",
		"op ALL=CHROOT=* /usr/bin/bash\nop ALL=!^/usr/bin/b.*$", // the caller's own directory, by -R
		"Defaults runchroot=*\nop ALL=/usr/bin/bash, !/usr/bin/*",
	} {
		neverIsNotProven(t, text, "/usr/bin/bash")
		if c := Compare(treeOf(t, text), treeOf(t, strings.ReplaceAll(text, "!", "")), op); c.Verdict == Equal || c.Verdict == Narrower {
			t.Errorf("%s where the denial is dropped from\n%s", c.Verdict, text)
		}
	}
	for _, text := range []string{
		"op ALL=NOPASSWD: /usr/bin/bash, CHROOT=/nonexistent !/usr/bin/*", "op ALL=CHROOT=/srv/x /usr/bin/bash", "Defaults runchroot=/srv/x\nop ALL=/usr/bin/bash",
		"op ALL=CHROOT=/srv/x /usr/bin/b*",
	} {
		if d := Decide(treeOf(t, text), request("/usr/bin/bash")); d.Verdict != Unknown || len(d.If) == 0 {
			t.Errorf("%s, if %q, for\n%s", d.Verdict, d.If, text)
		}
		if proof := ProveAlways(treeOf(t, text), op, []string{"/usr/bin/bash"}); proof.Verdict != regular.Unknown {
			t.Errorf("always is %s of\n%s", proof.Verdict, text)
		}
	}
	for text, want := range map[string]Verdict{
		"op ALL=CHROOT=/srv/x !/usr/bin/id\nop ALL=/usr/bin/bash":                  Allowed,
		"op ALL=/usr/bin/bash\nop ALL=CHROOT=/srv/x !/usr/bin/id":                  Unknown,
		"op ALL=CHROOT=/srv/x !/usr/bin/bash":                                      Denied,
		"op ALL=CHROOT=/srv/x /usr/bin/bash\nop ALL=!/usr/bin/bash":                Denied,
		"op ALL=/usr/bin/bash\nop ALL=CHROOT=/srv/x /usr/bin/bash":                 Unknown,
		"op ALL=/usr/bin/bash\nop ALL=CHROOT=/srv/x !/usr/bin/bash -c *":           Unknown,
		"Defaults!/usr/bin/bash runchroot=/srv/x\nop ALL=/usr/bin/bash":            Unknown,
		"Defaults runchroot=/srv/x, !runchroot\nop ALL=/usr/bin/bash":              Allowed,
		"op ALL=CHROOT=/srv/x /usr/bin/id, NOPASSWD: /usr/bin/w\nop ALL=!ALL":      Denied,
		"op ALL=CHROOT=/srv/x /usr/bin/id, NOPASSWD: /usr/bin/bash\nop ALL=/tmp/x": Unknown,
	} {
		if got := Decide(treeOf(t, text), request("/usr/bin/bash")).Verdict; got != want {
			t.Errorf("%s, want %s for\n%s", got, want, text)
		}
	}
}

// TestPatternsInAnotherLocale: with sudoers_locale set to one of several bytes a character, "." and "[^x]" of an
// expression do not match a byte that is no character, and match several bytes that are one. The sudo of Debian 12 and
// 13 lets the first of these through with -c $'id #\377' (uid 0).
func TestPatternsInAnotherLocale(t *testing.T) {
	t.Parallel()
	const passed = "id #\xff"
	for _, text := range []string{
		"Defaults sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash ^.*$",
		"Defaults:op sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash ^.*$",
		"Defaults@web sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash ^.*$",
		"Defaults>root sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash ^.*$",
		"Defaults!/usr/bin/bash sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash ^.*$",
		"Defaults sudoers_locale=en_US.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash ^[^x]*$",
		"Defaults sudoers_locale=de_DE\nop ALL=/usr/bin/bash, !/usr/bin/bash ^-c ([[:print:]]|\\S)+$",
		"Defaults sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash ^-c id \\#[^ ]$",
		"Defaults sudoers_locale=ja_JP.SJIS\nop ALL=/usr/bin/bash, !/usr/bin/bash -c*",
	} {
		r := request("/usr/bin/bash", "-c", passed)
		r.Host = "web"
		if d := Decide(treeOf(t, text), r); d.Verdict != Unknown {
			t.Errorf("%s for\n%s", d.Verdict, text)
		}
		neverIsNotProven(t, text, "/usr/bin/bash ^-c ")
	}
	// What is the same in every reading stays certain.
	for text, want := range map[string]Verdict{
		"Defaults sudoers_locale=C\nop ALL=/usr/bin/bash, !/usr/bin/bash ^.*$":              Denied,
		"Defaults sudoers_locale=POSIX\nop ALL=/usr/bin/bash, !/usr/bin/bash ^.*$":          Denied,
		"Defaults sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash":             Denied,
		"Defaults sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash *":           Denied,
		"Defaults sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash -[a-z] id*":  Denied,
		"Defaults sudoers_locale=C.UTF-8\nop ALL=!/usr/bin/bash ^.*$":                       Denied,
		"Defaults sudoers_locale=C.UTF-8\nDefaults sudoers_locale=C\nop ALL=/usr/bin/bash ": Allowed,
	} {
		if got := Decide(treeOf(t, text), request("/usr/bin/bash", "-c", passed)).Verdict; got != want {
			t.Errorf("%s, want %s for\n%s", got, want, text)
		}
	}
	// Words of ASCII are read alike in UTF-8, but for what the order and the case of letters decide.
	for text, want := range map[string]Verdict{
		"Defaults sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash ^-. [^x]+$":         Allowed,
		"Defaults sudoers_locale=en_US.UTF-8\nop ALL=/usr/bin/bash ^-. [^x]+$":     Allowed,
		"Defaults sudoers_locale=en_US.UTF-8\nop ALL=/usr/bin/bash ^-[a-z] id$":    Unknown,
		"Defaults sudoers_locale=tr_TR.UTF-8\nop ALL=/usr/bin/bash ^(?i)-C ID$":    Unknown,
		"Defaults sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash ^(?i)-C ID$":        Allowed,
		"Defaults sudoers_locale=de_DE\nop ALL=/usr/bin/bash ^-. id$":              Unknown,
		"Defaults sudoers_locale=en_US.UTF-8\nop ALL=/usr/bin/bash ^-[cx] (id|w)$": Allowed,
	} {
		if got := Decide(treeOf(t, text), request("/usr/bin/bash", "-c", "id")).Verdict; got != want {
			t.Errorf("%s, want %s for\n%s", got, want, text)
		}
	}
	// On the allowing side one "." may be several bytes, which the language of bytes does not have.
	neverIsNotProven(t, "Defaults sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash ^-.$", "/usr/bin/bash ^-\xc3\xa9$")
	if proof := ProveAlways(treeOf(t, "Defaults sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash ^.*$"), op, []string{"/usr/bin/bash", "\xff"}); proof.Verdict != regular.Unknown {
		t.Errorf("always is %s", proof.Verdict)
	}
	if d := Decide(treeOf(t, "op ALL=/usr/bin/bash ^.*$"), request("/usr/bin/bash")); !strings.Contains(strings.Join(d.Assumptions, "\n"), "sudoers_locale") {
		t.Errorf("the locale is not among the assumptions: %q", d.Assumptions)
	}
}

// TestCompiledDoubts: a compiled policy answers what the policy does.
func TestCompiledDoubts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"op ALL=NOPASSWD: /usr/bin/bash, CHROOT=/nonexistent !/usr/bin/*", "op ALL=CHROOT=/srv/x /usr/bin/bash", "Defaults runchroot=/srv/x\nop ALL=/usr/bin/b*",
		"Cmnd_Alias DENIED=/usr/bin/[ab]*, !/usr/bin/cat\nop ALL=/usr/bin/bash, CHROOT=/srv/x !DENIED", "op ALL=CHROOT=/srv/x !/usr/bin/bash",
		"Defaults sudoers_locale=C.UTF-8\nop ALL=/usr/bin/bash, !/usr/bin/bash ^.*$", "Defaults sudoers_locale=en_US.UTF-8\nCmnd_Alias A=/usr/bin/bash ^[a-c].$, !/usr/bin/cat ?\nop ALL=/usr/bin/cat, A",
	} {
		tree := treeOf(t, text)
		compiled := Compile(tree, request("/"))
		for _, line := range [][]string{{"/usr/bin/bash"}, {"/usr/bin/bash", "a\xff"}, {"/bin/bash", "ab"}, {"/usr/bin/cat", "\xc3\xa9"}, {"/opt/x/bash"}, {"/usr/bin/id"}} {
			want := Decide(tree, request(line[0], line[1:]...)).Verdict
			if got := compiled.Decide(line[0], strings.Join(line[1:], " "), len(line) > 1).Verdict; got != want {
				t.Errorf("%s, want %s: %q by\n%s", got, want, line, text)
			}
		}
	}
}

func request(command string, args ...string) Request {
	return Request{Subject: op.Subject, Env: op.Env, Command: command, Args: args}
}

func neverIsNotProven(t *testing.T, text, statement string) {
	t.Helper()
	for _, v := range []sudoers.Version{sudoers.PVE8, sudoers.PVE9, {}} {
		q := Question{Subject: op.Subject, Env: Debian(v)}
		s, err := ParseStatement(statement, q.Env)
		if err != nil {
			t.Fatal(err)
		}
		if proof := ProveNever(treeOf(t, text), q, s); proof.Verdict == regular.Yes {
			t.Errorf("never %s is proven for sudo %s of\n%s", statement, v, text)
		}
	}
}

// TestRulesBeforeARoot: for a rule with CHROOT sudo looks the command up below that root, and since 1.9.14 does not put
// back where it found it for the rules before. "sudo /bin/bash" gets through the first of these on Debian 13 (uid 0),
// and not without the last rule.
func TestRulesBeforeARoot(t *testing.T) {
	t.Parallel()
	q := Question{Subject: op.Subject, Env: Debian(sudoers.PVE9)}
	statement, err := ParseStatement("/usr/bin/bash", q.Env)
	if err != nil {
		t.Fatal(err)
	}
	for text, proven := range map[string]bool{
		"op ALL=ALL, !^/usr/bin/bash$, CHROOT=/nowhere /usr/bin/id":                            false,
		"op ALL=ALL, !/usr/bin/b*\nop ALL=CHROOT=/nowhere /usr/bin/id":                         false,
		"Cmnd_Alias SHELLS=/usr/bin/bash, ^/usr/bin/b.*$\nop ALL=ALL, !SHELLS, CHROOT=/x !ALL": false,
		"op ALL=CHROOT=/nowhere /usr/bin/id\nop ALL=ALL, !^/usr/bin/bash$":                     true,
		"op ALL=ALL, !^/usr/bin/bash$\nbob ALL=CHROOT=/nowhere /usr/bin/id":                    true,
	} {
		tree := treeOf(t, text)
		if proof := ProveNever(tree, q, statement); (proof.Verdict == regular.Yes) != proven {
			t.Errorf("never is %s of\n%s", proof.Verdict, text)
		}
		r := request("/usr/bin/bash")
		if got := Decide(tree, r).Verdict; (got == Denied) != proven {
			t.Errorf("%s for\n%s", got, text)
		}
		if got, want := Compile(tree, r).Decide("/usr/bin/bash", "", false).Verdict, Decide(tree, r).Verdict; got != want {
			t.Errorf("compiled %s, decided %s for\n%s", got, want, text)
		}
	}
}

// TestEachSettingIsBoundAnew: what a line says first has a say in whom the rest of it is about.
func TestEachSettingIsBoundAnew(t *testing.T) {
	t.Parallel()
	r := request("/bin/a")
	r.Subject.Netgroups = []string{"ng"}
	s := Decide(treeOf(t, "Defaults:+ng !use_netgroups, noexec\nDefaults:op setenv\nop ALL=/bin/a"), r).Settings
	if s["noexec"] != "" || s["use_netgroups"] != off || s["setenv"] != on {
		t.Errorf("settings %v", s)
	}
}

// TestLinksBeforeARoot: such a rule also matches through links, since sudo compares files where it knows no directory.
// "sudo /opt/h/two", a link to /opt/g/two, is refused by the first of these on Debian 13 and allowed by the third, and
// the other way round without the rule behind. The directory and the glob allow it there as well, the expression does
// not, which the engine leaves open.
func TestLinksBeforeARoot(t *testing.T) {
	t.Parallel()
	env := Debian(sudoers.PVE9)
	env.Targets = map[string]string{"/opt/h/two": "/opt/g/two", "/opt/h/three": "/opt/g/two"}
	q := Question{Subject: op.Subject, Env: env}
	statement, err := ParseStatement("/opt/h/two", env)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]struct {
		verdict Verdict
		never   regular.Verdict
	}{
		"op ALL=ALL, !/opt/g/*, CHROOT=/nowhere /usr/bin/id":       {Unknown, regular.No},
		"op ALL=ALL, !/opt/g/*":                                    {Allowed, regular.No},
		"op ALL=/opt/g/two, CHROOT=/nowhere /usr/bin/id":           {Unknown, regular.No},
		"op ALL=/opt/g/two":                                        {Unmatched, regular.Yes},
		"op ALL=/opt/g/, CHROOT=/nowhere /usr/bin/id":              {Unknown, regular.No},
		"op ALL=/opt/g/t*, CHROOT=/nowhere /usr/bin/id":            {Unknown, regular.No},
		"op ALL=/opt/g/three, CHROOT=/nowhere /usr/bin/id":         {Unmatched, regular.Yes},
		"op ALL=^/opt/g/two$, CHROOT=/nowhere /usr/bin/id":         {Unknown, regular.No},
		"op ALL=CHROOT=/nowhere /usr/bin/id\nop ALL=/opt/g/two":    {Unmatched, regular.Yes},
		"op ALL=/opt/g/two x, CHROOT=/nowhere /usr/bin/id":         {Unmatched, regular.No},
		"Cmnd_Alias A=/opt/g/two\nop ALL=A, CHROOT=/x /usr/bin/id": {Unknown, regular.No},
	} {
		tree := treeOf(t, text)
		r := request("/opt/h/two")
		r.Env = env
		if got := Decide(tree, r).Verdict; got != want.verdict {
			t.Errorf("%s, want %s for\n%s", got, want.verdict, text)
		}
		if got := Compile(tree, r).Decide("/opt/h/two", "", false).Verdict; got != want.verdict {
			t.Errorf("compiled %s, want %s for\n%s", got, want.verdict, text)
		}
		if proof := ProveNever(tree, q, statement); proof.Verdict != want.never {
			t.Errorf("never is %s, want %s of\n%s", proof.Verdict, want.never, text)
		}
	}
}
