package paths

import (
	"cmp"
	"slices"
)

// maxTried bounds the steps that are walked to try changes one by one.
const maxTried = 20_000_000

// cuts finds the changes that stand on every path of somebody. left is how many were not looked at.
//
// A change whose steps all have one start and one end is like one step: in the graph turned around, with all roots as
// its start, it dominates him. A step is a place of its own there, so that it can dominate like a principal. A change
// with steps between different principals is tried: it is taken away, and what still reaches root is walked.
func (g *Graph) cuts(distance []int) (cuts []Cut, left int) {
	r := g.reduced()
	parts := map[string][]int{} // steps of each change
	for i := range r.steps {
		if change := r.steps[i].Change; change != "" {
			parts[change] = append(parts[change], i)
		}
	}
	d := r.dominators(distance)
	frees := map[int][]string{}
	for at, p := range r.principals {
		if !p.Kind.Holder() || distance[at] == none {
			continue
		}
		for above := d.parent[d.principal(at)]; above > 0; above = d.parent[above] {
			if step, is := d.step(above); is && len(parts[r.steps[step].Change]) < 2 {
				frees[step] = append(frees[step], p.ID)
			}
		}
	}
	changes := make([]string, 0, len(parts))
	for change, steps := range parts {
		if len(steps) > 1 {
			changes = append(changes, change)
		}
	}
	slices.Sort(changes)
	starts, number := make([]int, len(r.steps)), make([]int, len(r.steps)) // where each step starts, and which of the changes takes it away
	for i := range r.steps {
		starts[i], number[i] = r.ends[i][0], -1
	}
	for n, change := range changes {
		for _, i := range parts[change] {
			number[i] = n
		}
	}
	for i, change := range changes {
		if (i+1)*len(r.steps) > maxTried {
			left = len(changes) - i
			break
		}
		first := slices.MinFunc(parts[change], func(a, b int) int { return compareSteps(&r.steps[a], &r.steps[b]) })
		if freed := r.freed(i, starts, number, distance); len(freed) > 0 {
			frees[first] = freed
		}
	}
	cuts = make([]Cut, 0, len(frees))
	for step, ids := range frees {
		slices.Sort(ids)
		cuts = append(cuts, Cut{r.steps[step], ids})
	}
	slices.SortFunc(cuts, func(a, b Cut) int {
		return cmp.Or(cmp.Compare(len(b.Frees), len(a.Frees)), compareSteps(&a.Step, &b.Step))
	})
	return cuts, left
}

// reduced is the graph with one step in place of all that have one start, one end and one change: the first of them.
// Who reaches root, and from how far, stays the same.
func (g *Graph) reduced() *Graph {
	type between struct {
		from, to int
		change   string
	}
	r := &Graph{principals: g.principals, index: g.index, out: make([][]int, len(g.principals)), in: make([][]int, len(g.principals))}
	taken := make(map[between]bool, len(g.steps))
	for _, i := range g.byOrder() {
		s := &g.steps[i]
		one := between{g.ends[i][0], g.ends[i][1], s.Change}
		if s.Change != "" && taken[one] {
			continue
		}
		taken[one] = true
		r.out[one.from] = append(r.out[one.from], len(r.steps))
		r.in[one.to] = append(r.in[one.to], len(r.steps))
		r.steps, r.ends = append(r.steps, *s), append(r.ends, g.ends[i])
	}
	return r
}

// freed are the holders that reach root, and no longer do without the steps of a change. starts and number are the
// start and the change of each step.
func (g *Graph) freed(change int, starts, number, distance []int) []string {
	reached := make([]bool, len(g.principals))
	var queue []int
	for at, p := range g.principals {
		if p.Kind == Root {
			reached[at] = true
			queue = append(queue, at)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, i := range g.in[queue[0]] {
			if from := starts[i]; number[i] != change && !reached[from] {
				reached[from] = true
				queue = append(queue, from)
			}
		}
	}
	var ids []string
	for at, p := range g.principals {
		if p.Kind.Holder() && distance[at] != none && !reached[at] {
			ids = append(ids, p.ID)
		}
	}
	return ids
}
