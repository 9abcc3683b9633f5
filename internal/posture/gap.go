package posture

import (
	"cmp"
	"slices"
)

// Gap is something that is not known.
type Gap struct {
	Node   string // "" for the cluster
	About  string
	Reason string
}

// sortGaps orders gaps and tells each once.
func sortGaps(gaps []Gap) []Gap {
	slices.SortFunc(gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.About, b.About), cmp.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(gaps)
}
