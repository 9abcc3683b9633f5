package posture

import (
	"cmp"
	"fmt"
	"slices"
)

// Gap is something that is not known.
type Gap struct {
	Node   string // "" for the cluster
	About  string
	Reason string
}

// maxGaps is how many gaps about one thing on one node are told: what users can make many of must not hide the others.
const maxGaps = 50

// sortGaps orders gaps and tells each once, and of many about one thing the first ones with how many more there are.
func sortGaps(gaps []Gap) []Gap {
	slices.SortFunc(gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.About, b.About), cmp.Compare(a.Reason, b.Reason))
	})
	gaps = slices.Compact(gaps)
	var told []Gap
	for at := 0; at < len(gaps); {
		end := at
		for end < len(gaps) && gaps[end].Node == gaps[at].Node && gaps[end].About == gaps[at].About {
			end++
		}
		told = append(told, gaps[at:min(end, at+maxGaps)]...)
		if more := end - at - maxGaps; more > 0 {
			told = append(told, Gap{gaps[at].Node, gaps[at].About, fmt.Sprintf("and %d more reasons", more)})
		}
		at = end
	}
	return told
}
