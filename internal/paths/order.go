package paths

import (
	"cmp"
	"strings"
)

func compare(a, b string) int { return strings.Compare(a, b) }

// compareSteps orders steps by all that they say, so that an answer does not depend on the order in which the graph was made. Of two steps from one
// principal, the one without a condition comes first.
func compareSteps(a, b Step) int {
	return cmp.Or(compare(a.From, b.From), cmp.Compare(len(a.Condition), len(b.Condition)), compare(a.Way, b.Way), compare(a.Evidence, b.Evidence),
		compare(a.To, b.To), compare(a.Finding, b.Finding), compare(a.Does, b.Does), compare(a.Condition, b.Condition), compare(a.Example, b.Example), compare(a.Remedy, b.Remedy), compare(a.Change, b.Change))
}
