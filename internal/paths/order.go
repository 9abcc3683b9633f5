package paths

import "strings"

func compare(a, b string) int { return strings.Compare(a, b) }

// compareSteps orders steps by all that they say, so that an answer does not depend on the order in which the graph was
// made. Of two steps from one principal, the one without a condition comes first.
func compareSteps(a, b *Step) int {
	if order := compare(a.From, b.From); order != 0 {
		return order
	}
	if shorter := len(a.Condition) - len(b.Condition); shorter != 0 {
		return shorter
	}
	for _, texts := range [...][2]*string{
		{&a.Way, &b.Way}, {&a.Evidence, &b.Evidence}, {&a.To, &b.To}, {&a.Finding, &b.Finding}, {&a.Does, &b.Does}, {&a.Condition, &b.Condition}, {&a.Example, &b.Example},
		{&a.Remedy, &b.Remedy}, {&a.Change, &b.Change},
	} {
		if order := compare(*texts[0], *texts[1]); order != 0 {
			return order
		}
	}
	return 0
}

// byOrder are the steps of a graph in a stable order: principal by principal, and those of one principal as
// [Graph.outgoing] has them.
func (g *Graph) byOrder() []int {
	all := make([]int, 0, len(g.steps))
	for _, p := range g.Principals() {
		all = append(all, g.outgoing(g.index[p.ID])...)
	}
	return all
}
