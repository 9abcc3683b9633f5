package sudoers

import (
	"os"
	"path/filepath"
	"testing"
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
			if len(errs) == 0 && v.IsZero() {
				checkRoundTrip(t, file)
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
		if len(errs) > 0 {
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
