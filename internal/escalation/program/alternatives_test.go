package program

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// TestAlternativesHaveTargets: a link that update-alternatives makes leads, on each release that has it, to a program
// that a package of that release ships, and the link is described. A target by its path lies outside of the directories
// of programs, whose files nobody lists.
func TestAlternativesHaveTargets(t *testing.T) {
	t.Parallel()
	shipped := map[string][]string{} // releases by name of the program, and by name of the package
	for command, s := range names() {
		if slices.Contains(s.Packages, "alternative") {
			continue
		}
		shipped[path.Base(command)] = append(shipped[path.Base(command)], s.Releases...)
		for _, p := range s.Packages {
			shipped[p] = append(shipped[p], s.Releases...)
		}
	}
	links := 0
	for command, s := range names() {
		if !slices.Contains(s.Packages, "alternative") {
			continue
		}
		links++
		for _, release := range s.Releases {
			if !slices.ContainsFunc(strings.Split(s.Note, ", "), func(target string) bool {
				return strings.HasPrefix(target, "/") || slices.Contains(shipped[target], release)
			}) {
				t.Errorf("%s: no package of Debian %s ships %s", command, release, s.Note)
			}
		}
		if Find(command) == nil {
			t.Errorf("%s is not described", command)
		}
	}
	if links < 100 {
		t.Errorf("only %d links", links)
	}
}
