package regular

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

// textsOf are random texts of some bytes.
func textsOf(r *rand.Rand, bytes string, n, most int) []string {
	list := make([]string, n)
	for i := range list {
		b := make([]byte, r.IntN(most+1))
		for k := range b {
			b[k] = bytes[r.IntN(len(bytes))]
		}
		list[i] = string(b)
	}
	return list
}

// TestMatcher holds the matcher to the automaton that it is made of.
func TestMatcher(t *testing.T) {
	t.Parallel()

	r := rand.New(rand.NewPCG(1, 7))
	for _, pattern := range []string{"", "^$", "a", "^(a|b{2,3})*$", `\ba\b`, "^[^a]*b[^a]*$", "(a|b)*a(a|b){3}$", "^a+$|^b", "x^", "^(?i)a[b-c]+$"} {
		e := ere(t, pattern)
		for _, text := range textsOf(r, "aabbcA _\n\x00\xff", 500, 12) {
			if got, want := e.Contains(text), e.a.simulate([]int32{0}, text); got != want {
				t.Errorf("%q contains %q: %v, its automaton %v", pattern, text, got, want)
			}
		}
	}
}

// TestMatcherBounds: an automaton with too many states to be made deterministic is matched all the same, in bounded
// memory.
func TestMatcherBounds(t *testing.T) {
	t.Parallel()

	e := ere(t, "(a|b)*a(a|b){60}$")
	r := rand.New(rand.NewPCG(1, 8))
	for _, text := range textsOf(r, "ab", 200, 400) {
		want := len(text) > 60 && text[len(text)-61] == 'a'
		if got := e.Contains(text); got != want {
			t.Fatalf("%q: %v", text, got)
		}
	}
	if size := e.a.matcher.Load().size; size <= maxMatcherSize || size > maxMatcherSize+1000 {
		t.Errorf("it keeps %d", size)
	}
}

// TestMatcherShared: goroutines share a matcher.
func TestMatcherShared(t *testing.T) {
	t.Parallel()

	e := ere(t, "^([ab]{1,20}c)+$")
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for k := range 20 {
				text := strings.Repeat(strings.Repeat("ab", 1+(i+k)%10)+"c", 1+k%3)
				if !e.Contains(text) || e.Contains(text+"a") {
					t.Errorf("%q", text)
				}
			}
		})
	}
	wait.Wait()
}

// TestMatcherAllocations: what has been met before is matched without memory.
func TestMatcherAllocations(t *testing.T) {
	e := ere(t, "^(start|stop|status) [1-9][0-9]{2,8}$")
	if n := testing.AllocsPerRun(100, func() { e.Contains("status 1234"); e.Contains("status") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
