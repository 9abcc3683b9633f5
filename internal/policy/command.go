package policy

import (
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// commandLine is a command as sudo compares it: the path, and the arguments
// joined by single spaces, by which their boundaries are lost.
type commandLine struct {
	path    string
	args    string
	hasArgs bool
}

// commandMatches tells whether one command pattern matches (match_command.c, command_matches). A digest is taken to be
// right: the file is not read.
//
// Where sudo looks below another root, reads texts in another locale than C, or has a pattern that nobody here can
// decide, the answer may be maybe.
func (m *matcher) commandMatches(c *sudoers.Command, patterns *commandPattern, line *commandLine, root string) match {
	path := m.pathOf(c, patterns, line.path)
	if root == "" && m.strayed && m.straying(c) {
		path = m.strayedPath(c, patterns, line.path, path)
	}
	args := no
	if path != no || m.locale != "" || root != "" {
		args = argsMatch(c, patterns, line)
	}
	if m.locale != "" {
		path, args = m.readPath(c, line.path, path), m.readArgs(c, line, args)
	}
	if root != "" && (path != no || mayBeBelow(c, line.path)) {
		path = maybe
	}
	return min(path, args)
}

// patternsOf prepares the patterns of a command once for all that the matcher is asked.
func (m *matcher) patternsOf(c *sudoers.Command) *commandPattern {
	patterns, known := m.patterns[c]
	if !known {
		patterns = patternsOf(c)
		m.patterns[c] = patterns
	}
	return patterns
}

// pathOf tells whether the command of a pattern matches, whatever its arguments.
func (m *matcher) pathOf(c *sudoers.Command, patterns *commandPattern, path string) match {
	switch {
	case c.Kind == sudoers.CommandAll:
		return yes
	case c.Kind == sudoers.CommandRegex:
		return m.pathMatchesTyped(patterns.path, path)
	case c.Kind == sudoers.CommandPseudo:
		return matched(path == c.Name)
	case !strings.HasPrefix(path, "/"):
		return no
	case patterns != nil && patterns.through, patterns == nil && throughProcess(c.Name), m.env.detour(c.Name), m.env.detour(path):
		_, base := split(path)
		_, named := split(c.Name)
		if named == "" || named == base || sudoers.HasMeta(named) {
			return maybe
		}
		return no
	case sudoers.HasMeta(c.Name):
		return m.pathMatchesGlob(patterns, path)
	}
	return matched(m.pathMatches(c.Name, path))
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
func (m *matcher) pathMatchesGlob(patterns *commandPattern, path string) match {
	if m.fastGlob {
		return m.pathMatchesTyped(patterns.path, path)
	}
	if !m.env.exists(path) {
		return no
	}
	found := no
	_, base := split(path)
	for _, dir := range m.env.places(path) {
		found = max(found, m.env.globReaches(patterns.parts, dir, base))
	}
	return found
}

// pathMatchesTyped matches the path as given, then (since 1.9.14) with its
// directory resolved.
func (m *matcher) pathMatchesTyped(pattern *textPattern, path string) match {
	if !strings.HasPrefix(path, "/") || !m.env.exists(path) {
		return no
	}
	matches := pattern.matches(path)
	switch {
	case matches == yes || !m.resolves():
	case m.env.detour(path):
		matches = maybe
	default:
		matches = max(matches, pattern.matches(m.env.Canonical(path)))
	}
	return matches
}

// resolves tells whether sudo tries patterns on the resolved directory too.
func (m *matcher) resolves() bool {
	return m.env.Version.AtLeast(sudoers.Version{Major: 1, Minor: 9, Patch: 14})
}

// argsMatch matches the arguments (match_command.c, command_args_match).
func argsMatch(c *sudoers.Command, patterns *commandPattern, line *commandLine) match {
	switch {
	case !c.HasArgs:
		return yes
	case c.Args == `""`:
		return matched(!line.hasArgs)
	}
	return patterns.args.matches(line.args)
}

func isRegex(args string) bool { return args[0] == '^' && args[len(args)-1] == '$' }
