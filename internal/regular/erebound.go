package regular

import "strings"

// repetition reads one of * + ? {n} {n,} {,m} {n,m}.
func (r *ereReader) repetition() (from, to int, err error) {
	at := r.pos
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
	if end < 0 {
		return 0, 0, r.malformed(at, openBrace)
	}
	low, high, both := strings.Cut(boundEscapes.Replace(r.pattern[r.pos:r.pos+end]), ",")
	from, okLow := bound(low, 0)
	to, okHigh := from, true
	if both {
		to, okHigh = bound(high, unbounded)
	}
	if !okLow || !okHigh || low == "" && !both || to != unbounded && from > to || max(from, to) > maxDup {
		return 0, 0, r.malformed(at, badBrace)
	}
	r.pos += end + 1
	return from, to, nil
}

// boundEscapes takes the backslash away where glibc looks at the character behind it alone (posix/regcomp.c,
// fetch_number). \1 to \9 are no digits: they are what a group matched before.
var boundEscapes = strings.NewReplacer(`\\`, `\\`, `\,`, ",", `\0`, "0")

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
