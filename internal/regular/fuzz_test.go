package regular

import "testing"

// FuzzGlob makes sure that no pattern makes the compiler panic, and that a witness of its language matches.
func FuzzGlob(f *testing.F) {
	for _, test := range globTests {
		f.Add(test.glob.Pattern, "a.b/c")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		for _, g := range []Glob{{Pattern: pattern}, {Pattern: pattern, Pathname: true}, {Pattern: pattern, Period: true}, {Pattern: pattern, Pathname: true, Period: true}} {
			e, err := Compile(g)
			if err != nil {
				continue
			}
			checkWitnesses(t, e)
			if g.Pathname && e.Contains(text) && !mustCompile(t, Glob{Pattern: pattern, Period: g.Period}).Contains(text) {
				t.Errorf("%q matches %q with pathname only", pattern, text)
			}
		}
	})
}

// FuzzERE does the same for EREs.
func FuzzERE(f *testing.F) {
	for _, pattern := range []string{"^(a|b{2,3})*$", "a|^b$|[^c]", `\<a\b.\Bc`, "(?i)[a-z]{1,255}", "[[:alpha:]][[.-.]]", "((a{9}){9}){9}", "a**", "{", "(^a)+"} {
		f.Add(pattern)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		for _, source := range []ERE{{Pattern: pattern}, {Pattern: pattern, Whole: true}} {
			e, err := Compile(source)
			if err != nil {
				continue
			}
			checkWitnesses(t, e)
		}
	})
}

// FuzzQuestions asks about two policies of two patterns each.
func FuzzQuestions(f *testing.F) {
	f.Add("user *", "* root@pam*", "user list*", "^user (add|del)")
	f.Fuzz(func(t *testing.T, a, b, c, d string) {
		var of []Language
		for _, source := range []Source{Glob{Pattern: a}, Glob{Pattern: b}, Glob{Pattern: c}, ERE{Pattern: d}} {
			e, err := Compile(source)
			if err != nil {
				return
			}
			of = append(of, e)
		}
		before := Prioritised([]Rule{{true, of[0]}, {false, of[1]}})
		after := Prioritised([]Rule{{true, of[0]}, {true, of[2]}, {false, of[3]}})
		budget := Budget{States: 500}
		if got := Subset(after, before, budget); got.Verdict == No && (before.Contains(got.Witness) || !after.Contains(got.Witness)) {
			t.Errorf("%q is no witness", got.Witness)
		}
		if got := Equivalent(before, after, budget); got.Verdict == No && before.Contains(got.Witness) == after.Contains(got.Witness) {
			t.Errorf("%q is no difference", got.Witness)
		}
	})
}

// checkWitnesses asks for a text in a language and one outside of it.
func checkWitnesses(t *testing.T, e Expr) {
	t.Helper()

	budget := Budget{States: 500}
	in, out := IsEmpty(e, budget), IsEmpty(Complement(e), budget)
	if in.Verdict == No && !e.Contains(in.Witness) {
		t.Errorf("%q is not in the language", in.Witness)
	}
	if out.Verdict == No && e.Contains(out.Witness) {
		t.Errorf("%q is in the language", out.Witness)
	}
	if in.Verdict == Yes && out.Verdict == Yes {
		t.Error("neither the language nor the rest has a text")
	}
}
