package policy

import "strings"

// globReaches tells whether glob(3) finds a file, or with a slash at the end of the
// pattern its directory. Of the directories on the way only those of the file and the
// links of the environment are known; a pattern that must pass another one and come
// back by ".." is not found.
func (e *Environment) globReaches(pattern []pathPart, dir, base string) match {
	g := globWalk{env: e, pattern: pattern, dir: dir, base: base, been: map[globPlace]bool{}}
	return g.from("/", 0)
}

// globWalk is one search. Each place is visited once, so that it takes no more
// time than the pattern is long, times the directories that are known.
type globWalk struct {
	env       *Environment
	pattern   []pathPart
	dir, base string
	been      map[globPlace]bool
}

// globPlace is a resolved directory and the part of the pattern that is compared there.
type globPlace struct {
	at   string
	part int
}

func (g *globWalk) from(at string, n int) match {
	place := globPlace{at, n}
	if g.been[place] {
		return no
	}
	g.been[place] = true
	part := &g.pattern[n]
	if !part.more {
		if at != g.dir {
			return no
		}
		return part.glob.matches(g.base)
	}
	step := func(name string) match {
		next := g.env.canonicalDir(at + "/" + name)
		if part.last {
			return matched(next == g.dir)
		}
		return g.from(next, n+1)
	}
	if part.glob == nil {
		return step(part.text)
	}
	found := no
	try := func(name string) {
		if matches := part.glob.matches(name); matches > found {
			found = max(found, min(matches, step(name)))
		}
	}
	// The next directory towards the file.
	if below, ok := strings.CutPrefix(g.dir, strings.TrimSuffix(at, "/")+"/"); ok && below != "" {
		name, _, _ := strings.Cut(below, "/")
		try(name)
	}
	for link := range g.env.Links {
		if parent, name := split(link); parent == at {
			try(name)
		}
	}
	return found
}
