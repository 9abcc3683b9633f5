package regular

import "strings"

const (
	// bracketLost is the end of a bracket expression that matches nothing, nor does the pattern.
	bracketLost = -1
	// bracketOpen is the end of one that is not closed: its '[' is an ordinary character.
	bracketOpen = -2
)

// matchBracket tells whether the bracket expression whose first byte behind '[' is at i matches a byte, and where it ends for
// that byte. Without a match the end is that of the expression, bracketLost or bracketOpen.
func matchBracket(pattern string, i int, b byte) (end int, matches bool) {
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	for {
		in, next := matchBracketElement(pattern, i, b)
		if next < 0 {
			return next, false
		}
		if in {
			end = skipBracket(pattern, next)
			return end, !negated && end >= 0
		}
		i = next
		if i < len(pattern) && pattern[i] == ']' {
			return i + 1, negated
		}
	}
}

// matchBracketElement reads the element of a bracket expression at i: whether it has b, and what comes next, which is
// bracketLost or bracketOpen where the expression ends there.
func matchBracketElement(p string, i int, b byte) (in bool, next int) {
	if i >= len(p) {
		return false, bracketOpen
	}
	if name, after, ok := className(p, i); ok {
		class, known := characterClasses[name]
		if !known {
			return false, bracketLost
		}
		return class.has(b), after
	}
	if strings.HasPrefix(p[i:], "[=") && i+4 < len(p) && p[i+3] == '=' && p[i+4] == ']' {
		return p[i+2] == b, i + 5
	}
	from, i, ok := rangeEnd(p, i)
	if !ok {
		return false, bracketLost
	}
	if i >= len(p) || p[i] != '-' || i+1 < len(p) && p[i+1] == ']' {
		return from == b, i
	}
	if i+1 >= len(p) && from == b {
		return true, i
	}
	to, i, ok := rangeEnd(p, i+1)
	if !ok {
		return false, bracketLost
	}
	return from <= b && b <= to, i
}

// className reads [:name:] at i. fnmatch takes a name with other than the letters a to y for ordinary characters.
func className(p string, i int) (name string, after int, ok bool) {
	if !strings.HasPrefix(p[i:], "[:") {
		return "", 0, false
	}
	for j := i + 2; j < len(p); j++ {
		if p[j] == ':' && j+1 < len(p) && p[j+1] == ']' {
			return p[i+2 : j], j + 2, true
		}
		if p[j] < 'a' || p[j] >= 'z' {
			break
		}
	}
	return "", 0, false
}

// rangeEnd reads one character: plain, escaped or [.c.], of which the C locale knows single characters only.
func rangeEnd(p string, i int) (c byte, next int, ok bool) {
	switch {
	case i >= len(p):
		return 0, 0, false
	case p[i] == '\\':
		if i+1 >= len(p) {
			return 0, 0, false
		}
		return p[i+1], i + 2, true
	case strings.HasPrefix(p[i:], "[."):
		name := strings.Index(p[i+2:], ".]")
		if name != 1 {
			return 0, 0, false
		}
		return p[i+2], i + 5, true
	}
	return p[i], i + 1, true
}

// skipBracket finds the end of a bracket expression that has matched already. What is left is read less closely: names of
// classes need not exist.
func skipBracket(p string, i int) int {
	for i < len(p) && p[i] != ']' {
		_, after, isClass := className(p, i)
		switch {
		case p[i] == '\\':
			if i+1 >= len(p) {
				return bracketLost
			}
			i += 2
		case isClass:
			i = after
		case strings.HasPrefix(p[i:], "[="):
			if i+4 >= len(p) || p[i+3] != '=' || p[i+4] != ']' {
				return bracketLost
			}
			i += 5
		case strings.HasPrefix(p[i:], "[."):
			end := strings.Index(p[i+2:], ".]")
			if end < 0 {
				return bracketLost
			}
			i += 2 + end + 2
		default:
			i++
		}
	}
	if i >= len(p) {
		return bracketOpen
	}
	return i + 1
}
