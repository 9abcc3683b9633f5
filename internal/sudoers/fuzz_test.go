package sudoers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
)

// FuzzParse: no text makes the parser panic, every error has a place and a hint,
// the spans are within the text, and what is accepted survives printing.
func FuzzParse(f *testing.F) {
	names, err := filepath.Glob("testdata/*/*.sudoers")
	if err != nil || len(names) == 0 {
		f.Fatalf("no corpus: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, text := range []string{
		"\"%", "Defaults!", "a ALL=sha256:", "@include", "a ALL=^", "a ALL=/x ^", "\\x", "a b\\", "#-", "a ::1::", "%:", "a\x00", "a ALL=/x b\\ #",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range []Version{{}, PVE9, PVE8, {1, 8, 0}} {
			file, errs := Parse("f", text, v)
			for _, e := range errs {
				if !e.Pos.IsValid() || e.Pos.Col < 1 || e.Hint == "" || e.Msg == "" {
					t.Fatalf("incomplete error %#v", e)
				}
			}
			end := 0
			for _, e := range file.Entries {
				s := e.Span()
				if s.Start < end || s.End < s.Start || s.End > len(file.Text) {
					t.Fatalf("span %v behind %d in %d bytes", s, end, len(file.Text))
				}
				end = s.End
			}
			if len(errs) == 0 && v.has(1, 9, 1) && !relativeEdit(text, v) {
				checkRoundTrip(t, file, v)
			}
		}
		if budget.Sampled(text, 16) {
			long := budget.Long(text, longText)
			budget.Linear(t, len(long), parseBudget, func() { _, _ = Parse("f", long, Version{}) })
		}
	})
}

// relativeEdit tells a text that may have a relative file behind a path of sudoedit: from 1.9.18 it is accepted there
// and refused behind the plain word, which is how every version up to 1.9.15 wants it, and how it is printed.
func relativeEdit(text string, v Version) bool {
	return v.has(1, 9, 18) && strings.Contains(text, "/sudoedit")
}

// longText is how long a text is made to see whether parsing it is linear.
const longText = 64 << 10

// parseBudget is for a policy in which every other byte is a mistake of its own, with a message and a hint.
var parseBudget = budget.PerByte{Time: 2 * time.Microsecond, Memory: 1 << 10}

// FuzzRender: nothing in a structured rule breaks out of its place. What is rendered is one rule of one command for the
// subject, one setting bound to it, and comments.
func FuzzRender(f *testing.F) {
	f.Add("alice", "/usr/bin/id", "root", "", "ALL", "", "", "use_pty", "a comment")
	f.Add("%ops", "!/x a\\,b", "#0", "www data", "10.0.0.0/8", "/srv/a b", "1h30m", `env_keep+="A B"`, "two\nlines")
	f.Add("ALL", "/x, /y", "u) NOPASSWD: ALL, (root", "g:", "h=ALL", "/x ALL, /y", "1 ALL", "x, !y", "x\\\nbob ALL=ALL")
	f.Add("a\nb ALL=ALL", "/x\nb ALL=ALL", "\\", "\"", "!h", "~", "5", "a=\"b", "\x00\r\n# x")
	f.Fuzz(func(t *testing.T, subject, command, user, group, host, cwd, timeout, setting, comment string) {
		rule := Rule{Commands: []string{command}, Cwd: cwd, Timeout: timeout, Comment: comment, NoPasswd: Yes}
		p := Policy{Name: "f", Subject: subject, Header: comment, Rules: []Rule{rule}}
		for list, value := range map[*[]string]string{&p.Defaults: setting, &p.Rules[0].RunAsUsers: user, &p.Rules[0].RunAsGroups: group, &p.Rules[0].Hosts: host} {
			if value != "" {
				*list = []string{value}
			}
		}
		for _, v := range []Version{{}, PVE9, PVE8} {
			text, mistakes := Render(p, v)
			for _, e := range mistakes {
				if e.Err.Msg == "" || e.Err.Hint == "" || e.Err.Pos.Line != 1 || e.Err.Pos.Col < 1 {
					t.Fatalf("incomplete error %v", e)
				}
			}
			if len(mistakes) > 0 {
				continue
			}
			file, errs := Parse("f", text, v)
			if len(errs) > 0 {
				t.Fatalf("%q: %v", text, errs)
			}
			rules, settings := 0, 0
			for _, e := range file.Entries {
				switch e := e.(type) {
				case *Comment:
				case *Defaults:
					settings++
					if e.Scope != ScopeUser || len(e.Members) != 1 || len(e.Settings) != 1 {
						t.Fatalf("setting %q", text)
					}
				case *UserSpec:
					rules++
					if len(e.Users) != 1 || len(e.Privileges) != 1 || len(e.Privileges[0].Commands) != 1 || e.Users[0].Negated {
						t.Fatalf("rule %q", text)
					}
					if e.Users[0].Kind != memberOf(subject).Kind || e.Users[0].Name != subject {
						t.Fatalf("subject %q is %+v in %q", subject, e.Users[0], text)
					}
				default:
					t.Fatalf("%T in %q", e, text)
				}
			}
			if rules != 1 || settings > 1 || settings != len(p.Defaults) {
				t.Fatalf("%d rules, %d settings in %q", rules, settings, text)
			}
		}
	})
}

// FuzzParseCommand: an accepted command put into a rule gives a policy of exactly
// that one command.
func FuzzParseCommand(f *testing.F) {
	for _, text := range []string{"/usr/bin/id", "/x a\\,b", "^/x$ ^a$", "ALL", "/x a # b", "/x\\", "sudoedit /etc/x", "!sha256:00 /x", "/x \\ "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, errs := ParseCommand(text, Version{})
		if len(errs) > 0 || relativeEdit(text, Version{}) {
			return
		}
		file, errs := Parse("f", "u ALL="+m.String()+", /last\n", Version{})
		if len(errs) > 0 {
			t.Fatalf("%q as %q: %v", text, m, errs)
		}
		spec, ok := file.Entries[0].(*UserSpec)
		if !ok || len(file.Entries) != 1 || len(spec.Privileges) != 1 {
			t.Fatalf("%q as %q gives %q", text, m, Print(file))
		}
		cmds := spec.Privileges[0].Commands
		if len(cmds) != 2 || cmds[0].Command != m.Command || cmds[0].Negated != m.Negated {
			t.Fatalf("%q as %q gives %q", text, m, Print(file))
		}
		// Within a list it is read in another way, without tokens, and is the same.
		const before = "u ALL=/first,"
		file, errs = Parse("f", before+text+", /last\n", Version{})
		if len(errs) > 0 {
			t.Fatalf("%q in a list: %v", text, errs)
		}
		spec, ok = file.Entries[0].(*UserSpec)
		if !ok || len(spec.Privileges) != 1 || len(spec.Privileges[0].Commands) != 3 {
			t.Fatalf("%q in a list gives %q", text, Print(file))
		}
		want := m
		want.Pos.File = "f"
		want.Pos.Col += len(before)
		want.Span.Start, want.Span.End = want.Span.Start+len(before), want.Span.End+len(before)
		if diff := cmp.Diff(want, spec.Privileges[0].Commands[1].CommandMember); diff != "" {
			t.Fatalf("%q in a list is another command:\n%s", text, diff)
		}
	})
}

// FuzzEscapeName: no name breaks out of its place.
func FuzzEscapeName(f *testing.F) {
	for _, name := range []string{"a b", "ALL", "#1", "%x", "sudoedit", "1.2.3.4", "a\nb ALL=ALL"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for i := range len(name) {
			if name[i] == 0 {
				return
			}
		}
		file, errs := Parse("f", "x, "+EscapeName(name)+" ALL=ALL\n", Version{})
		if len(errs) > 0 {
			t.Fatalf("%q as %q: %v", name, EscapeName(name), errs)
		}
		spec, ok := file.Entries[0].(*UserSpec)
		if !ok {
			t.Fatalf("%q as %q gives %q", name, EscapeName(name), Print(file))
		}
		users := spec.Users
		if len(users) != 2 || users[1].Kind != MemberWord || users[1].Name != name {
			t.Fatalf("%q as %q is %+v", name, EscapeName(name), users)
		}
	})
}

// FuzzLexer: every token takes at least one byte, but for those that end the text, so
// that time and memory are at most linear in it; places never go back.
func FuzzLexer(f *testing.F) {
	for _, text := range []string{"a ALL=/x b\\\n c, !/y\n", "Defaults:a x=\"y\\\nz\"\n", "\"\\\n", "^^^^^", "a\\", "@include \"x\n", "sha256:aaa", "#include \\"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := newLexer(text, PVE9)
		for tokens, last := 0, 0; ; tokens++ {
			tok := l.next()
			if tok.kind == tokEOF {
				return
			}
			// An empty string and an unterminated one stand for no byte of their own.
			if tokens > 2*len(text)+2 {
				t.Fatalf("%d tokens in %d bytes", tokens, len(text))
			}
			if l.pos < last || tok.start > len(text) {
				t.Fatalf("token %d at %d goes back from %d", tokens, tok.start, last)
			}
			last = l.pos
			if len(tok.text)+len(tok.args) > 2*len(text)+64 {
				t.Fatalf("token of %d bytes in %d", len(tok.text)+len(tok.args), len(text))
			}
		}
	})
}
