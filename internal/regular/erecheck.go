package regular

import "math"

// maxCount is the largest repetition count that sudo takes.
const maxCount = 255

// checkRepetition finds what sudo refuses before it asks regcomp (lib/util/regex.c, check_pattern, since 1.9.13): a
// repetition of a repetition, and counts above 255. The check does not know of brackets, so [*+] and [{256}] are
// refused as well; an empty reason is no objection. The second count of a bound is remembered where the brace is not
// closed behind it, and held against the bounds behind it.
func checkRepetition(pattern string) (at int, reason string) {
	repeated := false
	high := 0
	for i := 0; i < len(pattern); {
		start := i
		i++
		switch c := pattern[start]; {
		case c == '\\' && i < len(pattern):
			i++
			repeated = false
			continue
		case c == '?' || c == '*' || c == '+':
		case c == '{':
			var low int
			low, i = checkedCount(pattern, i)
			comma := i
			if comma+1 < len(pattern) && pattern[comma] == '\\' && pattern[comma+1] == ',' {
				comma++
			}
			if comma < len(pattern) && pattern[comma] == ',' {
				high, i = checkedCount(pattern, comma+1)
			}
			if i >= len(pattern) || pattern[i] != '}' {
				repeated = false
				continue
			}
			i++
			if low > maxCount || high > maxCount {
				return start, badCount
			}
		default:
			repeated = false
			continue
		}
		if repeated {
			return start, badRepeat
		}
		repeated = true
	}
	return 0, ""
}

// checkedCount reads the digits at i, which may be escaped. It stops at a digit that makes the number larger than an
// int, and what is too large it is then.
func checkedCount(pattern string, i int) (n, next int) {
	for i < len(pattern) {
		digit := i
		if pattern[i] == '\\' && i+1 < len(pattern) {
			digit++
		}
		c := pattern[digit]
		if c < '0' || c > '9' {
			break
		}
		if n = n*10 + int(c-'0'); n > math.MaxInt32 {
			return math.MaxInt32, digit
		}
		i = digit + 1
	}
	return n, i
}
