package policy

import (
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// ruleIndex finds the rules of a class by how their arguments begin: most rules about a command are about different
// arguments, and a question about one of them asks only those whose arguments may begin alike.
type ruleIndex struct {
	once      sync.Once
	starts    []string // of all rules, in order, each once
	at        map[string][]int32
	longest   int
	lastOfAll int
}

// indexed gives the index of a class, which is made once.
func (p *PathAccess) indexed() *ruleIndex {
	x := p.index
	x.once.Do(func() {
		x.at, x.lastOfAll = map[string][]int32{}, -1
		for i := range p.Rules {
			r := &p.Rules[i]
			if !r.counts() {
				continue
			}
			if r.pattern != nil && !r.pattern.HasArgs {
				x.lastOfAll = i
			}
			for _, start := range regular.Starts(r.Args) {
				x.at[start] = append(x.at[start], int32(i))
				x.longest = max(x.longest, len(start))
			}
		}
		for start := range x.at {
			x.starts = append(x.starts, start)
		}
		slices.Sort(x.starts)
	})
	return x
}

// alike gives the rules behind one whose arguments may begin as its own do, in their order.
func (p *PathAccess) alike(rule int) []int32 {
	x := p.indexed()
	var found []int32
	take := func(start string) {
		list := x.at[start]
		behind, _ := slices.BinarySearch(list, int32(rule)+1)
		found = append(found, list[behind:]...)
	}
	for _, start := range regular.Starts(p.Rules[rule].Args) {
		for end := range len(start) { // bytes: an expression may begin inside a character
			take(start[:end])
		}
		for i := sort.SearchStrings(x.starts, start); i < len(x.starts) && strings.HasPrefix(x.starts[i], start); i++ {
			take(x.starts[i])
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// deciding gives the last rule that has arguments, -1 if there is none.
func (x *ruleIndex) deciding(rules []AccessRule, args string) int {
	last := -1
	for end := range min(len(args), x.longest) + 1 {
		for _, i := range slices.Backward(x.at[args[:end]]) {
			if int(i) <= last {
				break
			}
			if rules[i].Args.Contains(args) {
				last = int(i)
				break
			}
		}
	}
	return last
}
