package paths

import (
	"slices"
)

// Path is one way from a principal to root: its steps in order, the last of which leads to root.
type Path struct {
	From  Principal
	To    Principal
	Steps []Step
}

// Cut is one change that takes root away.
type Cut struct {
	// Step is what to take away. All other steps with its Change go with it.
	Step Step
	// Frees are the ids of the principals that have no path to root any more once that is gone, sorted.
	Frees []string
}

// Closure is what follows from a graph.
type Closure struct {
	// Paths are in the order of their principals. Each step that starts at a principal and leads to root makes one
	// path, continued on the shortest way.
	Paths []Path
	// Reaches are the ids of the principals that lead to root and are somebody, sorted.
	Reaches []string
	// Cuts are the single changes that free somebody, the ones that free most first.
	Cuts []Cut
	// Uncut is how many changes were not looked at, because that would have taken too long: 0 unless a graph is very
	// large and full of changes with steps between different principals.
	Uncut int
}

// none marks the end of a way.
const none = -1

// Close finds the paths to root. Its work grows with the number of principals and steps, and with the length of the
// paths that it tells.
func (g *Graph) Close() Closure {
	next, distance := g.toRoot()
	var c Closure
	for _, p := range g.Principals() {
		at := g.index[p.ID]
		if !p.Kind.Holder() || distance[at] == none {
			continue
		}
		c.Reaches = append(c.Reaches, p.ID)
		for _, step := range g.outgoing(at) {
			if path, leads := g.follow(p, step, next, distance); leads {
				c.Paths = append(c.Paths, path)
			}
		}
	}
	c.Cuts, c.Uncut = g.cuts(distance)
	return c
}

// outgoing are the steps from a principal in a stable order.
func (g *Graph) outgoing(at int) []int {
	steps := slices.Clone(g.out[at])
	slices.SortFunc(steps, func(a, b int) int { return compareSteps(&g.steps[a], &g.steps[b]) })
	return steps
}

// toRoot finds for each principal how many steps it is from root, none where no way leads there, and the step that it
// takes: breadth first, backwards from all roots at once.
func (g *Graph) toRoot() (next, distance []int) {
	next, distance = make([]int, len(g.principals)), make([]int, len(g.principals))
	var queue []int
	for at, p := range g.principals {
		next[at], distance[at] = none, none
		if p.Kind == Root {
			distance[at] = 0
			queue = append(queue, at)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, i := range g.in[queue[0]] {
			from := g.ends[i][0]
			if distance[from] == none {
				distance[from] = distance[queue[0]] + 1
				queue = append(queue, from)
			}
		}
	}
	for at := range g.principals {
		for _, i := range g.out[at] {
			closer := distance[g.ends[i][1]]
			if closer == none || closer != distance[at]-1 {
				continue
			}
			if next[at] == none || compareSteps(&g.steps[i], &g.steps[next[at]]) < 0 {
				next[at] = i
			}
		}
	}
	return next, distance
}

// follow continues a step to root on the shortest way. Where that comes back to where the path started, it takes the
// next way on from the step. If all of them come back, the step adds nothing, and there is no path.
func (g *Graph) follow(p Principal, step int, next, distance []int) (Path, bool) {
	start, at := g.index[p.ID], g.ends[step][1]
	if distance[at] == none {
		return Path{}, false
	}
	if path, simple := g.shortest(p, start, []int{step}, next, distance); simple {
		return path, true
	}
	for _, other := range g.outgoing(at) {
		if distance[g.ends[other][1]] == none {
			continue
		}
		if path, simple := g.shortest(p, start, []int{step, other}, next, distance); simple {
			return path, true
		}
	}
	return Path{}, false
}

// shortest continues some steps on the shortest way. simple is false if that visits a principal twice.
func (g *Graph) shortest(p Principal, start int, begun []int, next, distance []int) (path Path, simple bool) {
	path = Path{From: p}
	seen := map[int]bool{start: true}
	at := start
	walk := func(step int) bool {
		path.Steps = append(path.Steps, g.steps[step])
		at = g.ends[step][1]
		again := seen[at]
		seen[at] = true
		return !again
	}
	for _, step := range begun {
		if !walk(step) {
			return Path{}, false
		}
	}
	for distance[at] > 0 {
		if !walk(next[at]) {
			return Path{}, false
		}
	}
	path.To = g.principals[at]
	return path, true
}
