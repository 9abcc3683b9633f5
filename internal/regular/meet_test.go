package regular

import (
	"math/rand/v2"
	"testing"
)

// TestMayMeet compares pairs of states with the search by sets of them.
func TestMayMeet(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 46))
	parts := []string{"a", "b", "*", "*", "?", "[ab]", "[!b]", " "}
	random := func() Expr {
		text := ""
		for range r.IntN(7) {
			text += parts[r.IntN(len(parts))]
		}
		return mustCompile(t, Glob{Pattern: text})
	}
	meet := 0
	for range 5000 {
		a, b := random(), random()
		got := MayMeet(a, b, Budget{})
		if want := Disjoint(a, b, Budget{}).Verdict == No; got != want {
			t.Fatalf("%v and %v: %t", a, b, got)
		}
		if got {
			meet++
		}
	}
	if meet < 500 || meet > 4500 {
		t.Errorf("%d of 5000 meet", meet)
	}
	empty := Expr{a: finish([]state{{}})}
	if MayMeet(empty, AnyArguments(), Budget{}) || MayMeet(AnyArguments(), empty, Budget{}) || !MayMeet(NoArguments(), AnyArguments(), Budget{}) {
		t.Error("the empty language meets others, or the language of the empty text does not")
	}
}
