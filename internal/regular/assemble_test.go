package regular

import "testing"

// TestAssemble holds Assemble to the functions that make one automaton after the other.
func TestAssemble(t *testing.T) {
	t.Parallel()
	for _, of := range []struct {
		part    Part
		pattern string
	}{
		{Sequence(), ""},
		{Sequence(lit(t, "a"), lit(t, "b")), "ab"},
		{Choice(lit(t, "a"), lit(t, "bc")), "a|bc"},
		{Repeat(lit(t, "ab")), "(ab)*"},
		{Sequence(Repeat(Choice(lit(t, "a"), lit(t, ""))), lit(t, "c")), "a*c"},
		{Sequence(Maybe(lit(t, "a")), Maybe(lit(t, "b")), Repeat(Sequence(lit(t, "x"), Maybe(lit(t, "y"))))), "a?b?(xy?)*"},
		{Sequence(leafOf(t, "a*"), leafOf(t, "(a|b)*"), lit(t, "c")), "a*(a|b)*c"},
		{Repeat(leafOf(t, "a*b")), "(a*b)*"},
		{Repeat(Repeat(leafOf(t, "[ab]c*"))), "([ab]c*)*"},
	} {
		got, err := Assemble(of.part)
		if err != nil {
			t.Fatal(err)
		}
		want := must(Compile(ERE{Pattern: "(" + of.pattern + ")", Whole: true}))(t)
		if answer := Equivalent(got, want, Budget{}); answer.Verdict != Yes {
			t.Errorf("%s: they differ on %q", of.pattern, answer.Witness)
		}
		if of.part.Nullable() != want.Contains("") {
			t.Errorf("%s: nullable is %t", of.pattern, of.part.Nullable())
		}
	}
	if e, err := Assemble(Choice()); err != nil || e.Contains("") || IsEmpty(e, Budget{}).Verdict != Yes {
		t.Error("a choice of nothing has a text", err)
	}
}

func lit(t *testing.T, text string) Part {
	t.Helper()
	return Leaf(must(Compile(Literal(text)))(t))
}

func leafOf(t *testing.T, pattern string) Part {
	t.Helper()
	return Leaf(must(Compile(ERE{Pattern: pattern, Whole: true}))(t))
}

// TestAssembleMarked: some leaf has the mark.
func TestAssembleMarked(t *testing.T) {
	t.Parallel()
	word := MarkedLeaf(must(Compile(ERE{Pattern: "[ab]", Whole: true}))(t), map[string]Expr{"is b": must(Compile(Literal("b")))(t)})
	for _, of := range []struct {
		part    Part
		pattern string
	}{
		{word, "b"},
		{Repeat(word), "a*b[ab]*"},
		{Sequence(word, lit(t, "x"), Maybe(word)), "bx[ab]?|[ab]xb"},
		{Sequence(Maybe(lit(t, "x")), Repeat(Choice(word, lit(t, "y"))), Maybe(lit(t, "z"))), "x?[ay]*b[aby]*z?"},
		{lit(t, "x"), "x[^x]"},
	} {
		got, err := AssembleMarked(of.part, "is b")
		if err != nil {
			t.Fatal(err)
		}
		want := must(Compile(ERE{Pattern: "(" + of.pattern + ")", Whole: true}))(t)
		if of.pattern == "x[^x]" {
			want = Empty()
		}
		if answer := Equivalent(got, want, Budget{}); answer.Verdict != Yes {
			t.Errorf("%s: they differ on %q", of.pattern, answer.Witness)
		}
	}
	if marks := Repeat(Sequence(word)).Marks(); len(marks) != 1 || marks[0] != "is b" {
		t.Errorf("marks %q", marks)
	}
}
