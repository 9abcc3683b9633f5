package regular

import "testing"

// TestClassify holds classes to Intersect and Difference: the two are made in different ways.
func TestClassify(t *testing.T) {
	t.Parallel()
	base := must(Compile(ERE{Pattern: "^[^- ][^ ]*$"}))(t)
	patterns := []Expr{
		must(Compile(ERE{Pattern: "[^/].*", Whole: true}))(t),
		must(Compile(ERE{Pattern: "/etc/shadow.*|/root(/.*)?", Whole: true}))(t),
		must(Compile(ERE{Pattern: "/etc(/.*)?|/.*[.]key", Whole: true}))(t),
		must(Compile(Literal("/etc/motd")))(t), // another one has it before
	}
	c, err := Classify(base, patterns...)
	if err != nil {
		t.Fatal(err)
	}
	var before []Expr
	for i, p := range append(patterns, base) {
		want := Intersect(base, p)
		earlier := Union(asLanguages(before)...)
		if answer := Equivalent(c.Of(i), Difference(want, earlier), Budget{}); answer.Verdict != Yes {
			t.Errorf("class %d: differs on %q", i, answer.Witness)
		}
		before = append(before, p)
	}
	if answer := Equivalent(c.Of(0, 1, 2, 3, 4), base, Budget{}); answer.Verdict != Yes {
		t.Errorf("all classes are not the base: %q", answer.Witness)
	}
	if answer := Equivalent(c.Of(3, 1), c.Of(1), Budget{}); answer.Verdict != Yes {
		t.Errorf("a class without texts has %q", answer.Witness)
	}
}

func asLanguages(of []Expr) []Language {
	list := make([]Language, len(of))
	for i, e := range of {
		list[i] = e
	}
	return list
}
