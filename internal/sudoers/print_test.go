package sudoers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// sameMeaning compares files but for where things stand in the text.
var sameMeaning = cmp.Options{
	cmpopts.IgnoreTypes(Pos{}, Span{}),
	cmpopts.IgnoreFields(File{}, "Text"),
	cmpopts.EquateEmpty(),
}

// checkRoundTrip prints a file and parses the result.
func checkRoundTrip(t *testing.T, f *File, v Version) {
	t.Helper()
	text := Print(f)
	again, errs := Parse(f.Name, text, v)
	if len(errs) > 0 {
		t.Fatalf("printed text is rejected: %v\n%s", errs, text)
	}
	if diff := cmp.Diff(f, again, sameMeaning); diff != "" {
		t.Fatalf("parsing %q gives another file:\n%s", text, diff)
	}
	if twice := Print(again); twice != text {
		t.Fatalf("printing again gives %q, not %q", twice, text)
	}
}

func TestPrintIsCanonical(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a\tALL = ( root:g )  NOPASSWD :SETENV:/x  a ,/y\n": "a ALL=(root : g) NOPASSWD: SETENV: /x a, /y\n",
		"a ALL=(:) ALL\n":                                   "a ALL=() ALL\n",
		"Defaults: a  use_pty,env_keep+=\"A B\"\n":          "Defaults:a use_pty, env_keep += \"A B\"\n",
		"User_Alias  A=x,! y:B = \"z z\"\n":                 "User_Alias A = x, !y : B = \"z z\"\n",
		"a ALL=/x a=b\n":                                    "a ALL=/x a\\=b\n",
		"\\x41\\x4c\\x4c ALL=ALL\n":                         "\\ALL ALL=ALL\n",
		"#include  /a\\ b  # c\n":                           "@include /a\\ b # c\n",
		"  #include x\n":                                    " #include x\n",
		"a ALL=/x b\\ #\n":                                  "a ALL=/x b\\ #\n",
		"a ALL=/x b\\ \\\n\n":                               "a ALL=/x b\\ \\\n\n",
		"a ALL=sudoedit /a\\ b\\ \\!  /c, /x a\\ b\n":       "a ALL=sudoedit /a\\ b\\ \\! /c, /x a b\n",
		"a ALL=/x b\\ , /y\n":                               "a ALL=/x b\\ , /y\n",
		"# x\r\r":                                           "# x\n",
		"\n\n\n# x\r\n":                                     "\n# x\n",
		"a ALL=(root) CWD=/a\\ b TIMEOUT=\"5\" ALL\n":       "a ALL=(root) CWD=/a\\ b TIMEOUT=5 ALL\n",
		"Defaults badpass_message=a\\ b, mailto=\"\\\"\"\n": "Defaults badpass_message=\"a b\", mailto=\\\"\n",
	} {
		f, errs := Parse("f", text, Version{})
		if len(errs) > 0 {
			t.Errorf("%q: %v", text, errs)
			continue
		}
		got := Print(f)
		if got != want {
			t.Errorf("Print of %q is %q, want %q", text, got, want)
		}
		checkRoundTrip(t, f, Version{})
	}
}

func TestEscapeNameIsReadBack(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"a", "ALL", "FOO", "a b", "%x", "+x", "#10", "#x", "sudoedit", "sha256", "list", "/x", "^x$", "10.0.0.1",
		"a,b", `a\b`, `a"b`, "Defaults", "User_Alias", "@include", "a\tb", "é", "a(b)", "CWD", "x41", "-", "fe80::1", "a b\"",
	} {
		text := EscapeName(name) + " ALL=ALL\n"
		f, errs := Parse("f", text, Version{})
		if len(errs) > 0 {
			t.Errorf("%q as %q: %v", name, text, errs)
			continue
		}
		spec, ok := f.Entries[0].(*UserSpec)
		if !ok {
			t.Fatalf("%q is no rule", f.Text)
		}
		m := spec.Users[0]
		if m.Kind != MemberWord || m.Name != name {
			t.Errorf("%q as %q is read as %v %q", name, text, m.Kind, m.Name)
		}
	}
}

func TestQuoteValueIsReadBack(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"x", "a b", "a,b", "!x", `a"b`, `a\b`, "a=b", "#x", "+=", "\t", `\`, `"`, "", "a\nb"} {
		f, errs := Parse("f", "Defaults mailsub="+QuoteValue(value)+"\n", Version{})
		if len(errs) > 0 {
			t.Errorf("%q: %v", value, errs)
			continue
		}
		if d, ok := f.Entries[0].(*Defaults); !ok || d.Settings[0].Value != value {
			t.Errorf("%q is read as %q", value, Print(f))
		}
	}
}

func TestEscapeArgumentIsLiteral(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a,b=c:d#e": `a\,b\=c\:d\#e`,
		"*[x]?!^":   `\*\[x\]\?\!\^`,
		"a b":       `a\ b`,
		`\`:         `\\\\`,
	} {
		if got := EscapeArgument(in); got != want {
			t.Errorf("EscapeArgument(%q) = %q, want %q", in, got, want)
		}
	}
}
