package sudoers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hash is a checksum of the right length.
var hash = strings.Repeat("0a", 32)

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
