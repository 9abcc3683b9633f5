package posix

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// maxRegexLength and maxBound are sudo's own limits (lib/util/regex.c).
const (
	maxRegexLength = 1024
	maxBound       = 255
)

// errUnsupported marks what sudo understands and this package does not.
var errUnsupported = errors.New("not supported")

var errRepeat = errors.New("invalid use of a repetition operator")

// CompileERE makes a matcher of a POSIX extended regular expression as sudo and
// glibc read it: bytes in the C locale, a leading "^(?i)" ignores case, repetition
// of a repetition is refused. What cannot be expressed is an error: the glibc
// extensions \1 to \9, \< and \>, and counted repetitions that multiply to more
// than 1000. sudo takes a malformed expression for one that matches nothing.
//
// The matcher works on text in which every byte is one character; see Latin1.
func CompileERE(pattern string) (*regexp.Regexp, error) {
	translated, err := translateERE(pattern)
	if err != nil {
		return nil, err
	}
	re, err := regexp.Compile("(?s)" + translated)
	if err != nil {
		return nil, fmt.Errorf("regular expression: %w (%w)", errUnsupported, err)
	}
	return re, nil
}

// CheckERE says why sudo takes an expression for malformed, so that it matches
// nothing; nil if it does not. Unlike CompileERE it finds no fault with what sudo
// understands and this package cannot match.
func CheckERE(pattern string) error {
	// What fails only when it is compiled is not supported.
	if _, err := translateERE(pattern); err != nil && !errors.Is(err, errUnsupported) {
		return err
	}
	return nil
}

// translateERE gives the expression in Go's syntax.
func translateERE(pattern string) (string, error) {
	if len(pattern) > maxRegexLength {
		return "", errors.New("regular expression too large")
	}
	t := ereTranslator{src: pattern}
	if rest, ok := strings.CutPrefix(pattern, "^(?i)"); ok {
		t.src, t.fold = "^"+rest, true
	} else if rest, ok := strings.CutPrefix(pattern, "(?i)"); ok {
		t.src, t.fold = rest, true
	}
	err := t.translate()
	return t.out.String(), err
}

// MatchERE tells whether an expression matches somewhere in s.
func MatchERE(pattern, s string) bool {
	re, err := CompileERE(pattern)
	return err == nil && re.MatchString(Latin1(s))
}

// Latin1 makes one character of each byte.
func Latin1(s string) string {
	for i := range len(s) {
		if s[i] >= 0x80 {
			r := make([]rune, len(s))
			for j := range len(s) {
				r[j] = rune(s[j])
			}
			return string(r)
		}
	}
	return s
}

type ereTranslator struct {
	src  string
	pos  int
	fold bool
	out  strings.Builder
}

// translate writes the expression in Go's syntax.
func (t *ereTranslator) translate() error {
	depth := 0
	// operand tells whether a repetition may follow, repeated whether one just did.
	operand, repeated := false, false
	for t.pos < len(t.src) {
		c := t.src[t.pos]
		isRepeat := false
		switch {
		case c == '*' || c == '+' || c == '?' || c == '{':
			if !operand || repeated {
				return errRepeat
			}
			if err := t.repeat(c); err != nil {
				return err
			}
			isRepeat = true
		case c == '(':
			depth++
			t.out.WriteString("(?:")
			t.pos++
			operand = false
		case c == ')' && depth > 0:
			depth--
			t.out.WriteByte(')')
			t.pos++
			operand = true
		case c == '|':
			t.out.WriteByte('|')
			t.pos++
			operand = false
		case c == '^' || c == '$':
			t.out.WriteString(map[byte]string{'^': `\A`, '$': `\z`}[c])
			t.pos++
			operand = c == '$'
		case c == '[':
			if err := t.bracket(); err != nil {
				return err
			}
			operand = true
		case c == '\\':
			if err := t.escape(); err != nil {
				return err
			}
			operand = true
		case c == '.':
			t.out.WriteByte('.')
			t.pos++
			operand = true
		default:
			t.literal(c)
			t.pos++
			operand = true
		}
		repeated = isRepeat
	}
	if depth > 0 {
		return errors.New("unmatched ( or \\(")
	}
	return nil
}

// inBraces takes the backslash away where glibc looks at the character behind it alone (regcomp.c, fetch_number). \1 to \9 are no digits: they are
// what a group matched before.
var inBraces = strings.NewReplacer(`\\`, `\\`, `\,`, ",", `\0`, "0")

// repeat writes * + ? or a bound.
func (t *ereTranslator) repeat(c byte) error {
	if c != '{' {
		t.out.WriteByte(c)
		t.pos++
		return nil
	}
	end := strings.IndexByte(t.src[t.pos:], '}')
	if end < 0 {
		return errors.New("unmatched {")
	}
	low, high, both := strings.Cut(inBraces.Replace(t.src[t.pos+1:t.pos+end]), ",")
	from, ok1 := bound(low, 0)
	to, ok2 := from, true
	if both {
		to, ok2 = bound(high, -1)
	} else if low == "" {
		ok1 = false
	}
	if !ok1 || !ok2 || to >= 0 && from > to {
		return errors.New("invalid content of {}")
	}
	t.pos += end + 1
	switch {
	case !both:
		fmt.Fprintf(&t.out, "{%d}", from)
	case to < 0:
		fmt.Fprintf(&t.out, "{%d,}", from)
	default:
		fmt.Fprintf(&t.out, "{%d,%d}", from, to)
	}
	return nil
}

// bound reads a number up to maxBound, or gives empty for no digits.
func bound(s string, empty int) (int, bool) {
	if s == "" {
		return empty, true
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' || n > maxBound {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, n <= maxBound
}

// escape writes what a backslash and the next character mean to glibc.
func (t *ereTranslator) escape() error {
	if t.pos+1 >= len(t.src) {
		return errors.New("trailing backslash")
	}
	c := t.src[t.pos+1]
	t.pos += 2
	switch {
	case c == 'w':
		t.out.WriteString("[0-9A-Za-z_]")
	case c == 'W':
		t.out.WriteString("[^0-9A-Za-z_]")
	case c == 's':
		t.out.WriteString(`[\t-\r ]`)
	case c == 'S':
		t.out.WriteString(`[^\t-\r ]`)
	case c == 'b' || c == 'B':
		t.out.WriteString(`\` + string(rune(c)))
	case c == '`':
		t.out.WriteString(`\A`)
	case c == '\'':
		t.out.WriteString(`\z`)
	case c == '<' || c == '>' || c >= '1' && c <= '9':
		return fmt.Errorf(`\%c: %w`, c, errUnsupported)
	default:
		t.literal(c)
	}
	return nil
}

// literal writes one byte.
func (t *ereTranslator) literal(c byte) {
	if t.fold && classes["alpha"](c) {
		fmt.Fprintf(&t.out, "[%c%c]", c|0x20, c&^0x20)
		return
	}
	t.out.WriteString(regexp.QuoteMeta(string(rune(c))))
}

// bracket reads a bracket expression, in which a backslash is an ordinary
// character, and writes it as ranges.
func (t *ereTranslator) bracket() error {
	p := t.src[t.pos:]
	var set byteSet
	i, negate := 1, false
	if i < len(p) && p[i] == '^' {
		negate = true
		i++
	}
	for first := true; ; first = false {
		if i >= len(p) {
			return errors.New("unmatched [")
		}
		if p[i] == ']' && !first {
			i++
			break
		}
		if strings.HasPrefix(p[i:], "[:") {
			n := addClass(&set, p[i:])
			if n == 0 {
				return errors.New("invalid character class name")
			}
			i += n
			continue
		}
		low, n := ereSetByte(p[i:])
		if n == 0 {
			return errors.New("unmatched [")
		}
		i += n
		if i+1 < len(p) && p[i] == '-' && p[i+1] != ']' {
			high, n := ereSetByte(p[i+1:])
			if n == 0 || low > high {
				return errors.New("invalid range end")
			}
			i += 1 + n
			set.addRange(low, high)
			continue
		}
		set.add(low)
	}
	t.pos += i
	if t.fold {
		for c := byte('a'); c <= 'z'; c++ {
			if set.contains(c) || set.contains(c-'a'+'A') {
				set.add(c)
				set.add(c - 'a' + 'A')
			}
		}
	}
	if negate {
		set.invert()
	}
	t.writeSet(&set)
	return nil
}

func ereSetByte(p string) (byte, int) {
	if p != "" && p[0] == '\\' {
		return '\\', 1
	}
	if strings.HasPrefix(p, "[.") || strings.HasPrefix(p, "[=") {
		if b, n := setByte(p); n == 5 {
			return b, n
		}
		return 0, 0
	}
	return setByte(p)
}

// writeSet writes a set as a class; an empty one matches nothing.
func (t *ereTranslator) writeSet(set *byteSet) {
	var b strings.Builder
	for c := 0; c < 256; c++ {
		if !set.contains(byte(c)) {
			continue
		}
		from := c
		for c+1 < 256 && set.contains(byte(c+1)) {
			c++
		}
		fmt.Fprintf(&b, `\x{%02x}-\x{%02x}`, from, c)
	}
	if b.Len() == 0 {
		t.out.WriteString(`[^\x{00}-\x{10ffff}]`)
		return
	}
	t.out.WriteString("[" + b.String() + "]")
}
