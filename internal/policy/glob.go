package policy

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers/posix"
)

// globReaches tells whether glob(3) finds a file, or with a slash at the end of the
// pattern its directory, when it walks a pattern from the resolved directory at. Of
// the directories on the way only those of the file and the links of the environment
// are known; a pattern that must pass another one and come back by ".." is not found.
func (e *Environment) globReaches(at, pattern, dir, base string) bool {
	pattern = strings.TrimLeft(pattern, "/")
	part, rest, more := strings.Cut(pattern, "/")
	if !more {
		return at == dir && posix.Match(part, base, posix.Pathname|posix.Period)
	}
	last := strings.Trim(rest, "/") == ""
	step := func(name string) bool {
		next := e.canonicalDir(at + "/" + name)
		if last {
			return next == dir
		}
		return e.globReaches(next, rest, dir, base)
	}
	if !posix.HasMeta(part) {
		return step(part)
	}
	// The next directory towards the file.
	if below, ok := strings.CutPrefix(dir, strings.TrimSuffix(at, "/")+"/"); ok && below != "" {
		name, _, _ := strings.Cut(below, "/")
		if posix.Match(part, name, posix.Pathname|posix.Period) && step(name) {
			return true
		}
	}
	for link := range e.Links {
		parent, name := split(link)
		if parent == at && posix.Match(part, name, posix.Pathname|posix.Period) && step(name) {
			return true
		}
	}
	return false
}
