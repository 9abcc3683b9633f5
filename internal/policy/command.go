package policy

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers/posix"
)

// commandLine is a command as sudo compares it: the path, and the arguments
// joined by single spaces, by which their boundaries are lost.
type commandLine struct {
	path    string
	args    string
	hasArgs bool
}

// commandMatches tells whether one command pattern matches (match_command.c,
// command_matches). A digest is taken to be right: the file is not read.
//
// Where sudo looks below another root, or reads texts in another locale than C, the answer may be maybe.
func (m *matcher) commandMatches(c *sudoers.Command, line *commandLine, root string) match {
	path, args := matched(m.pathOf(c, line.path)), matched(argsMatch(c, line))
	if m.locale != "" {
		path, args = m.readPath(c, line.path, path), m.readArgs(c, line, args)
	}
	if root != "" && (path != no || mayBeBelow(c, line.path)) {
		path = maybe
	}
	return min(path, args)
}

// pathOf tells whether the command of a pattern matches, whatever its arguments.
func (m *matcher) pathOf(c *sudoers.Command, path string) bool {
	switch {
	case c.Kind == sudoers.CommandAll:
		return true
	case c.Kind == sudoers.CommandRegex:
		return m.pathMatchesRegex(c.Name, path)
	case c.Kind == sudoers.CommandPseudo:
		return path == c.Name
	case !strings.HasPrefix(path, "/"):
		return false
	case posix.HasMeta(c.Name):
		return m.pathMatchesGlob(c.Name, path)
	}
	return m.pathMatches(c.Name, path)
}

// pathMatches compares a path without wildcards, or a directory that stands for
// all files directly in it.
func (m *matcher) pathMatches(spec, path string) bool {
	if dir, ok := strings.CutSuffix(spec, "/"); ok {
		have, base := split(path)
		return base != "" && m.env.exists(path) &&
			(m.env.canonicalDir(dir) == m.env.canonicalDir(have) || m.env.exists(spec+base) && m.env.same(spec+base, path))
	}
	if !m.env.exists(spec) || !m.env.exists(path) {
		return spec == path
	}
	return m.env.same(spec, path)
}

// pathMatchesGlob matches a pattern, by default against the files that exist
// (glob(3)), with fast_glob against the path alone.
func (m *matcher) pathMatchesGlob(spec, path string) bool {
	if !m.env.exists(path) {
		return false
	}
	if m.fastGlob {
		return posix.Match(spec, path, posix.Pathname) || m.resolves() && posix.Match(spec, m.env.Canonical(path), posix.Pathname)
	}
	_, base := split(path)
	for _, dir := range m.env.places(path) {
		if m.env.globReaches(spec, dir, base) {
			return true
		}
	}
	return false
}

// pathMatchesRegex matches the path as given, then (since 1.9.14) with its
// directory resolved.
func (m *matcher) pathMatchesRegex(spec, path string) bool {
	if !strings.HasPrefix(path, "/") || !m.env.exists(path) {
		return false
	}
	return posix.MatchERE(spec, path) || m.resolves() && posix.MatchERE(spec, m.env.Canonical(path))
}

// resolves tells whether sudo tries patterns on the resolved directory too.
func (m *matcher) resolves() bool {
	return m.env.Version.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 14})
}

// argsMatch matches the arguments (match_command.c, command_args_match).
func argsMatch(c *sudoers.Command, line *commandLine) bool {
	switch {
	case !c.HasArgs:
		return true
	case c.Args == `""`:
		return !line.hasArgs
	case isRegex(c.Args):
		return posix.MatchERE(c.Args, line.args)
	case c.Name == "sudoedit":
		return posix.Match(c.Args, line.args, posix.Pathname)
	}
	return posix.Match(c.Args, line.args, 0)
}

func isRegex(args string) bool { return args[0] == '^' && args[len(args)-1] == '$' }
