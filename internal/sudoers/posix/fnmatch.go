package posix

// Flags are the flags of fnmatch(3) that sudo uses.
type Flags uint8

const (
	// Pathname keeps wildcards from matching a slash.
	Pathname Flags = 1 << iota
	// Period keeps wildcards from matching a dot at the start of a name.
	Period
	// Casefold ignores the case of ASCII letters.
	Casefold
)

// Match tells whether a shell pattern matches a string, as glibc's fnmatch(3)
// does in the C locale: bytes, byte-order ranges, ASCII classes. The time is at
// most the product of both lengths.
func Match(pattern, s string, flags Flags) bool {
	p, i := 0, 0
	starP, starI := -1, 0 // where to take up again behind the last '*'
	for {
		if p == len(pattern) && i == len(s) {
			return true
		}
		if p < len(pattern) && pattern[p] == '*' {
			if hiddenDot(s, i, flags) {
				return false
			}
			for p < len(pattern) && pattern[p] == '*' {
				p++
			}
			starP, starI = p, i
			continue
		}
		if p < len(pattern) {
			if n, ok := matchOne(pattern[p:], s, i, flags); ok {
				p += n
				i++
				continue
			}
		}
		// Let the last '*' take one byte more.
		if starP < 0 || starI >= len(s) || s[starI] == '/' && flags&Pathname != 0 {
			return false
		}
		starI++
		p, i = starP, starI
	}
}

// hiddenDot tells whether a dot at i must be written out.
func hiddenDot(s string, i int, flags Flags) bool {
	if flags&Period == 0 || i >= len(s) || s[i] != '.' {
		return false
	}
	return i == 0 || s[i-1] == '/' && flags&Pathname != 0
}

// matchOne matches one element of a pattern, not '*', against one byte. It gives
// the length of the element.
func matchOne(pattern, s string, i int, flags Flags) (int, bool) {
	if i >= len(s) {
		return 0, false
	}
	c := s[i]
	switch pattern[0] {
	case '?':
		return 1, !(c == '/' && flags&Pathname != 0) && !hiddenDot(s, i, flags)
	case '[':
		set, n := parseSet(pattern, flags&Pathname != 0)
		if n == 0 {
			return 1, c == '['
		}
		if c == '/' && flags&Pathname != 0 || hiddenDot(s, i, flags) {
			return n, false
		}
		return n, set.has(c, flags&Casefold != 0)
	case '\\':
		if len(pattern) < 2 {
			return 0, false
		}
		return 2, sameByte(pattern[1], c, flags)
	}
	return 1, sameByte(pattern[0], c, flags)
}

func sameByte(a, b byte, flags Flags) bool {
	if flags&Casefold != 0 {
		return lowerByte(a) == lowerByte(b)
	}
	return a == b
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// byteSet is a set of bytes.
type byteSet [4]uint64

func (b *byteSet) add(c byte) { b[c>>6] |= 1 << (c & 63) }

func (b *byteSet) addRange(from, to byte) {
	for c := int(from); c <= int(to); c++ {
		b.add(byte(c))
	}
}

func (b *byteSet) contains(c byte) bool { return b[c>>6]&(1<<(c&63)) != 0 }

func (b *byteSet) invert() {
	for i := range b {
		b[i] = ^b[i]
	}
}

// bracket is a parsed bracket expression.
type bracket struct {
	set    byteSet
	negate bool
}

func (b *bracket) has(c byte, fold bool) bool {
	in := b.set.contains(c)
	if fold && !in {
		in = b.set.contains(lowerByte(c)) || c >= 'a' && c <= 'z' && b.set.contains(c-'a'+'A')
	}
	return in != b.negate
}

// parseSet reads a bracket expression of a glob. Length 0 means that it is not
// closed and the '[' is an ordinary character.
func parseSet(p string, pathname bool) (bracket, int) {
	var b bracket
	i := 1
	if i < len(p) && (p[i] == '!' || p[i] == '^') {
		b.negate = true
		i++
	}
	for first := true; ; first = false {
		if i >= len(p) {
			return b, 0
		}
		c := p[i]
		if c == ']' && !first {
			return b, i + 1
		}
		if c == '/' && pathname {
			// A slash cannot be in a set; the '[' then stands for itself.
			return b, 0
		}
		if c == '[' && i+1 < len(p) && p[i+1] == ':' {
			if n := addClass(&b.set, p[i:]); n > 0 {
				i += n
				continue
			}
		}
		low, n := setByte(p[i:])
		if n == 0 {
			return b, 0
		}
		i += n
		if i+1 < len(p) && p[i] == '-' && p[i+1] != ']' {
			high, n := setByte(p[i+1:])
			if n == 0 {
				return b, 0
			}
			i += 1 + n
			if low <= high {
				b.set.addRange(low, high)
			}
			continue
		}
		b.set.add(low)
	}
}

// setByte reads one byte of a bracket expression: escaped, [.c.], [=c=] or plain.
func setByte(p string) (byte, int) {
	switch {
	case p == "":
		return 0, 0
	case p[0] == '\\':
		if len(p) < 2 {
			return 0, 0
		}
		return p[1], 2
	case len(p) >= 5 && p[0] == '[' && (p[1] == '.' || p[1] == '=') && p[3] == p[1] && p[4] == ']':
		return p[2], 5
	}
	return p[0], 1
}

// classes are the character classes of the C locale.
var classes = map[string]func(byte) bool{
	"alpha": func(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' },
	"digit": func(c byte) bool { return c >= '0' && c <= '9' },
	"alnum": func(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' },
	"upper": func(c byte) bool { return c >= 'A' && c <= 'Z' },
	"lower": func(c byte) bool { return c >= 'a' && c <= 'z' },
	"space": func(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' },
	"blank": func(c byte) bool { return c == ' ' || c == '\t' },
	"punct": func(c byte) bool {
		return c > ' ' && c < 0x7f && !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z')
	},
	"print":  func(c byte) bool { return c >= ' ' && c < 0x7f },
	"graph":  func(c byte) bool { return c > ' ' && c < 0x7f },
	"cntrl":  func(c byte) bool { return c < ' ' || c == 0x7f },
	"xdigit": func(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' },
}

// addClass reads [:name:] and gives its length, 0 if it is none.
func addClass(set *byteSet, p string) int {
	const longest = len("[:xdigit:]")
	for n := 2; n+1 < len(p) && n < longest; n++ {
		if p[n] == ':' && p[n+1] == ']' {
			in, ok := classes[p[2:n]]
			if !ok {
				return 0
			}
			for c := range 256 {
				if in(byte(c)) {
					set.add(byte(c))
				}
			}
			return n + 2
		}
	}
	return 0
}

// HasMeta tells whether sudo takes a text for a glob (match.c, has_meta).
func HasMeta(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case '\\', '?', '*', '[', ']':
			return true
		}
	}
	return false
}
