package sudoers

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func benchText(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "user%d ALL = (root) NOPASSWD: /usr/bin/tool%d list, /usr/bin/tool%d set * --opt%d *, !/usr/bin/tool%d delete *, /usr/sbin/x%d status [0-9]*\n",
			i%200, i%50, i%50, i%100, i%50, i)
	}
	return b.String()
}

// memory gives how many times the size of the text parsing it allocates. Nothing else may run at the same time.
func memory(text string) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _ = Parse("f", text, PVE9)
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / float64(len(text))
}

// TestMemory: a policy takes less than 25 times the memory of its text, whatever its size.
func TestMemory(t *testing.T) { //nolint:paralleltest // what others allocate would count
	for _, n := range []int{10, 100, 1_000, 10_000} {
		if got := memory(benchText(n)); got >= 25 {
			t.Errorf("%d rules take %.1f times the memory of their text", n, got)
		}
	}
}

// BenchmarkParse is the parser alone; linear in the size of the policy.
func BenchmarkParse(b *testing.B) {
	for _, n := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			text := benchText(n)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, errs := Parse("f", text, PVE9); errs.Err() != nil {
					b.Fatal(errs)
				}
			}
			b.ReportMetric(memory(text), "memory/text")
		})
	}
}

// BenchmarkPrint writes what was parsed.
func BenchmarkPrint(b *testing.B) {
	text := benchText(1_000)
	file, _ := Parse("f", text, PVE9)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		Print(file)
	}
}
