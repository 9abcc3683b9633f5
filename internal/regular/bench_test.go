package regular

import (
	"fmt"
	"testing"
)

// report adds the states of one round to a benchmark's figures.
func report(b *testing.B, states int) {
	b.Helper()
	b.ReportMetric(float64(states), "states")
}

// BenchmarkDenylist decides, for a policy of 150 grants and 157 denials, on each command path, what the denials take
// away, from patterns to answers.
func BenchmarkDenylist(b *testing.B) {
	list := denylist()
	b.ReportAllocs()
	states := 0
	for b.Loop() {
		states = 0
		for _, c := range byPath(b, list) {
			whole, open := Prioritised(c.rules), Prioritised(withoutDenials(c.rules))
			states += Subset(whole, open, Budget{}).States + Subset(open, whole, Budget{}).States
		}
	}
	report(b, states)
}

// BenchmarkOneRule compares policies that differ in one rule, by the number of rules, with ten to a path.
func BenchmarkOneRule(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var before, after []command
			for i := range n {
				c := command{i%10 != 9, fmt.Sprintf("/usr/bin/tool%d", i/10), fmt.Sprintf("verb%d *--option%d *", i%10, i%7)}
				before = append(before, c)
				if i == n/2 {
					c.args = "verb *"
				}
				after = append(after, c)
			}
			b.ReportAllocs()
			states := 0
			for b.Loop() {
				states = 0
				x, y := byPath(b, before), byPath(b, after)
				different := 0
				for i := range x {
					got := Equivalent(Prioritised(x[i].rules), Prioritised(y[i].rules), Budget{})
					states += got.States
					if got.Verdict == No {
						different++
					}
				}
				if different != 1 {
					b.Fatalf("%d paths differ", different)
				}
			}
			report(b, states)
		})
	}
}

// BenchmarkWaiting proves an inclusion of denials whose product doubles with every rule.
func BenchmarkWaiting(b *testing.B) {
	for _, n := range []int{4, 8, 12, 32, 128} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmarkSubset(b, waiting(b, n, "* x=* y*"), waiting(b, n, "* x=* y"), Yes)
		})
	}
}

// BenchmarkAdversary does so with grants between the denials, until the budget ends it.
func BenchmarkAdversary(b *testing.B) {
	for n, want := range map[int]Verdict{2: Yes, 4: Yes, 16: Unknown, 32: Unknown} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchmarkSubset(b, alternating(b, n, "* x=* y*"), alternating(b, n, "* x=* y"), want)
		})
	}
}

func benchmarkSubset(b *testing.B, narrow, wide Language, want Verdict) {
	b.Helper()
	b.ReportAllocs()
	var got Answer
	for b.Loop() {
		got = Subset(narrow, wide, Budget{})
	}
	if got.Verdict != want {
		b.Fatalf("%v after %d states", got.Verdict, got.States)
	}
	report(b, got.States)
}

// BenchmarkCompile compiles the patterns that policies are made of.
func BenchmarkCompile(b *testing.B) {
	for name, source := range map[string]Source{
		"glob":   Glob{Pattern: "* root@pam --password *"},
		"ere":    ERE{Pattern: "^(start|stop|status) [1-9][0-9]{2,8}( --skiplock)?$"},
		"bounds": ERE{Pattern: "^[a-z][a-z0-9-]{0,62}(\\.[a-z][a-z0-9-]{0,62}){1,3}$"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustCompile(b, source)
			}
		})
	}
}

// BenchmarkContains matches one text.
func BenchmarkContains(b *testing.B) {
	policy := Prioritised(rules(b, "user *", "!user delete *", "!* root@pam --password *"))
	b.ReportAllocs()
	for b.Loop() {
		policy.Contains("user modify alice@pve --comment some-comment")
	}
}
