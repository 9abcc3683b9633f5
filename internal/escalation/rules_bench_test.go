package escalation

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pvesec/terraform-provider-pvesec/internal/budget"
	"github.com/pvesec/terraform-provider-pvesec/internal/policy"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// onOnePath is a policy of so many rules about one program, each anchored and each about a guest of its own.
func onOnePath(tb testing.TB, n int) *sudoers.Tree {
	tb.Helper()
	shapes := []string{"start %d", "(shutdown|reboot) %d", "snapshot %d [a-z][a-z0-9]{0,15}", "set %d --memory [1-9][0-9]{1,4}", "status %d( --verbose 1)?"}
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "agent ALL=(root) NOPASSWD: /usr/sbin/qm ^"+shapes[i%len(shapes)]+"$\n", 100_000+i)
	}
	return parsed(tb, text.String())
}

func parsed(tb testing.TB, text string) *sudoers.Tree {
	tb.Helper()
	file, errs := sudoers.Parse("policy", text, sudoers.PVE9)
	if err := errs.Err(); err != nil {
		tb.Fatal(err)
	}
	return sudoers.TreeOf(file)
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkAnalyseOnePath is the analysis of many rules about one program, for both releases. It holds the work of
// each, and what 300 and 1,000 take together.
func BenchmarkAnalyseOnePath(b *testing.B) {
	const perRule = 0.5 // milliseconds
	together := map[int]float64{300: 150, 1000: 500}
	for _, rules := range []int{100, 300, 1000, 10000} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			tree := onOnePath(b, rules)
			q := Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}}
			AnalyseReleases(onOnePath(b, 5), q, sudoers.PVE8, sudoers.PVE9) // compiles the knowledge
			b.ReportAllocs()
			before := processorTime()
			for b.Loop() {
				AnalyseReleases(tree, q, sudoers.PVE8, sudoers.PVE9)
			}
			used := (processorTime() - before).Seconds() * 1e3 / float64(b.N)
			budget.Bar(b, used/float64(rules), perRule, "cpu-ms/rule")
			if bar := together[rules]; bar > 0 {
				budget.Bar(b, used, bar, "cpu-ms")
			}
		})
	}
}

// undecidable are rules of which each must be remembered for every text, so that the states double with each.
func undecidable(tb testing.TB, n int) *sudoers.Tree {
	tb.Helper()
	var text strings.Builder
	text.WriteString("agent ALL=(root) /usr/sbin/qm set *\n")
	for i := range n {
		fmt.Fprintf(&text, "agent ALL=(root) !/usr/sbin/qm ^.* k%d=.* end%[1]d$\nagent ALL=(root) /usr/sbin/qm ^.* g%[1]d=.*[ab]..........$\n", i)
	}
	return parsed(tb, text.String())
}

// BenchmarkAnalyseUndecidable is a policy of 50 rules that end in unknown.
func BenchmarkAnalyseUndecidable(b *testing.B) {
	tree := undecidable(b, 50)
	q := Question{Question: policy.Question{Subject: policy.Subject{Name: "agent"}}}
	b.ReportAllocs()
	before := processorTime()
	for b.Loop() {
		AnalyseReleases(tree, q, sudoers.PVE8, sudoers.PVE9)
	}
	budget.Bar(b, (processorTime()-before).Seconds()/float64(b.N), 2, "cpu-s")
}
