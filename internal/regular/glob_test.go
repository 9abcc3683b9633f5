package regular

import (
	"errors"
	"strings"
	"testing"
)

// globTest is a pattern with texts that it matches and that it does not.
type globTest struct {
	glob    Glob
	matches []string
	misses  []string
}

// The expectations are those of glibc, see libctest.
var globTests = map[string]globTest{
	"literal":                                    {Glob{Pattern: "ab"}, []string{"ab"}, []string{"", "a", "abc", "AB"}},
	"the empty pattern":                          {Glob{}, []string{""}, []string{"a"}},
	"star matches nothing as well":               {Glob{Pattern: "*"}, []string{"", "a", "a/b", ".a", "a b", "\n", "\xff"}, nil},
	"star needs what follows it":                 {Glob{Pattern: "list *"}, []string{"list ", "list a", "list  "}, []string{"list"}},
	"stars in a row":                             {Glob{Pattern: "a***b"}, []string{"ab", "axb"}, []string{"a", "b"}},
	"star and question mark":                     {Glob{Pattern: "*?*"}, []string{"a", "ab"}, []string{""}},
	"question mark is one byte":                  {Glob{Pattern: "?"}, []string{"a", "/", ".", "\xff", "\n"}, []string{"", "ab", "\xc3\xa9"}},
	"pathname: star stops at a slash":            {Glob{Pattern: "/a/*", Pathname: true}, []string{"/a/", "/a/b", "/a/.b"}, []string{"/a/b/c", "/a"}},
	"pathname: nor question mark nor bracket":    {Glob{Pattern: "a?[!x]", Pathname: true}, []string{"a.y"}, []string{"a/y", "ay/"}},
	"pathname: a slash in a bracket is lost":     {Glob{Pattern: "a[/b]", Pathname: true}, []string{"ab"}, []string{"a/", "a[/b]"}},
	"pathname: star before an escaped slash":     {Glob{Pattern: `a*\/`, Pathname: true}, nil, []string{"a/", "ab/"}},
	"period: wildcards miss a dot at the start":  {Glob{Pattern: "*a", Period: true}, []string{"a", "b.a"}, []string{".a"}},
	"period: a dot that is written matches":      {Glob{Pattern: ".*", Period: true}, []string{".", ".a", ".."}, []string{"a"}},
	"period: not behind a slash alone":           {Glob{Pattern: "a/?", Period: true}, []string{"a/.", "a/b"}, nil},
	"period and pathname: behind a slash":        {Glob{Pattern: "a/[!b]*", Period: true, Pathname: true}, []string{"a/c", "a/c."}, []string{"a/.", "a/.c", "a/b"}},
	"bracket":                                    {Glob{Pattern: "[abc]"}, []string{"a", "c"}, []string{"d", "", "ab"}},
	"bracket negated by !":                       {Glob{Pattern: "[!a]"}, []string{"b", "!", "/"}, []string{"a", ""}},
	"bracket negated by ^":                       {Glob{Pattern: "[^a]"}, []string{"b", "^"}, []string{"a"}},
	"bracket with ] first":                       {Glob{Pattern: "[]a]"}, []string{"]", "a"}, []string{"b"}},
	"bracket with a range":                       {Glob{Pattern: "[a-c]"}, []string{"a", "b", "c"}, []string{"d", "-", "B"}},
	"a range of high bytes":                      {Glob{Pattern: "[\xe0-\xe9]"}, []string{"\xe0", "\xe5"}, []string{"\xdf", "e"}},
	"a range from high to low is empty":          {Glob{Pattern: "[c-a]"}, nil, []string{"a", "b", "c", "-"}},
	"a hyphen at the end":                        {Glob{Pattern: "[a-]"}, []string{"a", "-"}, []string{"b"}},
	"a class":                                    {Glob{Pattern: "[[:digit:]x]"}, []string{"7", "x"}, []string{"a", ":"}},
	"a class that does not exist loses":          {Glob{Pattern: "[[:foo:]a]"}, nil, []string{"a", "[:foo:]a]"}},
	"unless what stands before has matched":      {Glob{Pattern: "[a[:foo:]]"}, []string{"a"}, []string{"f", ":"}},
	"a class name of other bytes is none":        {Glob{Pattern: "[[:A:]]"}, []string{"A]", "[]", ":]"}, []string{"A"}},
	"a collating element":                        {Glob{Pattern: "[[.-.]]"}, []string{"-"}, []string{"."}},
	"a range of collating elements":              {Glob{Pattern: "[[.a.]-[.c.]]"}, []string{"b"}, []string{"d"}},
	"a collating element of two bytes":           {Glob{Pattern: "[[.ch.]c]"}, nil, []string{"c", "ch"}},
	"an equivalence class":                       {Glob{Pattern: "[[=a=]]"}, []string{"a"}, []string{"="}},
	"an open bracket is itself":                  {Glob{Pattern: "a[b"}, []string{"a[b"}, []string{"ab"}},
	"a closing bracket is itself":                {Glob{Pattern: "a]"}, []string{"a]"}, nil},
	"an escape":                                  {Glob{Pattern: `\*\a`}, []string{"*a"}, []string{"xa", `\*a`}},
	"an escape in a bracket":                     {Glob{Pattern: `[\]]`}, []string{"]"}, []string{`\`, "]]"}},
	"a backslash at the end matches nothing":     {Glob{Pattern: `a\`}, nil, []string{"a", `a\`}},
	"a backslash at the end of an open bracket":  {Glob{Pattern: `[a\`}, nil, []string{"a", `[a\`}},
	"a malformed bracket ends where a byte does": {Glob{Pattern: "[[=aa=]]"}, []string{"a]", "[]"}, []string{"a"}},
}

func TestGlob(t *testing.T) {
	t.Parallel()

	for name, test := range globTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			e := mustCompile(t, test.glob)
			for _, text := range test.matches {
				if !e.Contains(text) {
					t.Errorf("%+v does not match %q", test.glob, text)
				}
			}
			for _, text := range test.misses {
				if e.Contains(text) {
					t.Errorf("%+v matches %q", test.glob, text)
				}
			}
		})
	}
}

// TestLargeGlob makes sure that long patterns compile, and that those which would take too long say so.
func TestLargeGlob(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		pattern string
		want    error
	}{
		"many brackets":             {strings.Repeat("[!a]*", 10_000), nil},
		"many stars":                {strings.Repeat("*?", 30_000), nil},
		"brackets without an end":   {strings.Repeat("[", 5000), ErrTooLarge},
		"brackets with false ends":  {strings.Repeat(`[\]`, 3000), ErrTooLarge},
		"more states than are kept": {strings.Repeat("a", maxStates), ErrTooLarge},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if _, err := Compile(Glob{Pattern: test.pattern}); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
}
