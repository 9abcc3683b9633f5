package paths

// domination is the tree of dominators of a graph that was turned around: place 0 stands for root, then come the
// principals, then the steps.
type domination struct {
	principals int
	// parent is the nearest place that stands on every way from root to a place, none for a place that no way leads to.
	parent []int
}

func (d domination) principal(at int) int { return 1 + at }

func (d domination) step(place int) (step int, is bool) {
	step = place - 1 - d.principals
	return step, step >= 0
}

// dominators makes the tree by iteration over the places in reverse postorder (Cooper, Harvey and Kennedy, "A Simple,
// Fast Dominance Algorithm"). Graphs of access are shallow, so that two or three rounds settle it.
func (g *Graph) dominators(distance []int) domination {
	d := domination{principals: len(g.principals), parent: make([]int, 1+len(g.principals)+len(g.steps))}
	for i := range d.parent {
		d.parent[i] = none
	}
	order := g.postorder(distance)
	number := make([]int, len(d.parent))
	for i := range number {
		number[i] = none
	}
	for i, place := range order {
		number[place] = i
	}
	meet := func(a, b int) int {
		for a != b {
			for number[a] < number[b] {
				a = d.parent[a]
			}
			for number[b] < number[a] {
				b = d.parent[b]
			}
		}
		return a
	}
	d.parent[0] = 0
	for changed := true; changed; {
		changed = false
		for i := len(order) - 2; i >= 0; i-- { // the last is root itself
			place, best := order[i], none
			for before := range g.before(place) {
				switch {
				case number[before] == none || d.parent[before] == none:
				case best == none:
					best = before
				default:
					best = meet(before, best)
				}
			}
			if d.parent[place] != best {
				d.parent[place], changed = best, true
			}
		}
	}
	return d
}

// before yields the places from which a place is entered when one walks away from root.
func (g *Graph) before(place int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		d := domination{principals: len(g.principals)}
		if step, is := d.step(place); is {
			yield(d.principal(g.ends[step][1]))
			return
		}
		if g.principals[place-1].Kind == Root {
			yield(0)
			return // root needs nobody else
		}
		for _, i := range g.out[place-1] {
			if !yield(1 + len(g.principals) + i) {
				return
			}
		}
	}
}

// after are the places that are entered from a place.
func (g *Graph) after(place int, distance []int) []int {
	d := domination{principals: len(g.principals)}
	var places []int
	switch step, is := d.step(place); {
	case is:
		if from := g.ends[step][0]; distance[from] > 0 {
			places = append(places, d.principal(from))
		}
	case place == 0:
		for at, p := range g.principals {
			if p.Kind == Root {
				places = append(places, d.principal(at))
			}
		}
	default:
		for _, i := range g.in[place-1] {
			places = append(places, 1+len(g.principals)+i)
		}
	}
	return places
}

// postorder lists the places that root leads to, each after those that it leads to, root last. It keeps its own stack:
// a path can be long.
func (g *Graph) postorder(distance []int) []int {
	type frame struct {
		place int
		rest  []int
	}
	seen := make([]bool, 1+len(g.principals)+len(g.steps))
	seen[0] = true
	stack := []frame{{0, g.after(0, distance)}}
	var order []int
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if len(top.rest) == 0 {
			order = append(order, top.place)
			stack = stack[:len(stack)-1]
			continue
		}
		place := top.rest[0]
		top.rest = top.rest[1:]
		if !seen[place] {
			seen[place] = true
			stack = append(stack, frame{place, g.after(place, distance)})
		}
	}
	return order
}
