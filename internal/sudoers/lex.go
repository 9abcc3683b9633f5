package sudoers

import (
	"strings"
)

// lexState is a start condition of the scanner.
type lexState uint8

const (
	stInitial lexState = iota
	stGotDefs
	stStartDefs
	stInDefs
	stInString
	stGotCommand
	stGotEdit
	stGotRegex
	stWantDigest
	stGotInclude
	stExpectPath
)

// lexer cuts a policy into tokens. It keeps sudo's start conditions because what
// a word means depends on them, also behind a syntax error.
type lexer struct {
	text    string
	pos     int
	version Version
	state   lexState
	prev    lexState // where a quoted string returns to

	line      int
	lineStart int // offset of the first byte of the line

	continued bool // the line goes on from one that ended in a backslash
	sawSpace  bool // spaces since the last piece of an argument
	digest    string

	// noRegexBefore remembers that no regular expression begins before this
	// offset, so that a line of carets is not searched again and again.
	noRegexBefore int
	// wordEnd is where the word ends that was measured last.
	wordEnd int
	// measured is how many bytes were looked at to measure words, and regular expressions that are none.
	measured int

	buf []byte // arguments or string being put together

	tok token // the token that next gives: the next one takes its place
}

func newLexer(text string, v Version) *lexer {
	return &lexer{text: text, version: v, line: 1}
}

// rest is the text that is not read yet.
func (l *lexer) rest() string { return l.text[l.pos:] }

func (l *lexer) atLineStart() bool { return l.pos == l.lineStart }

// begin starts a token at the current offset, in the place of the one before.
func (l *lexer) begin() *token {
	l.tok = token{start: l.pos, line: l.line, col: l.pos - l.lineStart + 1}
	return &l.tok
}

// take ends a token n bytes on.
func (l *lexer) take(t *token, kind tokenKind, n int) *token {
	l.pos += n
	t.kind = kind
	t.end = l.pos
	return t
}

// takeWord ends a token whose value is a word with escapes.
func (l *lexer) takeWord(t *token, kind tokenKind, n int) *token {
	t.text = unescape(l.text[l.pos : l.pos+n])
	return l.take(t, kind, n)
}

// fail ends a token that is malformed.
func (l *lexer) fail(t *token, n int, msg string) *token {
	t.text = msg
	return l.take(t, tokError, n)
}

// nextLine counts a line end that was just consumed.
func (l *lexer) nextLine() {
	l.line++
	l.lineStart = l.pos
}

func (l *lexer) takeNewline(t *token, n int) *token {
	t = l.take(t, tokNewline, n)
	l.nextLine()
	l.state = stInitial
	l.continued = false
	return t
}

// skipContinuation passes over a continuation, if there is one.
func (l *lexer) skipContinuation() bool {
	n := continuation(l.rest())
	if n == 0 {
		return false
	}
	l.pos += n
	l.nextLine()
	l.sawSpace = true
	l.continued = true
	return true
}

// next gives the next token. It is valid until the one after it is asked for.
func (l *lexer) next() *token {
	for {
		if l.pos >= len(l.text) {
			t := l.begin()
			t.end = l.pos
			return t
		}
		if l.state == stInitial && l.pos != l.lineStart {
			// What most often stands between words, without asking every rule.
			switch c := l.text[l.pos]; {
			case isBlank(c):
				l.pos += spaces(l.rest())
				l.sawSpace = true
				continue
			case c == ',' || c == '=' || c == '(' || c == ')':
				return l.take(l.begin(), signs[c], 1)
			case c == '\n':
				return l.takeNewline(l.begin(), 1)
			case c == '!' || isLetter(c):
				if t, ok := l.scan(); ok {
					return t
				}
				continue
			case c == '/':
				// Nothing is longer than the path, if no escape goes on.
				s := l.rest()
				if n := path(s); n > 0 && n < len(s) && s[n] != '\\' && s[n-1] != '/' {
					return l.command(l.begin(), n, stGotCommand)
				}
			}
		}
		switch l.state {
		case stInString:
			return l.inString(l.begin(), nil)
		case stGotCommand, stGotEdit:
			return l.arguments(l.begin(), "", true)
		case stGotRegex:
			return l.regexArguments(l.begin(), "")
		}
		if l.skipContinuation() {
			continue
		}
		if n := newline(l.rest()); n > 0 {
			return l.takeNewline(l.begin(), n)
		}
		if t, ok := l.keywordLine(); ok {
			return t
		}
		if l.state == stGotDefs {
			if t, again := l.gotDefsBlank(); t != nil {
				return t
			} else if again {
				continue
			}
		}
		if n := spaces(l.rest()); n > 0 {
			l.pos += n
			l.sawSpace = true
			continue
		}
		t, ok := l.scan()
		if ok {
			return t
		}
	}
}

// sign takes the token of one character that comes next, if it is this one.
func (l *lexer) sign(c byte) bool {
	if l.state != stInitial || l.pos >= len(l.text) || l.text[l.pos] != c || l.pos == l.lineStart {
		return false
	}
	l.pos++
	return true
}

// signs are the tokens of one character that mean the same in every context.
var signs = [128]tokenKind{',': tokComma, '=': tokEqual, '(': tokOpen, ')': tokClose}

// gotDefsBlank handles what may stand behind a binding: a comma with spaces
// around it continues the list, spaces alone begin the settings.
func (l *lexer) gotDefsBlank() (*token, bool) {
	s := l.rest()
	n := spaces(s)
	if n < len(s) && s[n] == ',' {
		t := l.begin()
		t.start += n
		t.col += n
		return l.take(t, tokComma, n+1+spaces(s[n+1:])), false
	}
	if n == 0 {
		return nil, false
	}
	l.pos += n
	l.state = stStartDefs
	return nil, true
}

// scan takes one token in the states without a loop of their own. The second
// result is false if something was consumed that is no token.
func (l *lexer) scan() (*token, bool) {
	t, s := l.begin(), l.rest()
	c := s[0]
	if c == '!' {
		n := 1
		for n < len(s) && s[n] == '!' {
			n++
		}
		if n%2 == 0 {
			l.pos += n
			return t, false
		}
		// The token stands for the last of an odd run.
		return l.take(t, tokBang, n), true
	}
	if c == '#' && (l.state == stInitial || l.state == stStartDefs || l.state == stInDefs) {
		if l.state != stInitial || id(s) == 0 {
			return l.comment(t), true
		}
	}
	switch l.state {
	case stStartDefs:
		if n := defVar(s); n > 0 {
			l.state = stInDefs
			return l.takeWord(t, tokDefVar, n), true
		}
		return l.take(t, tokNoMatch, 1), true
	case stInDefs:
		return l.inDefs(t), true
	case stGotInclude:
		if c == '"' {
			l.prev = stInitial
			return l.openString(t), true
		}
		if n := includeName(s); n > 0 {
			l.state = stInitial
			return l.takeWord(t, tokWord, n), true
		}
		return l.take(t, tokNoMatch, 1), true
	case stWantDigest:
		if n := base64Digest(s); n > 0 && n >= l.otherLength(s) {
			l.state = stInitial
			if validDigest(l.digest, s[:n]) {
				return l.takeWord(t, tokDigest, n), true
			}
			// A wrong length is skipped without an error; the grammar then misses it.
			l.pos += n
			return t, false
		}
	}
	return l.list(t), true
}

// otherLength is the longest match of the rules that compete with a digest.
func (l *lexer) otherLength(s string) int {
	n, _ := address(s)
	if p := path(s); p > n {
		n = p
	}
	if s[0] == '+' {
		if w := word(s[1:]); w > 0 && w+1 > n {
			n = w + 1
		}
	}
	return n
}

// comment takes a comment with the newline behind it. A '#' that is neither a
// comment nor an id, as in "#-" before a newline, is an error.
func (l *lexer) comment(t *token) *token {
	s := l.rest()
	n := 1
	switch {
	case len(s) > 1 && s[1] == '-':
		if len(s) > 2 && s[2] != '\r' && s[2] != '\n' && !isDigit(s[2]) {
			n = len(s)
		}
	case len(s) > 1 && s[1] != '\r' && s[1] != '\n' && !isDigit(s[1]):
		n = len(s)
	}
	if n > 1 {
		if i := strings.IndexByte(s, '\n'); i >= 0 {
			n = i
		}
		n += newline(s[n:])
	} else {
		n += newline(s[1:])
	}
	if s[n-1] != '\n' {
		return l.fail(t, n, "a '#' before a number or '-' does not start a comment here")
	}
	// Carriage returns at the end are part of the line end, however many: one more would be lost with the next line
	// end.
	t.text = strings.TrimRight(s[1:n-1], "\r")
	t = l.takeNewline(t, n)
	t.comment = true
	return t
}

// inDefs takes a token behind the name of a Defaults option.
func (l *lexer) inDefs(t *token) *token {
	s := l.rest()
	switch {
	case s[0] == ',':
		l.state = stStartDefs
		return l.take(t, tokComma, 1)
	case s[0] == '=':
		return l.take(t, tokEqual, 1)
	case s[0] == '"':
		l.prev = stInDefs
		return l.openString(t)
	}
	n := envValue(s)
	if n < 2 {
		if strings.HasPrefix(s, "+=") {
			return l.take(t, tokAddTo, 2)
		}
		if strings.HasPrefix(s, "-=") {
			return l.take(t, tokRemoveFrom, 2)
		}
	}
	if n == 0 {
		return l.take(t, tokNoMatch, 1)
	}
	return l.takeWord(t, tokWord, n)
}

// openString enters a quoted string.
func (l *lexer) openString(t *token) *token {
	l.pos++
	l.state = stInString
	l.buf = l.buf[:0]
	return l.inString(t, l.buf)
}

// inString reads up to the closing quote. Only \" is an escape in it.
func (l *lexer) inString(t *token, buf []byte) *token {
	empty := len(buf) == 0
	for l.pos < len(l.text) {
		s := l.rest()
		switch c := s[0]; {
		case c == '"':
			l.pos++
			l.state = l.prev
			t.end = l.pos
			if empty {
				return l.fail(t, 0, "empty string")
			}
			return l.endString(t, string(buf))
		case c == '\\':
			if n := continuation(s); n > 0 {
				l.pos += n
				l.nextLine()
				l.continued = true
				l.pos += spaces(l.rest())
				continue
			}
			empty = false
			if len(s) > 1 && s[1] == '"' {
				buf = append(buf, '"')
				l.pos += 2
				continue
			}
			buf = append(buf, c)
			l.pos++
		case newline(s) > 0:
			l.state = stInitial
			return l.fail(t, 0, "unexpected line break in string")
		case c == '\r':
			return l.take(t, tokNoMatch, 1)
		default:
			empty = false
			buf = append(buf, c)
			l.pos++
		}
	}
	t.end = l.pos
	return t
}

// endString makes the token of a quoted string: a group, a netgroup or a word.
func (l *lexer) endString(t *token, s string) *token {
	t.kind, t.text = tokWord, s
	if l.prev != stInitial && l.prev != stGotDefs {
		return t
	}
	switch s[0] {
	case '%':
		if s == "%" || s == "%:" {
			return l.fail(t, 0, "empty group")
		}
		t.kind = tokGroup
	case '+':
		if s == "+" {
			return l.fail(t, 0, "empty netgroup")
		}
		t.kind = tokNetgroup
	}
	return t
}

func validDigest(algorithm, s string) bool {
	size := digestSize(algorithm)
	if hexDigest(s) == len(s) {
		return len(s) == 2*size
	}
	if s[len(s)-1] == '=' {
		return len(s) == 4*((size+2)/3)
	}
	return len(s) == (4*size+2)/3
}

// digestSize is the length of a checksum in bytes.
func digestSize(algorithm string) int {
	switch algorithm {
	case "sha224":
		return 28
	case "sha256":
		return 32
	case "sha384":
		return 48
	}
	return 64
}
