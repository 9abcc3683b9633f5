package regular

import (
	"errors"
	"fmt"
	"strings"
)

// repetition reads one of * + ? {n} {n,} {,m} {n,m}.
func (r *ereReader) repetition() (from, to int, err error) {
	c := r.pattern[r.pos]
	r.pos++
	switch c {
	case '*':
		return 0, unbounded, nil
	case '+':
		return 1, unbounded, nil
	case '?':
		return 0, 1, nil
	}
	end := strings.IndexByte(r.pattern[r.pos:], '}')
	content := r.pattern[r.pos:]
	if end >= 0 {
		content = content[:end]
	}
	if strings.IndexByte(content, '\\') >= 0 {
		return 0, 0, fmt.Errorf("%w: a backslash in {}", ErrUnsupported)
	}
	low, high, both := strings.Cut(content, ",")
	from, okLow := bound(low, 0)
	to, okHigh := from, true
	if both {
		to, okHigh = bound(high, unbounded)
	}
	switch {
	case !okLow || !okHigh || content == "" && end >= 0:
		return 0, 0, syntaxError(errBrace)
	case end < 0:
		return 0, 0, syntaxError(errors.New("a brace is not closed"))
	case to != unbounded && from > to:
		return 0, 0, syntaxError(errBrace)
	case max(from, to) > maxDup:
		return 0, 0, syntaxError(errBrace)
	case max(from, to) > maxBound:
		return 0, 0, fmt.Errorf("%w: a repetition count above %d, on which versions of sudo differ", ErrUnsupported, maxBound)
	}
	r.pos += end + 1
	return from, to, nil
}

// bound reads a number; empty is what no digits mean.
func bound(digits string, empty int) (n int, ok bool) {
	if digits == "" {
		return empty, true
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		n = min(n*10+int(digits[i]-'0'), maxDup+1)
	}
	return n, true
}

// checkRepetition refuses what sudo refuses before it asks regcomp (lib/util/regex.c, check_pattern): a repetition of a
// repetition. The check does not know of brackets: [*+] is refused as well.
func checkRepetition(pattern string) error {
	repeated := false
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '\\' && i+1 < len(pattern):
			i++
			repeated = false
		case c == '?' || c == '*' || c == '+':
			if repeated {
				return syntaxError(errRepeat)
			}
			repeated = true
		case c == '{':
			end, isBound := skipBound(pattern, i+1)
			if !isBound {
				repeated = false
				i = end - 1
				continue
			}
			if repeated {
				return syntaxError(errRepeat)
			}
			repeated = true
			i = end
		default:
			repeated = false
		}
	}
	return nil
}

// skipBound reads digits, which may be escaped, and commas from i on, and tells whether a brace closes them.
func skipBound(pattern string, i int) (end int, closed bool) {
	digit := func(i int) bool { return i < len(pattern) && pattern[i] >= '0' && pattern[i] <= '9' }
	if !digit(i) {
		return i, false
	}
	for digit(i) || i < len(pattern) && pattern[i] == ',' {
		i++
		if i < len(pattern) && pattern[i] == '\\' && digit(i+1) {
			i++
		}
	}
	return i, i < len(pattern) && pattern[i] == '}'
}
