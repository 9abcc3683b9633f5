package regular

import (
	"slices"
	"strings"
	"testing"
)

// TestAfter holds the quotient to its definition, on every short text.
func TestAfter(t *testing.T) {
	t.Parallel()
	patterns := []Source{
		ERE{Pattern: "^a(b|c)*a?$"}, ERE{Pattern: "b"}, ERE{Pattern: "^$"}, ERE{Pattern: "^(ab|a)c$"},
		Glob{Pattern: "a*b"}, Glob{Pattern: "*a?c*"}, Literal("abc"),
	}
	for _, source := range patterns {
		e := mustCompile(t, source)
		for _, prefix := range shortTexts("abc", 3) {
			rest := After(e, prefix)
			for _, text := range shortTexts("abc", 4) {
				if got, want := rest.Contains(text), e.Contains(prefix+text); got != want {
					t.Errorf("%#v after %q: %q is %t, want %t", source, prefix, text, got, want)
				}
			}
		}
	}
}

// TestBehind holds the quotient by a language to its definition, on every short text.
func TestBehind(t *testing.T) {
	t.Parallel()
	patterns := []Source{
		ERE{Pattern: "^a(b|c)*a?$"}, ERE{Pattern: "b"}, ERE{Pattern: "^$"}, ERE{Pattern: "^(ab|a)c$"}, Glob{Pattern: "*a?c*"}, Literal("abc"),
	}
	for _, source := range patterns {
		for _, front := range patterns {
			e, before := mustCompile(t, source), mustCompile(t, front)
			rest, err := Behind(e, before, Budget{})
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range shortTexts("abc", 2) {
				// A text in front that is longer than both automata repeats itself.
				want := slices.ContainsFunc(shortTexts("abc", 4), func(x string) bool { return before.Contains(x) && e.Contains(x+text) })
				if got := rest.Contains(text); got != want {
					t.Errorf("%#v behind %#v: %q is %t, want %t", source, front, text, got, want)
				}
			}
		}
	}
}

// TestBoth holds the product to its definition.
func TestBoth(t *testing.T) {
	t.Parallel()
	patterns := []Source{ERE{Pattern: "^a(b|c)*a?$"}, ERE{Pattern: "b"}, ERE{Pattern: "^[^b]*$"}, Glob{Pattern: "a*b"}, Glob{Pattern: "*a?c*"}, Literal("abc"), Literal("")}
	for _, x := range patterns {
		for _, y := range patterns {
			a, b := mustCompile(t, x), mustCompile(t, y)
			both, err := Both(a, b, Budget{})
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range shortTexts("abc", 5) {
				if got, want := both.Contains(text), a.Contains(text) && b.Contains(text); got != want {
					t.Errorf("%#v and %#v: %q is %t, want %t", x, y, text, got, want)
				}
			}
		}
	}
}

// shortTexts gives all texts over an alphabet up to a length.
func shortTexts(alphabet string, length int) []string {
	texts := []string{""}
	for last := texts; length > 0; length-- {
		var next []string
		for _, text := range last {
			for _, letter := range strings.Split(alphabet, "") {
				next = append(next, text+letter)
			}
		}
		texts, last = append(texts, next...), next
	}
	return texts
}

// TestNotPrefixed holds it to its name.
func TestNotPrefixed(t *testing.T) {
	t.Parallel()
	for _, prefix := range shortTexts("ab", 3) {
		e := NotPrefixed(prefix)
		for _, text := range shortTexts("abc", 4) {
			if got, want := e.Contains(text), !strings.HasPrefix(text, prefix); got != want {
				t.Errorf("not prefixed with %q: %q is %t, want %t", prefix, text, got, want)
			}
		}
	}
}
