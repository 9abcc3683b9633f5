package policy

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers/posix"
)

// globReaches tells whether glob(3) finds a file, or with a slash at the end of the
// pattern its directory. Of the directories on the way only those of the file and the
// links of the environment are known; a pattern that must pass another one and come
// back by ".." is not found.
func (e *Environment) globReaches(pattern, dir, base string) bool {
	g := globWalk{env: e, dir: dir, base: base, been: map[globPlace]bool{}}
	return g.from("/", pattern)
}

// globWalk is one search. Each place is visited once, so that it takes no more
// time than the pattern is long, times the directories that are known.
type globWalk struct {
	env       *Environment
	dir, base string
	been      map[globPlace]bool
}

// globPlace is a resolved directory and how much of the pattern is left there.
type globPlace struct {
	at   string
	left int
}

func (g *globWalk) from(at, pattern string) bool {
	pattern = strings.TrimLeft(pattern, "/")
	place := globPlace{at, len(pattern)}
	if g.been[place] {
		return false
	}
	g.been[place] = true
	part, rest, more := strings.Cut(pattern, "/")
	if !more {
		return at == g.dir && posix.Match(part, g.base, posix.Pathname|posix.Period)
	}
	last := strings.Trim(rest, "/") == ""
	step := func(name string) bool {
		next := g.env.canonicalDir(at + "/" + name)
		if last {
			return next == g.dir
		}
		return g.from(next, rest)
	}
	if !posix.HasMeta(part) {
		return step(part)
	}
	// The next directory towards the file.
	if below, ok := strings.CutPrefix(g.dir, strings.TrimSuffix(at, "/")+"/"); ok && below != "" {
		name, _, _ := strings.Cut(below, "/")
		if posix.Match(part, name, posix.Pathname|posix.Period) && step(name) {
			return true
		}
	}
	for link := range g.env.Links {
		parent, name := split(link)
		if parent == at && posix.Match(part, name, posix.Pathname|posix.Period) && step(name) {
			return true
		}
	}
	return false
}
