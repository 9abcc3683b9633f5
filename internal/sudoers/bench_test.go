package sudoers

import (
	"fmt"
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
