package regular

import "testing"

// spaceOf makes a space for languages and gives their nodes.
func spaceOf(languages ...Language) (*space, []ref) {
	s, _ := newSpace(Budget{}.meter(), languages...)
	var refs []ref
	for _, l := range languages {
		refs = append(refs, l.node(s))
	}
	return s, refs
}

// after reads a text.
func (s *space) after(r ref, text string) ref {
	for i := range len(text) {
		r = s.derive(r, s.alphabet.class[text[i]])
	}
	return r
}

// TestNormalForm names the rules that make languages which are the same the same node. Both languages of a pair, after
// a text, must be one.
func TestNormalForm(t *testing.T) {
	t.Parallel()

	list := func(patterns ...string) Language { return Prioritised(rules(t, patterns...)) }
	tests := map[string]struct {
		a, b         Language
		textA, textB string
	}{
		"a rule for everything deletes those below":   {list("a", "!b*", "c", "*"), Any(), "", ""},
		"also once it has become one":                 {list("a*b", "!a*c", "ax*"), Any(), "ax", ""},
		"and its own run above":                       {list("!x*", "x*a", "x*", "!x*b"), list("x*", "!x*b"), "x", "x"},
		"a denial of everything leaves what is above": {list("a*", "!*", "b"), list("b"), "", ""},
		"rules in a row are one, in any order":        {list("!z", "a*", "b*", "!c*d"), list("b*", "a*", "!c*d"), "", ""},
		"denials below all grants do not matter":      {list("!a", "!b", "c"), list("c"), "", ""},
		"a dead rule is gone":                         {list("a*", "!bc*", "ad*"), list("a*"), "a", "a"},
		"what a higher rule has is taken out":         {list("ab*c", "!x", "ab*c", "d"), list("!x", "ab*c", "d"), "", ""},
		"what a higher star has is taken out":         {list("!a*b", "a*c", "!*b"), list("a*c", "!*b"), "a", "a"},
		"tails that end alike are one":                {glob(t, "list *[0-9]"), glob(t, "show *[0-9]"), "list ", "show "},
		"from whatever kind of pattern":               {glob(t, "a[0-9]*"), ere(t, "^b[0-9](.|\n)*$"), "a", "b"},
		"a star covers what is before it":             {glob(t, "*a*bc"), glob(t, "*bc"), "xxa", "xxa"},
		"a complement is a bit":                       {Complement(glob(t, "a*")), list("*", "!a*"), "", ""},
		"a language and its complement exclude":       {Intersect(list("a*", "!b", "c"), Complement(list("a*", "!b", "c"))), Empty(), "", ""},
		"and are everything together":                 {Union(list("a*", "!b", "c"), Complement(list("a*", "!b", "c"))), Any(), "", ""},
		"intersections are flat":                      {Intersect(glob(t, "a*"), Intersect(glob(t, "*b"), glob(t, "*c*"))), Intersect(glob(t, "*c*"), glob(t, "a*"), glob(t, "*b")), "", ""},
		"what is known is taken out of a choice":      {Difference(glob(t, "a*"), Intersect(glob(t, "a*"), glob(t, "*b"))), Difference(glob(t, "a*"), glob(t, "*b")), "", ""},
		"a policy excludes itself":                    {Difference(list("a*", "b*", "!*c"), list("b*", "a*", "!*c")), Empty(), "", ""},
		"an excluded set takes out of another":        {Difference(Union(glob(t, "a*c"), glob(t, "b*d")), glob(t, "a*c")), Difference(glob(t, "b*d"), glob(t, "a*c")), "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s, refs := spaceOf(test.a, test.b)
			if a, b := s.after(refs[0], test.textA), s.after(refs[1], test.textB); a != b {
				t.Errorf("nodes %d and %d", a, b)
			}
		})
	}
}

// TestUniversal finds patterns that let everything through, however that is written.
func TestUniversal(t *testing.T) {
	t.Parallel()

	for _, pattern := range []string{"", "^", "$", ".*", "^.*$", "^(a|[^a])*$", "(a|b|)", "^(.|..)*$"} {
		s, refs := spaceOf(ere(t, pattern))
		if refs[0] != sigmaStar {
			t.Errorf("%q is node %d of %d", pattern, refs[0], len(s.nodes))
		}
	}
}
