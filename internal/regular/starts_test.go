package regular

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestStarts(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string][]string{
		"start 100":            {"start 100"},
		"(stop|start) 1[a-z]*": {"start 1", "stop 1"},
		"[a-z]+ 1":             {""},
		"a?b":                  {"ab", "b"},
		"a*":                   {""},
		"a{200}a{200}b":        {strings.Repeat("a", longestStart)},
		"[0-9][0-9]":           {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
	} {
		if got := Starts(must(Compile(ERE{Pattern: pattern, Whole: true}))(t)); !slices.Equal(got, want) {
			t.Errorf("%s: %q", pattern, got)
		}
	}
	if got := Starts(Empty()); len(got) != 0 {
		t.Errorf("nothing starts with %q", got)
	}
	if got := Starts(mustCompile(t, Literal("x y"))); !slices.Equal(got, []string{"x y"}) {
		t.Errorf("a literal: %q", got)
	}
}

// TestStartsOfTexts: every text of a pattern begins with a start of it, and patterns of which no starts begin alike
// have no text in common.
func TestStartsOfTexts(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(20, 1))
	random := func() Expr {
		parts := []string{"a", "b", "(a|b)", "(ab|c)", "[a-c]", "a?", "(bc)*", "b+", "[^a]"}
		text := ""
		for range r.IntN(6) {
			text += parts[r.IntN(len(parts))]
		}
		return must(Compile(ERE{Pattern: "^" + text + "$"}))(t)
	}
	apart := 0
	for range 5000 {
		a, b := random(), random()
		starts := Starts(a)
		if texts, few := Texts(a, 200, false); few {
			for _, text := range texts {
				if !slices.ContainsFunc(starts, func(start string) bool { return strings.HasPrefix(text, start) }) {
					t.Fatalf("%q begins with none of %q", text, starts)
				}
			}
		}
		want := slices.ContainsFunc(starts, func(x string) bool {
			return slices.ContainsFunc(Starts(b), func(y string) bool { return strings.HasPrefix(x, y) || strings.HasPrefix(y, x) })
		})
		if got := mayStartAlike(starts, Starts(b)); got != want {
			t.Fatalf("%q and %q: %t", starts, Starts(b), got)
		}
		if !want {
			apart++
			if answer := Disjoint(a, b, Budget{}); answer.Verdict != Yes {
				t.Fatalf("%q and %q both have %q", starts, Starts(b), answer.Witness)
			}
		}
	}
	if apart < 500 {
		t.Errorf("only %d of 5000 start apart", apart)
	}
}
