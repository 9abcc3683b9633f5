package regular

import (
	"slices"
	"testing"
)

func TestTexts(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string][]string{
		"(daily|weekly)":  {"daily", "weekly"},
		"a?b{0,2}":        {"", "a", "ab", "abb", "b", "bb"},
		"[a-z]":           nil,
		"a*":              nil,
		"(a|b|c)(a|b|c)d": {"aad", "abd", "acd", "bad", "bbd", "bcd", "cad", "cbd", "ccd"},
	} {
		got, ok := Texts(must(Compile(ERE{Pattern: pattern, Whole: true}))(t), 10, false)
		slices.Sort(got)
		if ok != (want != nil) || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %t", pattern, got, ok)
		}
	}
	for pattern, few := range map[string]bool{"(vm|ct) [0-9]{3}": true, "[0-9]{1,4}": true, "[0-9]+": false, "[0-9a-f]{3}": false} {
		if _, ok := Texts(must(Compile(ERE{Pattern: pattern, Whole: true}))(t), 10, true); ok != few {
			t.Errorf("%s with digits as one: %t", pattern, ok)
		}
	}
}

func TestFixedStart(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{"abc": "abc", "ab(c|d)": "ab", "a?": "", "ab*": "a", "(ab|ac)d": "a"} {
		if got := FixedStart(must(Compile(ERE{Pattern: pattern, Whole: true}))(t)); got != want {
			t.Errorf("%s: %q", pattern, got)
		}
	}
}
