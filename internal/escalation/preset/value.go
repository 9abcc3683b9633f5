package preset

import "fmt"

// checkValue reads a value by the grammar of parameters, a small part of POSIX extended regular expressions that cannot
// widen what it is put into, and says what is wrong, or nothing:
//
//	value  = branch { "|" branch }
//	branch = piece { piece }
//	piece  = ( character | class | "(" value ")" ) [ "?" | "{" m [ "," n ] "}" ]
//	class  = "[" { character | character "-" character } "]"
//
// A character is a letter, a digit, '-', '_', '/', or within a class also '.' and '+'.
func checkValue(value string) string {
	if len(value) > maxValue {
		return fmt.Sprintf("it is longer than %d bytes", maxValue)
	}
	r := valueReader{text: value}
	if r.alternatives(); r.reason == "" && r.at < len(value) {
		r.refuse()
	}
	return r.reason
}

// valueReader reads one value up to its first error.
type valueReader struct {
	text   string
	at     int
	reason string
}

// peek is the next character, 0 at the end and once something is wrong.
func (r *valueReader) peek() byte {
	if r.reason != "" || r.at >= len(r.text) {
		return 0
	}
	return r.text[r.at]
}

func (r *valueReader) fail(format string, args ...any) {
	if r.reason == "" {
		r.reason = fmt.Sprintf("column %d: ", r.at+1) + fmt.Sprintf(format, args...)
	}
}

// refuse says why the next character cannot stand where it does.
func (r *valueReader) refuse() {
	if r.at >= len(r.text) {
		r.fail("the pattern, or an alternative of it, is empty")
		return
	}
	switch c := r.text[r.at]; c {
	case '.':
		r.fail("'.' matches every character, spaces too; write [.] for a dot")
	case '*', '+':
		r.fail("%q repeats without end; write {1,8} or another bound", string(c))
	case '^', '$':
		r.fail("%q is not needed: the value always matches as a whole", string(c))
	case ' ', '\t', '\n', '\r':
		r.fail("a space ends an argument, and with it what the parameter bounds")
	case '#', '\\':
		r.fail("%q has a meaning of its own in sudoers", string(c))
	case '?', '{':
		r.fail("nothing stands before %q that it could repeat", string(c))
	case ')':
		r.fail("this ')' closes a parenthesis that was not opened")
	case '|':
		r.fail("the pattern, or an alternative of it, is empty")
	default:
		r.fail("%q cannot stand in a parameter", string(c))
	}
}

func (r *valueReader) alternatives() {
	r.branch()
	for r.peek() == '|' {
		r.at++
		r.branch()
	}
}

func (r *valueReader) branch() {
	if !r.piece() {
		r.refuse()
		return
	}
	for r.piece() {
	}
}

// piece reads one if there is one.
func (r *valueReader) piece() bool {
	switch c := r.peek(); {
	case literal(c) || c == '/':
		r.at++
	case c == '[':
		r.class()
	case c == '(':
		open := r.at
		r.at++
		r.alternatives()
		if r.peek() != ')' {
			r.at = open
			r.fail("this '(' is not closed")
			return false
		}
		r.at++
	default:
		return false
	}
	r.repetition()
	return r.reason == ""
}

func (r *valueReader) class() {
	open := r.at
	r.at++
	if r.peek() == '^' {
		r.fail("a negated class also matches spaces and everything else; write the characters that it must match")
		return
	}
	start := r.at
	for r.peek() != ']' {
		c := r.peek()
		if c == 0 {
			r.at = open
			r.fail("this '[' is not closed")
			return
		}
		if !literal(c) && c != '.' && c != '+' {
			r.fail("%q cannot stand in a class", string(c))
			return
		}
		r.at++
	}
	if r.at == start {
		r.fail("the class is empty")
		return
	}
	r.at++
}

func (r *valueReader) repetition() {
	switch r.peek() {
	case '?':
		r.at++
	case '{':
		open := r.at
		r.at++
		low, ok := r.number()
		high := low
		if ok && r.peek() == ',' {
			r.at++
			high, ok = r.number()
		}
		if !ok || r.peek() != '}' || low > high || high > maxValue {
			r.at = open
			r.fail("a repetition is {m} or {m,n} with numbers up to %d", maxValue)
			return
		}
		r.at++
	}
}

// number reads one of up to three digits.
func (r *valueReader) number() (n int, ok bool) {
	for digits := 0; digits < 3 && r.peek() >= '0' && r.peek() <= '9'; digits++ {
		n, ok = n*10+int(r.peek()-'0'), true
		r.at++
	}
	return n, ok
}

func literal(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
