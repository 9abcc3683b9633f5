package regular

import "strings"

const (
	// bracketLost is the end of a bracket expression that matches nothing, nor does the pattern.
	bracketLost = -1
	// bracketOpen is the end of one that is not closed: its '[' is an ordinary character.
	bracketOpen = -2
)

// globBracket is a bracket expression while it is matched with a byte.
type globBracket struct {
	pattern string
	b       byte
	fold    bool // whether case is ignored: in classes, [=c=] and [.c.] it is not, but at the other end of a range that [.c.] bounds
}

// match reports whether the bracket expression whose first byte behind '[' is at i matches the byte, and where it ends
// for that byte. Without a match it returns the end of the expression, bracketLost or bracketOpen.
func (m globBracket) match(i int) (end int, matches bool) {
	pattern := m.pattern
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	for {
		in, next := m.element(i)
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

// element reads the element of a bracket expression at i: whether it has the byte, and what comes next, which is
// bracketLost or bracketOpen where the expression ends there.
func (m globBracket) element(i int) (in bool, next int) {
	p := m.pattern
	if i >= len(p) {
		return false, bracketOpen
	}
	if name, after, ok := className(p, i); ok {
		class, known := characterClasses[name]
		if !known {
			return false, bracketLost
		}
		return class.has(m.b), after
	}
	if strings.HasPrefix(p[i:], "[=") && i+4 < len(p) && p[i+3] == '=' && p[i+4] == ']' {
		return p[i+2] == m.b, i + 5
	}
	from, after, ok := m.rangeEnd(i)
	if !ok {
		return false, bracketLost
	}
	b := m.lower(m.b)
	single := b
	if strings.HasPrefix(p[i:], "[.") {
		single = m.b
	}
	i = after
	if i >= len(p) || p[i] != '-' || i+1 < len(p) && p[i+1] == ']' {
		return from == single, i
	}
	if i+1 >= len(p) && from == single {
		return true, i
	}
	to, i, ok := m.rangeEnd(i + 1)
	if !ok {
		return false, bracketLost
	}
	return from <= b && b <= to, i
}

// lower is a byte as it is compared.
func (m globBracket) lower(c byte) byte {
	if m.fold && c >= 'A' && c <= 'Z' {
		return c - 'A' + 'a'
	}
	return c
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
func (m globBracket) rangeEnd(i int) (c byte, next int, ok bool) {
	p := m.pattern
	switch {
	case i >= len(p):
		return 0, 0, false
	case p[i] == '\\':
		if i+1 >= len(p) {
			return 0, 0, false
		}
		return m.lower(p[i+1]), i + 2, true
	case strings.HasPrefix(p[i:], "[."):
		name := strings.Index(p[i+2:], ".]")
		if name != 1 {
			return 0, 0, false
		}
		return p[i+2], i + 5, true
	}
	return m.lower(p[i]), i + 1, true
}

// skipBracket finds the end of a bracket expression that has matched already. What is left is read less closely: names
// of classes need not exist.
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

// OpenBracket finds a '[' that stands for itself since no ']' closes it, -1 if there is none.
func (g Glob) OpenBracket() int {
	for i := 0; i < len(g.Pattern); {
		switch g.Pattern[i] {
		case '\\':
			i += 2
		case '[':
			end, _ := globBracket{pattern: g.Pattern, b: 1}.match(i + 1)
			if end == bracketOpen {
				return i
			}
			if end < 0 {
				return -1
			}
			i = end
		default:
			i++
		}
	}
	return -1
}
