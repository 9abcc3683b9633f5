package regular

import (
	"fmt"
	"runtime"
	"testing"
)

// waiting has n denials of texts with k_i= and behind it end_i. What of each has been read must be remembered for all,
// so that the states double with every rule.
func waiting(tb testing.TB, n int, more string) Language {
	tb.Helper()

	list := []Rule{{Allow: true, Match: Any()}}
	for i := range n {
		list = append(list, Rule{Match: glob(tb, fmt.Sprintf("* k%d=* end%d", i, i))})
	}
	return Prioritised(append(list, Rule{Match: glob(tb, more)}))
}

// alternating has grants between such denials.
func alternating(tb testing.TB, n int, more string) Language {
	tb.Helper()

	list := []Rule{{Allow: true, Match: Any()}}
	for i := range n {
		list = append(list,
			Rule{Match: glob(tb, fmt.Sprintf("* k%d=* end%d", i, i))},
			Rule{Allow: true, Match: glob(tb, fmt.Sprintf("* g%d=* end%d", i, i))})
	}
	return Prioritised(append(list, Rule{Match: glob(tb, more)}))
}

// TestWaiting makes sure that the antichain leaves a few of the 2^30 states that denials have.
func TestWaiting(t *testing.T) {
	t.Parallel()

	narrow, wide := waiting(t, 30, "* x=* y*"), waiting(t, 30, "* x=* y")
	if got := Subset(narrow, wide, Budget{}); got.Verdict != Yes || got.States > 500 {
		t.Errorf("%v after %d states", got.Verdict, got.States)
	}
	got := Subset(wide, narrow, Budget{})
	if got.Verdict != No || got.Sampled || len(got.Witness) != len(" x= ya") || !wide.Contains(got.Witness) || narrow.Contains(got.Witness) {
		t.Errorf("%+v", got)
	}
}

// TestAdversary makes sure that rules which are too much for the budget end in unknown, soon, and that fewer do not.
func TestAdversary(t *testing.T) {
	t.Parallel()

	few := Subset(alternating(t, 3, "* x=* y*"), alternating(t, 3, "* x=* y"), Budget{})
	if few.Verdict != Yes {
		t.Errorf("3 pairs: %v after %d states", few.Verdict, few.States)
	}
	const limit = 3000
	many := Subset(alternating(t, 30, "* x=* y*"), alternating(t, 30, "* x=* y"), Budget{States: limit})
	if many.Verdict != Unknown || many.Witness != "" {
		t.Errorf("30 pairs: %v, %q", many.Verdict, many.Witness)
	}
	// One step may make some more states before it is seen that the budget is spent.
	if many.States <= limit || many.States > limit+200 {
		t.Errorf("%d states with a budget of %d", many.States, limit)
	}
}

// TestSample makes sure that a text which shows the answer is found past the budget, if it is one of a pattern.
func TestSample(t *testing.T) {
	t.Parallel()

	wide := alternating(t, 12, "!")
	narrow := Intersect(wide, Complement(glob(t, "* x=some-very-long-text end")))
	got := Subset(wide, narrow, Budget{States: 300})
	if got.Verdict != No || !got.Sampled || !wide.Contains(got.Witness) || narrow.Contains(got.Witness) {
		t.Errorf("%+v", got)
	}
}

// TestExpired makes sure that the caller can end a search.
func TestExpired(t *testing.T) {
	t.Parallel()

	calls := 0
	expired := func() bool {
		calls++
		return calls > 3
	}
	got := Subset(alternating(t, 30, "* x=* y*"), alternating(t, 30, "* x=* y"), Budget{Expired: expired})
	if got.Verdict != Unknown || calls != 4 {
		t.Errorf("%v after %d calls", got.Verdict, calls)
	}
	if got := IsEmpty(Any(), Budget{Expired: func() bool { return true }}); got.Verdict != No {
		t.Errorf("%v where nothing is to be searched", got.Verdict)
	}
}

// TestMemory makes sure that a budget of states bounds memory as well, where every state has many parts.
func TestMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := Disjoint(ere(t, "^(.{1,255}a){2}.{255}b.{255}$"), ere(t, "(a.{200}|b.{190}){3}x.{255}"), Budget{States: 5000})
	runtime.ReadMemStats(&after)
	if got.Verdict != Unknown {
		t.Errorf("%v after %d states", got.Verdict, got.States)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 {
		t.Errorf("%d bytes", used)
	}
}

// TestSharedBudget makes sure that questions which share a budget end when it is spent, that they cost it what they
// cost, and that easy ones are still answered.
func TestSharedBudget(t *testing.T) {
	t.Parallel()

	shared := NewSharedBudget(3000)
	hard := func() Verdict {
		return Subset(alternating(t, 30, "* x=* y*"), alternating(t, 30, "* x=* y"), Budget{Shared: shared}).Verdict
	}
	easy := func() Verdict {
		return Subset(glob(t, "set 1??"), glob(t, "set *"), Budget{Shared: shared}).Verdict
	}
	if easy() != Yes || shared.Left() == 0 || shared.Left() >= 3000 {
		t.Errorf("%d are left", shared.Left())
	}
	if hard() != Unknown || easy() != Yes || hard() != Unknown {
		t.Errorf("%d are left", shared.Left())
	}
	if after := Subset(alternating(t, 30, "* x=* y*"), alternating(t, 30, "* x=* y"), Budget{Shared: shared}); after.States > 2*statesOnCredit {
		t.Errorf("%d states on credit", after.States)
	}
}
