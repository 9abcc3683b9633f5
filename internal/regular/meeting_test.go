package regular

import "testing"

// TestMeeting holds Meeting to Disjoint.
func TestMeeting(t *testing.T) {
	t.Parallel()
	patterns := []string{"", "a", "a*b", "(a|b)*c", "[a-c]{2}", "x(yz)*", ".*", "/etc(/.*)?", "[^/]*"}
	for _, p := range patterns {
		for _, q := range patterns {
			a, b := must(Compile(ERE{Pattern: "(" + p + ")", Whole: true}))(t), must(Compile(ERE{Pattern: "(" + q + ")", Whole: true}))(t)
			text, some, known := Meeting(a, b, Budget{})
			answer := Disjoint(a, b, Budget{})
			if !known || some != (answer.Verdict == No) || some && (!a.Contains(text) || !b.Contains(text) || len(text) != len(answer.Witness)) {
				t.Errorf("%s and %s: %q %t %t, but %v %q", p, q, text, some, known, answer.Verdict, answer.Witness)
			}
		}
	}
}
