package regular

import (
	"strings"
	"testing"
)

// mustCompile is for patterns that a test knows to be right.
func mustCompile(tb testing.TB, s Source) Expr {
	tb.Helper()

	e, err := Compile(s)
	if err != nil {
		tb.Fatalf("%#v: %v", s, err)
	}
	return e
}

func glob(tb testing.TB, pattern string) Expr {
	tb.Helper()

	return mustCompile(tb, Glob{Pattern: pattern})
}

func ere(tb testing.TB, pattern string) Expr {
	tb.Helper()

	return mustCompile(tb, ERE{Pattern: pattern})
}

// rules makes a list of globs, of which those with an exclamation mark deny.
func rules(tb testing.TB, patterns ...string) []Rule {
	tb.Helper()

	var list []Rule
	for _, p := range patterns {
		rest, denies := strings.CutPrefix(p, "!")
		list = append(list, Rule{Allow: !denies, Match: glob(tb, rest)})
	}
	return list
}

func TestQuestions(t *testing.T) {
	t.Parallel()

	policy := Prioritised(rules(t, "user *", "!user delete *", "!*root@pam*"))
	tests := map[string]struct {
		answer  Answer
		verdict Verdict
		witness string
	}{
		"empty is empty":                         {IsEmpty(Empty(), Budget{}), Yes, ""},
		"the zero Expr is empty":                 {IsEmpty(Expr{}, Budget{}), Yes, ""},
		"any has the empty text":                 {IsEmpty(Any(), Budget{}), No, ""},
		"no rules allow nothing":                 {IsEmpty(Prioritised(nil), Budget{}), Yes, ""},
		"denials alone allow nothing":            {IsEmpty(Prioritised(rules(t, "!a", "!*")), Budget{}), Yes, ""},
		"a later denial of all denies all":       {IsEmpty(Prioritised(rules(t, "*", "a", "!*")), Budget{}), Yes, ""},
		"a later grant wins":                     {Subset(glob(t, "a"), Prioritised(rules(t, "!*", "a")), Budget{}), Yes, ""},
		"a rule lets a text through":             {IsEmpty(policy, Budget{}), No, "user "},
		"a denial holds":                         {Disjoint(policy, glob(t, "*root@pam*"), Budget{}), Yes, ""},
		"a denial is evaded by another spelling": {Disjoint(policy, ere(t, "^user +delete "), Budget{}), No, "user  delete "},
		"the shortest witness":                   {Disjoint(policy, glob(t, "*-*=?*"), Budget{}), No, "user -=a"},
		"a subset":                               {Subset(policy, glob(t, "user *"), Budget{}), Yes, ""},
		"not a subset":                           {Subset(glob(t, "user *"), policy, Budget{}), No, "user delete "},
		"the same in another notation":           {Equivalent(glob(t, "[0-9]?*"), ere(t, "^[[:digit:]](.|\n)+$"), Budget{}), Yes, ""},
		"different":                              {Equivalent(glob(t, "a*b"), ere(t, "^a.*[bc]$"), Budget{}), No, "ac"},
		"different by the empty text":            {Equivalent(glob(t, "*"), glob(t, "?*"), Budget{}), No, ""},
		"union":                                  {Equivalent(Union(glob(t, "a"), glob(t, "b")), glob(t, "[ab]"), Budget{}), Yes, ""},
		"union of none":                          {IsEmpty(Union(), Budget{}), Yes, ""},
		"intersection of none":                   {Equivalent(Intersect(), Any(), Budget{}), Yes, ""},
		"intersection":                           {IsEmpty(Intersect(glob(t, "a*"), glob(t, "*b"), glob(t, "???")), Budget{}), No, "aab"},
		"double complement":                      {Equivalent(Complement(Complement(policy)), policy, Budget{}), Yes, ""},
		"de Morgan":                              {Equivalent(Complement(Union(glob(t, "a*"), glob(t, "*b"))), Intersect(Complement(glob(t, "a*")), Complement(glob(t, "*b"))), Budget{}), Yes, ""},
		"a byte that does not print":             {IsEmpty(Difference(glob(t, "?"), glob(t, "[ -~]")), Budget{}), No, "\x01"},
		"NUL is no byte of an argument":          {IsEmpty(ere(t, "^[^\x01-\xff]$"), Budget{}), Yes, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if test.answer.Verdict != test.verdict || test.answer.Witness != test.witness {
				t.Errorf("%v with %q, want %v with %q", test.answer.Verdict, test.answer.Witness, test.verdict, test.witness)
			}
		})
	}
}

// TestPrintable wants a printable witness where one is as short as any, even if it is found last.
func TestPrintable(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		language Language
		want     string
	}{
		"in one letter":         {glob(t, "[\x01-~]"), "a"},
		"of two alternatives":   {Union(glob(t, "\x01a"), glob(t, "~~")), "~~"},
		"behind another start":  {Union(glob(t, "a\x01\x01"), glob(t, "~[\x01z][\x02z]")), "~zz"},
		"the shorter one first": {Union(glob(t, "\x01"), glob(t, "aa")), "\x01"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := IsEmpty(test.language, Budget{}); got.Verdict != No || got.Witness != test.want {
				t.Errorf("%v %q, want %q", got.Verdict, got.Witness, test.want)
			}
		})
	}
}
