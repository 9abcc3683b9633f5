package regular

import "testing"

func TestMinimal(t *testing.T) {
	t.Parallel()
	for pattern, states := range map[string]int{
		"abc": 4, "a*": 1, "(a|b)*abb": 4, "(a|b|c)x|(b|c|a)x": 3, "a?a?a?": 4, "": 1, "/etc(/.*)?|/usr(/.*)?": 0, "[ab]{3}|[ba]{3}c*": 4,
	} {
		e := must(Compile(ERE{Pattern: "(" + pattern + ")", Whole: true}))(t)
		m, err := Minimal(e)
		if err != nil {
			t.Fatal(err)
		}
		if answer := Equivalent(e, m, Budget{}); answer.Verdict != Yes {
			t.Errorf("%s: they differ on %q", pattern, answer.Witness)
		}
		if states > 0 && m.States() != states {
			t.Errorf("%s: %d states", pattern, m.States())
		}
	}
	if m, err := Minimal(Empty()); err != nil || IsEmpty(m, Budget{}).Verdict != Yes {
		t.Error("the empty language has a text", err)
	}
}
