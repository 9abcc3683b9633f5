package policy

import (
	"slices"
	"strings"

	"github.com/pvesec/terraform-provider-pvesec/internal/sudoers"
)

// rootOf is the directory below which sudo looks for the command of a rule, "" for the root of the node
// (match_command.c, command_matches): CHROOT, or the option runchroot. "*" leaves the choice to the caller, and is a
// directory of that name where he makes none.
func (m *matcher) rootOf(e *sudoers.Effective) string {
	if e.Chroot == "" && m.runchroot != "*" {
		return m.runchroot
	}
	return e.Chroot
}

// straying tells whether a rule is compared with what sudo found below the root of another. For a rule with CHROOT sudo
// looks the command up anew, and does not put the resolved directory back for the rules before it (match_command.c,
// command_matches of 1.9.14 and later): on Debian 13 "ALL, !^/usr/bin/bash$, CHROOT=/nowhere /usr/bin/id" lets
// /bin/bash through.
func (m *matcher) straying(c *sudoers.Command) bool {
	return m.resolves() && (c.Kind == sudoers.CommandPath || c.Kind == sudoers.CommandRegex)
}

// strayedPath corrects what the directories of the node say of a rule that strays. Where sudo has found nothing below
// the other root it knows no directory of the command any more, and compares files of the same name as it did until
// 1.9.13: also through links (match_command.c).
func (m *matcher) strayedPath(c *sudoers.Command, patterns *commandPattern, path string, here match) match {
	if here == no && !slices.ContainsFunc(m.env.linked(path), func(other string) bool { return m.pathOf(c, patterns, other) != no }) {
		return no
	}
	return maybe
}

// condition says on what it depends whether a command matches that is looked at below a root, or with "" in another
// locale. It names the command: of two that differ one may match and the other not.
func (m *matcher) condition(root string, c *sudoers.Command) string {
	text := textOf(c)
	switch {
	case root == "" && m.strayed:
		return strayedCondition(text)
	case root == "" && m.locale == "":
		return text + " matches, which cannot be decided"
	case root == "":
		return text + " means the same in the locale " + m.locale + " as in C"
	case root == "*":
		return "below the directory that the caller chooses with -R, " + text + " is what it is on the node"
	}
	return "below " + root + " (CHROOT), " + text + " is what it is on the node"
}

// textOf is a command with its arguments as sudo compares them.
func textOf(c *sudoers.Command) string {
	if !c.HasArgs {
		return c.Name
	}
	return c.Name + " " + c.Args
}

func strayedCondition(text string) string {
	return "sudo compares " + text + " with the file on the node, though it has looked for the command below another root (CHROOT) before"
}

// mayBeBelow reports whether a path may name a command whose file sudo looks for below another root. The links there
// are unknown, but sudo compares base names.
func mayBeBelow(c *sudoers.Command, path string) bool {
	if !strings.HasPrefix(path, "/") || c.Kind == sudoers.CommandPseudo {
		return false
	}
	base, literal := literalBase(c)
	_, have := split(path)
	return !literal || base == have
}

// locale is the locale of expressions and patterns, "" for the bytes of C. Until a file sets sudoers_locale it is C.
func (s Settings) locale() string {
	switch locale := s["sudoers_locale"]; locale {
	case "C", "POSIX", on, off:
		return ""
	default:
		return locale
	}
}

// readPath corrects what bytes say about a path by what another locale may.
func (m *matcher) readPath(c *sudoers.Command, path string, bytes match) match {
	if !strings.HasPrefix(path, "/") {
		return bytes
	}
	switch {
	case c.Kind == sudoers.CommandRegex:
		return readIn(m.locale, c.Name, true, path, bytes)
	case c.Kind == sudoers.CommandPath && sudoers.HasMeta(c.Name):
		return readIn(m.locale, c.Name, false, path, bytes)
	}
	return bytes
}

// readArgs corrects what bytes say about arguments by what another locale may.
func (m *matcher) readArgs(c *sudoers.Command, line *commandLine, bytes match) match {
	if !c.HasArgs || c.Args == `""` {
		return bytes
	}
	return readIn(m.locale, c.Args, isRegex(c.Args), line.args, bytes)
}

func readIn(locale, pattern string, expression bool, text string, bytes match) match {
	if r := readingOf(locale, pattern, expression); r.always || r.beyondASCII && !isASCII(text) {
		return maybe
	}
	return bytes
}

// mayReadOtherwise tells whether some command line matches in a locale and not by its bytes, or the other way.
func mayReadOtherwise(c *sudoers.Command, locale string) bool {
	differs := func(pattern string, expression bool) bool {
		r := readingOf(locale, pattern, expression)
		return r.always || r.beyondASCII
	}
	return c.Kind == sudoers.CommandRegex && differs(c.Name, true) || c.Kind == sudoers.CommandPath && sudoers.HasMeta(c.Name) && differs(c.Name, false) ||
		c.HasArgs && c.Args != `""` && differs(c.Args, isRegex(c.Args))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// reading tells for which texts a pattern may mean something else in a locale than it does for bytes.
type reading struct {
	beyondASCII bool // those with a byte above 127: "." is a character, and a byte that is part of none is matched by nothing
	always      bool // all: the locale has an order or a case of letters of its own, or another encoding
}

// readingOf looks for the operators whose meaning a locale has a say in. In one with UTF-8 a character of ASCII is
// itself, whatever stands beside it.
func readingOf(locale, pattern string, expression bool) reading {
	name, rest, _ := strings.Cut(locale, ".")
	encoding, _, _ := strings.Cut(rest, "@")
	if !strings.EqualFold(strings.ReplaceAll(encoding, "-", ""), "utf8") {
		return reading{beyondASCII: true, always: true}
	}
	r := reading{beyondASCII: !isASCII(pattern)}
	ordered := name != "C" // C.UTF-8 has the order of code points
	if strings.Contains(pattern, "(?i)") && expression {
		r.beyondASCII = true
		r.always = ordered
	}
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\':
			i++
			// \w and its like know letters; \< and \b look at them.
			r.beyondASCII = r.beyondASCII || expression && i < len(pattern) && strings.IndexByte("wWsSbB<>", pattern[i]) >= 0
		case c == '.' && expression, c == '?' && !expression:
			r.beyondASCII = true
		case c == '[':
			end := bracketEnd(pattern, i)
			inside := pattern[i+1 : end]
			if strings.HasPrefix(inside, "^") || strings.HasPrefix(inside, "!") || strings.Contains(inside, "[") {
				r.beyondASCII = true
			}
			if strings.Contains(strings.Trim(inside, "^!-"), "-") || strings.Contains(inside, "[.") || strings.Contains(inside, "[=") {
				r.always = r.always || ordered
			}
			i = end
		}
	}
	return r
}

// bracketEnd is the place of the ']' that ends a bracket, or the end of the pattern.
func bracketEnd(pattern string, start int) int {
	i := start + 1
	if i < len(pattern) && (pattern[i] == '^' || pattern[i] == '!') {
		i++
	}
	if i < len(pattern) && pattern[i] == ']' {
		i++
	}
	for ; i < len(pattern); i++ {
		switch {
		case pattern[i] == ']':
			return i
		case pattern[i] == '[' && i+1 < len(pattern) && strings.IndexByte(":.=", pattern[i+1]) >= 0:
			if skip := strings.Index(pattern[i+2:], pattern[i+1:i+2]+"]"); skip >= 0 {
				i += 2 + skip + 1
			}
		}
	}
	return len(pattern)
}
