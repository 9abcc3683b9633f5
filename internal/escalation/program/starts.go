package program

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// startsOf are texts, in their order, of which every line of arguments of a synopsis begins with one. They are read
// from what is written, so that the language of an operation is compiled only where arguments begin as its own do. The
// empty text stands for any beginning.
func startsOf(s synopsis) []string {
	starts := beginnings(s)
	slices.Sort(starts)
	return slices.Compact(starts)
}

func beginnings(s synopsis) []string {
	switch s := s.(type) {
	case literal:
		return []string{" " + string(s)}
	case cluster:
		return []string{" -"}
	case repeated:
		return beginnings(s.of)
	case choice:
		var all []string
		for _, alternative := range s {
			all = append(all, beginnings(alternative)...)
		}
		return all
	case sequence:
		return s.beginnings()
	}
	return []string{""}
}

func (s sequence) beginnings() []string {
	if len(s) == 0 {
		return []string{""}
	}
	starts := beginnings(s[0].of)
	if _, fixed := s[0].of.(literal); !fixed {
		return starts
	}
	for _, next := range s[1:] {
		word, fixed := next.of.(literal)
		if !fixed {
			break
		}
		if !next.glued {
			starts[0] += " "
		}
		starts[0] += string(word)
	}
	return starts
}

// mayStart tells whether arguments of a pattern may begin as those of the operation do.
func (o *Operation) mayStart(shape regular.Expr) bool { return regular.MayStart(shape, o.starts()) }

// starting tells whether arguments begin as those of the operation do.
func (o *Operation) starting(args string) bool {
	return slices.ContainsFunc(o.starts(), func(start string) bool { return strings.HasPrefix(args, start) })
}

// marked tells whether an operand of a synopsis has effects by its value.
func (o *operands) marked(s synopsis) bool {
	switch s := s.(type) {
	case operand:
		return o.classed[s.kind] != nil
	case optional:
		return o.marked(s.of)
	case repeated:
		return o.marked(s.of)
	case choice:
		return slices.ContainsFunc(s, o.marked)
	case sequence:
		return slices.ContainsFunc(s, func(i item) bool { return o.marked(i.of) })
	}
	return false
}
