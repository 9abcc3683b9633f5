package posix

import (
	"testing"
)

func TestFnmatch(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, s string
		flags      Flags
		want       bool
	}{
		{"", "", 0, true}, {"*", "", 0, true}, {"*", "a b/c\n.", 0, true}, {"a*", "b", 0, false},
		{"list *", "list", 0, false}, {"list *", "list ", 0, true}, {"*a*b*c", "xxaxxbxxc", 0, true}, {"*a*b*c", "xxaxxcxxb", 0, false},
		{"?", "/", 0, true}, {"?", "/", Pathname, false}, {"*", "a/b", Pathname, false}, {"*/*", "a/b", Pathname, true},
		{"[a/]", "/", Pathname, false}, {"[a/]", "/", 0, true}, {"*", ".x", Period, false}, {"?x", ".x", Period, false},
		{"a/*", "a/.x", Pathname | Period, false}, {"a/.*", "a/.x", Pathname | Period, true}, {"a*", "a.x", Period, true},
		{"[a-c]", "b", 0, true}, {"[!a-c]", "b", 0, false}, {"[^a-c]", "d", 0, true}, {"[]]", "]", 0, true}, {"[!]]", "]", 0, false},
		{"[a-]", "-", 0, true}, {"[c-a]", "b", 0, false}, {"[[:digit:]]*", "7x", 0, true}, {"[[:digit:]]", "x", 0, false},
		{"[[:nope:]]", "n]", 0, true}, {"[", "[", 0, true}, {"[a", "[a", 0, true}, {`\*`, "*", 0, true}, {`\*`, "a", 0, false},
		{`a\`, `a\`, 0, false}, {`[\]]`, "]", 0, true}, {`e\f`, "ef", 0, true}, {`e\\f`, `e\f`, 0, true},
		{"A[b-c]?", "aBX", Casefold, true}, {"é", "é", 0, true}, {"?", "é", 0, false}, {"??", "é", 0, true},
	} {
		if got := Match(tc.pattern, tc.s, tc.flags); got != tc.want {
			t.Errorf("Match(%q, %q, %b) = %v", tc.pattern, tc.s, tc.flags, got)
		}
	}
}

func TestERE(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"^a|b$", "ax", true}, {"^a|b$", "xb", true}, {"^(a|b)$", "ax", false}, {"^$", "", true},
		{"^[0-9]{1,3}$", "1234", false}, {"^[0-9]{1,3}$", "123", true}, {"^a{,2}$", "aa", true}, {"^a{2,}$", "a", false},
		{"^[[:alpha:]_]+$", "a_B", true}, {"^[^]]$", "]", false}, {`^[\d]$`, "d", true}, {`^[\d]$`, `\`, true},
		{"^a.b$", "a\nb", true}, {`^a\.b$`, "axb", false}, {`^\w+\s\W$`, "a_1 -", true}, {"^(?i)start$", "STaRT", true},
		{"^(?i)[a-c]$", "B", true}, {"^.$", "é", false}, {"^..$", "é", true}, {"^a)$", "a)", true}, {"^a]$", "a]", true},
		{"^(a|)b$", "b", true}, {"^()$", "", true}, {`^a\$$`, "a$", true}, {"^[a-", "a", false},
		{`^a{1\,2}$`, "aa", true}, {`^a{\02}$`, "aa", true}, {`^.{\,}$`, "", true},
		// Malformed expressions match nothing.
		{"^a**$", "aa", false}, {"^*a$", "a", false}, {"^(*a)$", "a", false}, {"^a{256}$", "a", false}, {"^a{2$", "aa", false},
		{"^(a$", "a", false}, {"^[[:nope:]]$", "n", false}, {"^[b-a]$", "a", false}, {`^a\`, "a", false}, {"^a{2,1}$", "aa", false}, {"^a{x}$", "a{x}", false},
		{`^a{1\\,2}$`, "aa", false}, {`^a{\12}$`, "aa", false}, {`^a{2\}$`, "aa", false},
	} {
		if got := MatchERE(tc.pattern, tc.s); got != tc.want {
			_, err := CompileERE(tc.pattern)
			t.Errorf("%q on %q: %v (%v)", tc.pattern, tc.s, got, err)
		}
	}
	for _, unsupported := range []string{`^(a)\1$`, `^\<a$`} {
		if _, err := CompileERE(unsupported); err == nil {
			t.Errorf("%q: no error", unsupported)
		}
	}
}

// FuzzMatch: neither patterns nor expressions make the matchers panic, and a
// pattern without wildcards matches itself only.
func FuzzMatch(f *testing.F) {
	for _, s := range [][2]string{{"a*b[c-d]?", "axbcd"}, {"[[:alpha:]", "x"}, {"^(a|b){2,3}$", "abab"}, {"[", "["}, {`\`, `\`}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		for flags := Flags(0); flags < 8; flags++ {
			got := Match(pattern, s, flags)
			if !HasMeta(pattern) && flags&Casefold == 0 && got != (pattern == s) {
				t.Fatalf("Match(%q, %q, %b) = %v", pattern, s, flags, got)
			}
		}
		if re, err := CompileERE(pattern); err == nil {
			re.MatchString(Latin1(s))
		}
	})
}
