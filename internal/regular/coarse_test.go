package regular

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestCoarse: a coarse expression has texts, and texts that begin with a byte, if and only if the expression has, and
// costs what it is long.
func TestCoarse(t *testing.T) {
	t.Parallel()
	pieces := []string{
		"a", "b", "/", ".", "[^a]", "_", " ", "{2}", "{1,3}", "{,2}", "{2,}", "{0}", "{0,1}", "{1}", "{3,4}", "*", "+", "?", "^", "$", "(", ")", "(", ")", "|", `\b`, `\B`, `\<`, `\>`, "\\`", `\'`, "\n", "(/)", "(a|b)", "()", "[^\x01-\xff]",
	}
	r := rand.New(rand.NewPCG(22, 1))
	compared, nothing := 0, 0
	for range 60_000 {
		var b strings.Builder
		for range 1 + r.IntN(7) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		fine, err := Compile(ERE{Pattern: b.String()})
		coarse, coarseErr := Compile(ERE{Pattern: b.String(), Coarse: true})
		if (err == nil) != (coarseErr == nil) {
			t.Fatalf("%q: %v, coarse %v", b.String(), err, coarseErr)
		}
		if err != nil {
			continue
		}
		compared++
		if fine.MatchesNothing() {
			nothing++
		}
		if fine.MatchesNothing() != coarse.MatchesNothing() {
			t.Errorf("%q matches nothing: %t, coarse %t", b.String(), fine.MatchesNothing(), coarse.MatchesNothing())
		}
		for _, first := range []string{"^/", "^a", "^ ", "^_", "^[^/]"} {
			begins := ere(t, first)
			if want, got := MayMeet(fine, begins, Budget{}), MayMeet(coarse, begins, Budget{}); got != want {
				t.Errorf("%q begins as %s: %t, coarse %t", b.String(), first, want, got)
			}
		}
	}
	if compared < 10_000 || nothing < 300 {
		t.Errorf("%d expressions, %d of them match nothing", compared, nothing)
	}
	large := "^" + strings.Repeat("(.{255}a){3}", 20) + "$"
	if e := mustCompile(t, ERE{Pattern: large, Coarse: true}); e.States() > len(large) {
		t.Errorf("%d states of %d bytes", e.States(), len(large))
	}
}

// TestBudgetOfCombinations: what is made of two patterns counts against a budget, and none is made behind its end.
func TestBudgetOfCombinations(t *testing.T) {
	t.Parallel()
	a, b := ere(t, "^(.{60}a.{60}|b*)x$"), ere(t, "(a.{50}|b.{40}){2}x")
	for name, combine := range map[string]func(Budget) (Expr, error){
		"both":    func(budget Budget) (Expr, error) { return Both(a, b, budget) },
		"without": func(budget Budget) (Expr, error) { return Without(b, a, budget) },
		"concat":  func(budget Budget) (Expr, error) { return Concat(budget, a, b, a, b) },
	} {
		shared := NewSharedBudget(1 << 20)
		if _, err := combine(Budget{Shared: shared}); err != nil {
			t.Fatal(name, err)
		}
		_, parts := shared.Work()
		if parts < 1000 {
			t.Errorf("%s: it costs %d parts", name, parts)
		}
		small := NewSharedBudget(0)
		if _, err := combine(Budget{States: 1, Shared: small}); err == nil {
			t.Errorf("%s: it is made with a budget of one state", name)
		}
		if _, p := small.Work(); p > parts {
			t.Errorf("%s: %d parts behind the end", name, p)
		}
	}
	if b := (Budget{Shared: NewSharedBudget(0)}); b.Exhausted() {
		t.Error("a new budget is exhausted")
	}
}
