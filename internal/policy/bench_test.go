package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// bigPolicy has n rules of ten commands each, all for one user: literal arguments,
// globs, denials and ranges.
func bigPolicy(tb testing.TB, n int) *sudoers.Tree {
	tb.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "alice ALL = (root) /usr/bin/tool%d list", i%50)
		for j := range 3 {
			fmt.Fprintf(&b, ", /usr/bin/tool%d set * --opt%d *, !/usr/bin/tool%d delete%d *, /usr/sbin/x%d status [0-9]*", i%50, j, j, i, i)
		}
		b.WriteString("\n")
	}
	file, errs := sudoers.Parse("policy", b.String(), sudoers.PVE9)
	if errs.Err() != nil {
		tb.Fatal(errs)
	}
	return sudoers.TreeOf(file)
}

func benchRequest() Request {
	return Request{Subject: Subject{Name: "alice"}, Host: "pve1", Env: Debian(sudoers.PVE9)}
}

var benchLines = []Line{
	NewLine("/usr/bin/tool7", "list"), NewLine("/usr/bin/tool1", "set", "100", "--opt1", "x"), NewLine("/usr/bin/tool2", "delete999", "x"),
	NewLine("/usr/sbin/x17", "status", "42"), NewLine("/usr/bin/other", "x"), NewLine("/usr/bin/tool1", "nothing", "of", "it"),
}

// BenchmarkDecide is one decision on a compiled policy of 1,000 rules (10,000 commands).
func BenchmarkDecide(b *testing.B) {
	c := Compile(bigPolicy(b, 1000), benchRequest())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		l := &benchLines[i%len(benchLines)]
		c.Decide(l.Command, l.Args, l.HasArgs)
	}
}

// BenchmarkCompile is the preparation.
func BenchmarkCompile(b *testing.B) {
	tree := bigPolicy(b, 1000)
	for b.Loop() {
		Compile(tree, benchRequest())
	}
}

// TestCompiledAllocations: a decision allocates nothing, once some were made.
func TestCompiledAllocations(t *testing.T) {
	c := Compile(bigPolicy(t, 100), benchRequest())
	for _, l := range benchLines {
		for range 5 {
			c.Decide(l.Command, l.Args, l.HasArgs)
		}
		if n := testing.AllocsPerRun(100, func() { c.Decide(l.Command, l.Args, l.HasArgs) }); n != 0 {
			t.Errorf("%v: %v allocations", l, n)
		}
	}
}

// BenchmarkCompare compares two policies that differ in one rule.
func BenchmarkCompare(b *testing.B) {
	for _, rules := range []int{10, 100, 1000, 10_000} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			var before strings.Builder
			for i := range rules {
				fmt.Fprintf(&before, "op ALL=(root) NOPASSWD: /usr/local/bin/tool%d ^(start|stop|status) [1-9][0-9]{2,8}$\n", i)
			}
			old, changed := treeOf(b, before.String()), treeOf(b, before.String()+"op ALL=(root) /usr/local/bin/tool7 ^restart [0-9]+$\n")
			b.ReportAllocs()
			for b.Loop() {
				if c := Compare(old, changed, op); c.Verdict != Wider || len(c.NewlyAllowed) != 1 {
					b.Fatalf("%+v", c)
				}
			}
		})
	}
}

// BenchmarkCompareHosts compares policies each of whose rules has a host and a target of its own, which are all
// classes, and differs in one rule.
func BenchmarkCompareHosts(b *testing.B) {
	for _, rules := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("rules=%d", rules), func(b *testing.B) {
			var text strings.Builder
			for i := range rules {
				fmt.Fprintf(&text, "op node%d=(account%d) NOPASSWD: /usr/local/bin/tool%d ^(start|stop|status) [1-9][0-9]{2,8}$\n", i, i, i)
			}
			old, changed := treeOf(b, text.String()), treeOf(b, text.String()+"op node7=(account7) /usr/local/bin/tool7 ^restart [0-9]+$\n")
			b.ReportAllocs()
			for b.Loop() {
				if c := Compare(old, changed, op); c.Verdict != Wider || len(c.NewlyAllowed) != 1 {
					b.Fatalf("%+v", c)
				}
			}
		})
	}
}
