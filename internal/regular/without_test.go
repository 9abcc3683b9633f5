package regular

import "testing"

// TestWithout holds Without to Difference: the two are made in different ways.
func TestWithout(t *testing.T) {
	t.Parallel()
	patterns := []Source{
		Literal("abc"), Literal(""), Glob{Pattern: "a*c"}, Glob{Pattern: "*b*"}, ERE{Pattern: "^(a|b)*c?$"}, ERE{Pattern: "b"},
		ERE{Pattern: "a{2,3}", Whole: true}, ERE{Pattern: "^/etc(/.*)?$"}, ERE{Pattern: `(^|/)\.\.(/|$)`},
	}
	for _, p := range patterns {
		for _, q := range patterns {
			a, b := must(Compile(p))(t), must(Compile(q))(t)
			got, err := Without(a, b, Budget{})
			if err != nil {
				t.Fatal(err)
			}
			if answer := Equivalent(got, Difference(a, b), Budget{}); answer.Verdict != Yes {
				t.Errorf("%v without %v: they differ on %q", p, q, answer.Witness)
			}
		}
	}
}

func must(e Expr, err error) func(*testing.T) Expr {
	return func(t *testing.T) Expr {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}
