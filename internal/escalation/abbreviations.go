package escalation

import (
	"regexp"
	"strings"
)

// longOption is a long option in a pattern, written as a literal.
var longOption = regexp.MustCompile(`--[a-z][a-z0-9]*(-[a-z0-9]+)*`)

// abbreviate takes in the prefixes of long options in a pattern. getopt_long(3) takes any that is unambiguous; which those are only the tool knows, so
// that from three letters on every one counts. Of an option of several words the first stays whole with a letter of the next: --exclude is no --exclude-from.
func abbreviate(pattern string) string {
	var b strings.Builder
	at := 0
	for _, found := range longOption.FindAllStringIndex(pattern, -1) {
		start, end := found[0], found[1]
		b.WriteString(pattern[at:start])
		at = end
		if open := start > 0 && strings.ContainsRune("-[", rune(pattern[start-1])); open || end < len(pattern) && strings.ContainsRune("[(?*+{-", rune(pattern[end])) {
			b.WriteString(pattern[start:end]) // the name goes on in the pattern
			continue
		}
		name := pattern[start+2 : end]
		least := min(3, len(name))
		if first := strings.IndexByte(name, '-'); first >= 0 {
			least = first + 2
		}
		b.WriteString("--" + prefixes(name[:least]+"|"+name[least:], false))
	}
	b.WriteString(pattern[at:])
	return b.String()
}
