package sudoers

import "strings"

// The functions of this file measure one pattern of the scanner each: they give
// the length of the longest match at the start of s, 0 for none. The patterns
// are those named at the head of sudo's toke.l.

const (
	wordStop = 1 << iota // ends a WORD unless escaped
	pathStop             // ends a PATH
	argStop              // ends a run of argument characters
	envStop              // ends a Defaults value
	pathEsc              // may follow a backslash in a PATH, which is then removed
	argEsc               // may follow a backslash in arguments, which is then removed
	globEsc              // may follow a backslash in arguments, which stays
)

var class = buildClasses()

func buildClasses() (c [256]uint8) {
	for _, set := range [...]struct {
		of  string
		bit uint8
	}{
		{"#>!=:,() \t\r\n\\\"", wordStop},
		{",:=\\ \t\r\n#", pathStop},
		{"#\\:, \t\r\n", argStop},
		{"#=, \t\r\n\\\"", envStop},
		{",:= \t#", pathEsc},
		{":\\,= \t#", argEsc},
		{"*?[]!^", globEsc},
	} {
		for i := range len(set.of) {
			c[set.of[i]] |= set.bit
		}
	}
	return c
}

func is(c byte, set uint8) bool { return class[c]&set != 0 }

func isBlank(c byte) bool  { return c == ' ' || c == '\t' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isUpper(c byte) bool  { return c >= 'A' && c <= 'Z' }
func isLetter(c byte) bool { return isUpper(c) || c >= 'a' && c <= 'z' }
func isHex(c byte) bool {
	return isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// isSpace is C's isspace in the C locale.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func spaces(s string) int {
	n := 0
	for n < len(s) && isBlank(s[n]) {
		n++
	}
	return n
}

// newline is a line end, \n or \r\n.
func newline(s string) int {
	switch {
	case strings.HasPrefix(s, "\n"):
		return 1
	case strings.HasPrefix(s, "\r\n"):
		return 2
	}
	return 0
}

// continuation is a backslash, spaces and a line end.
func continuation(s string) int {
	if s == "" || s[0] != '\\' {
		return 0
	}
	n := 1 + spaces(s[1:])
	if nl := newline(s[n:]); nl > 0 {
		return n + nl
	}
	return 0
}

// word is a user, host or group name.
func word(s string) int {
	n := 0
	for n < len(s) {
		switch {
		case !is(s[n], wordStop):
			n++
		case s[n] == '\\' && n+1 < len(s) && s[n+1] != '\t' && s[n+1] != '\n':
			n += 2
		default:
			return n
		}
	}
	return n
}

// id is a numeric user or group id: #0, #-1.
func id(s string) int {
	n := 1
	if len(s) < 2 || s[0] != '#' {
		return 0
	}
	if s[n] == '-' {
		n++
	}
	digits := n
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == digits {
		return 0
	}
	return n
}

// path is an absolute path. A lone slash is none.
func path(s string) int {
	if s == "" || s[0] != '/' {
		return 0
	}
	n := 1
	for n < len(s) {
		switch {
		case !is(s[n], pathStop):
			n++
			continue
		case s[n] == '\\' && n+1 < len(s) && is(s[n+1], pathEsc):
			n += 2
			continue
		}
		break
	}
	if n == 1 {
		return 0
	}
	return n
}

// regex is a command as regular expression, ^...$. A '#' or '$' inside needs a
// backslash; a '$' behind a backslash may also end it if nothing better comes.
func regex(s string) int {
	if s == "" || s[0] != '^' {
		return 0
	}
	last := 0
	for n := 1; n < len(s); n++ {
		escaped := s[n-1] == '\\'
		switch s[n] {
		case '\r', '\n':
			return last
		case '#':
			if !escaped {
				return last
			}
		case '$':
			last = n + 1
			if !escaped {
				return last
			}
		}
	}
	return last
}

// aliasName is an alias or keyword: A-Z, then A-Z 0-9 _.
func aliasName(s string) int {
	if s == "" || !isUpper(s[0]) {
		return 0
	}
	n := 1
	for n < len(s) && (isUpper(s[n]) || isDigit(s[n]) || s[n] == '_') {
		n++
	}
	return n
}

// defVar is the name of a Defaults option.
func defVar(s string) int {
	n := 0
	for n < len(s) && (s[n] >= 'a' && s[n] <= 'z' || s[n] == '_') {
		n++
	}
	return n
}

// envValue is an unquoted Defaults value.
func envValue(s string) int {
	n := 0
	for n < len(s) {
		switch {
		case n == 0 && s[n] == '!':
			return 0
		case !is(s[n], envStop):
			n++
		case s[n] == '\\' && n+1 < len(s) && s[n+1] != '\r' && s[n+1] != '\n':
			n += 2
		default:
			return n
		}
	}
	return n
}

// includeName is the unquoted name behind @include.
func includeName(s string) int {
	n := 0
	for n < len(s) {
		switch {
		case n == 0 && s[n] == '"':
			return 0
		case !isSpace(s[n]):
			n++
		case n > 0 && isBlank(s[n]) && s[n-1] == '\\':
			n++
		default:
			return n
		}
	}
	return n
}

// hexDigest and base64Digest are checksums.
func hexDigest(s string) int {
	n := 0
	for n < len(s) && isHex(s[n]) {
		n++
	}
	return n
}

func base64Digest(s string) int {
	n := 0
	for n < len(s) {
		c := s[n]
		if !isDigit(c) && !isUpper(c) && (c < 'a' || c > 'z') && c != '+' && c != '/' && c != '=' {
			break
		}
		n++
	}
	return n
}

// octet is one number of an IPv4 address: at most three digits, up to 255, and
// three digits only if they begin with 1 or 2. It gives the longest match.
func octet(s string) int {
	n := 0
	for n < len(s) && n < 3 && isDigit(s[n]) {
		n++
	}
	if n == 3 && s[0] != '1' && (s[0] != '2' || s[:3] > "255") {
		n = 2
	}
	return n
}

// ipv4 is a dotted quad.
func ipv4(s string) int {
	n := 0
	for i := range 4 {
		if i > 0 {
			if n >= len(s) || s[n] != '.' {
				return 0
			}
			n++
		}
		o := octet(s[n:])
		if o == 0 {
			return 0
		}
		n += o
	}
	return n
}

// ipv6 is a loose IPv6 address: two to seven groups of at most four digits with
// a colon each, then a last group; or groups, a colon and a dotted quad.
func ipv6(s string) int {
	n, longest := 0, 0
	for groups := 0; ; {
		h := 0
		for h < 4 && n+h < len(s) && isHex(s[n+h]) {
			h++
		}
		if groups >= 2 {
			longest = max(longest, n+h)
			if groups <= 6 && n < len(s) && s[n] == ':' {
				if v4 := ipv4(s[n+1:]); v4 > 0 {
					longest = max(longest, n+1+v4)
				}
			}
		}
		if groups == 7 || n+h >= len(s) || s[n+h] != ':' {
			return longest
		}
		n += h + 1
		groups++
	}
}

// address is an address or a network of either family. The second result is
// false for an IPv6 address with more than one "::".
func address(s string) (int, bool) {
	if n := ipv4(s); n > 0 {
		if n < len(s) && s[n] == '/' {
			if mask := max(ipv4(s[n+1:]), prefixLength(s[n+1:], 32)); mask > 0 {
				n += 1 + mask
			}
		}
		// A dotted quad is no IPv6 address: no group of it ends in a colon, unless
		// hexadecimal digits and a colon come first, and then ipv4 fails.
		return n, true
	}
	n := ipv6(s)
	if n == 0 {
		return 0, true
	}
	if n < len(s) && s[n] == '/' {
		if mask := max(ipv6(s[n+1:]), prefixLength(s[n+1:], 128)); mask > 0 {
			return n + 1 + mask, oneGap(s[:n]) && oneGap(s[n+1:n+1+mask])
		}
	}
	return n, oneGap(s[:n])
}

func oneGap(s string) bool { return !hasTwoGaps(s) }

// hasTwoGaps counts "::" at every offset, so that ":::" is two.
func hasTwoGaps(s string) bool {
	gaps := 0
	for i := 0; i+1 < len(s); i++ {
		if s[i] == ':' && s[i+1] == ':' {
			gaps++
		}
	}
	return gaps > 1
}

// prefixLength is a number up to limit without needless zeros (IPv4 allows one).
func prefixLength(s string, limit int) int {
	n, v := 0, 0
	for n < len(s) && n < 3 && isDigit(s[n]) {
		next := v*10 + int(s[n]-'0')
		if next > limit || n > 0 && s[0] == '0' && limit == 128 || n == 2 && limit == 32 {
			break
		}
		v = next
		n++
	}
	return n
}

// unescape removes the escapes of a word (toke_util.c, copy_string): \xHH is a
// byte, \c is c. What follows a NUL byte is lost, as it is in C.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\\' && i+1 < len(s) {
			if s[i+1] == 'x' && i+3 < len(s) && isHex(s[i+2]) && isHex(s[i+3]) {
				c = hexValue(s[i+2])<<4 | hexValue(s[i+3])
				i += 3
			} else {
				i++
				c = s[i]
			}
		}
		b.WriteByte(c)
	}
	out := b.String()
	if i := strings.IndexByte(out, 0); i >= 0 {
		return out[:i]
	}
	return out
}

func hexValue(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	default:
		return c - 'A' + 10
	}
}
