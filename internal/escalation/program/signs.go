package program

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/regular"
)

// convincing gives admitted arguments that have the effect of what no operation covers: the example of the data, or
// else some with words that bring it. It is false with the arguments that the search made up where there are none.
func (j *judgement) convincing(o *Operation, made string) (string, bool) {
	if example := asArguments(o.Example); j.Allowed.Contains(example) {
		return example, true
	}
	for _, sign := range o.Signs {
		with, err := regular.Compile(regular.ERE{Pattern: signPattern(sign), Whole: true})
		if err != nil {
			continue
		}
		text, some, known := regular.Meeting(j.Shape, with, j.Budget)
		if known && some && j.Allowed.Contains(text) && !j.coveredBy(text) {
			return text, true
		}
	}
	return made, false
}

// coveredBy tells whether an operation covers arguments.
func (j *judgement) coveredBy(args string) bool {
	return slices.ContainsFunc(j.program.Operations, func(o *Operation) bool {
		covers, err := o.covers(args)
		return err != nil || covers
	})
}

// signPattern is an expression for arguments with the words of a sign.
func signPattern(sign string) string {
	words, more := strings.CutSuffix(sign, "...")
	words, first := strings.CutPrefix(words, "^")
	var b strings.Builder
	if !first {
		b.WriteString("(.*)?")
	}
	for _, c := range asArguments(words) {
		if c == '^' || c == '\\' {
			b.WriteString("\\" + string(c))
			continue
		}
		b.WriteString("[" + string(c) + "]")
	}
	if more {
		return b.String() + ".*"
	}
	return b.String() + "( .*)?"
}
