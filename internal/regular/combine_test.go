package regular

import (
	"errors"
	"testing"
)

func TestCombine(t *testing.T) {
	t.Parallel()

	combined := func(e Expr, err error) Expr {
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	a, b := glob(t, "a*"), glob(t, "*b")
	option := combined(Alternate(mustCompile(t, Literal("--vmid")), mustCompile(t, Literal("-vmid"))))
	tests := map[string]struct {
		got, want Language
	}{
		"concatenation":                      {combined(Concat(Budget{}, a, b)), ere(t, "^a(.|\n)*b$")},
		"of none":                            {combined(Concat(Budget{})), glob(t, "")},
		"of one":                             {combined(Concat(Budget{}, a)), a},
		"with nothing in it":                 {combined(Concat(Budget{}, a, Empty(), b)), Empty()},
		"with an anchored part":              {combined(Concat(Budget{}, glob(t, "x "), ere(t, "^a|b$"))), ere(t, "^x (a.*|.*b)$")},
		"alternatives":                       {combined(Alternate(a, b)), Union(a, b)},
		"alternatives of none":               {combined(Alternate()), Empty()},
		"optional":                           {combined(Optional(glob(t, "ab"))), ere(t, "^(ab)?$")},
		"star":                               {combined(Star(glob(t, "ab"))), ere(t, "^(ab)*$")},
		"star of star":                       {combined(Star(combined(Star(glob(t, "[ab]"))))), ere(t, "^[ab]*$")},
		"star of alternatives":               {combined(Star(combined(Alternate(glob(t, "a"), glob(t, "bc"))))), ere(t, "^(a|bc)*$")},
		"star of nothing":                    {combined(Star(Empty())), Epsilon()},
		"an option in front of a number":     {combined(Concat(Budget{}, option, glob(t, " "), mustCompile(t, ERE{Pattern: "[0-9]+", Whole: true}))), ere(t, "^--?vmid [0-9]+$")},
		"the zero Expr is empty in the rest": {combined(Concat(Budget{}, a, Expr{})), Empty()},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := Equivalent(test.got, test.want, Budget{}); got.Verdict != Yes {
				t.Errorf("%v, see %q", got.Verdict, got.Witness)
			}
		})
	}
}

// TestCombineTooLarge makes sure that patterns do not grow without limit.
func TestCombineTooLarge(t *testing.T) {
	t.Parallel()

	e, err := ere(t, "^[ab]{255}(a|bb){255}$"), error(nil)
	for i := 0; i < 20 && err == nil; i++ {
		e, err = Concat(Budget{}, e, e)
	}
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

func TestText(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		of   Expr
		text string
		ok   bool
	}{
		"literal":           {mustCompile(t, Literal("/bin/ls")), "/bin/ls", true},
		"the empty text":    {Epsilon(), "", true},
		"escaped wildcards": {glob(t, `a\*`), "a*", true},
		"anchored ERE":      {ere(t, `^/bin/a\.b$`), "/bin/a.b", true},
		"wildcard":          {glob(t, "a?"), "", false},
		"two texts":         {ere(t, "^(a|b)$"), "", false},
		"optional end":      {ere(t, "^ab?$"), "", false},
		"nothing":           {Empty(), "", false},
		"the zero Expr":     {Expr{}, "", false},
		"everything":        {Any(), "", false},
		"a loop":            {ere(t, "^a*$"), "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if text, ok := test.of.Text(); text != test.text || ok != test.ok {
				t.Errorf("%q, %v", text, ok)
			}
		})
	}
}
