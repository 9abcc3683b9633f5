package regular

import (
	"math/rand/v2"
	"testing"
)

// TestWithin compares with the search that also finds examples.
func TestWithin(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(20, 2))
	parts := []string{"a", "b", "*", "*", "?", "[ab]", "[!b]", " "}
	random := func() Expr {
		text := ""
		for range r.IntN(6) {
			text += parts[r.IntN(len(parts))]
		}
		return mustCompile(t, Glob{Pattern: text})
	}
	proven := 0
	for range 5000 {
		inner, outer := random(), []Expr{random(), random(), random()}[:r.IntN(4)]
		languages := make([]Language, len(outer))
		for i, e := range outer {
			languages[i] = e
		}
		want := Subset(inner, Union(languages...), Budget{}).Verdict == Yes
		if got := Within(inner, outer...); got != want { // these are too small to be too much work
			t.Fatalf("%v in %v: %t", inner, outer, got)
		}
		if want {
			proven++
		}
	}
	if proven < 500 || proven > 4500 {
		t.Errorf("%d of 5000 are within", proven)
	}
	if !Within(Empty()) || Within(Epsilon()) || !Within(Any(), Any()) {
		t.Error("nothing is within nothing, the empty text is not, and any text is within any")
	}
}

// TestWithinGivesUp: what would take too much work is not proven.
func TestWithinGivesUp(t *testing.T) {
	t.Parallel()
	var outer []Expr
	for _, pattern := range []string{"^[ab]*a[ab]{14}$", "^[ab]*b[ab]{14}$", "^[ab]{0,14}$"} {
		outer = append(outer, mustCompile(t, ERE{Pattern: pattern}))
	}
	if Within(mustCompile(t, ERE{Pattern: "^[ab]*$"}), outer...) {
		t.Error("proven")
	}
}
