package sudoers

import "strings"

// command begins a command with the path or regular expression of n bytes; its
// arguments follow.
func (l *lexer) command(t *token, n int, state lexState) *token {
	name := commandName(l.text[l.pos : l.pos+n])
	l.pos += n
	t.end = l.pos
	if state == stGotCommand {
		if start, end, next := plainArguments(l.rest()); next >= 0 {
			t.kind, t.text = tokCommand, name
			if end > start {
				t.hasArgs, t.args, t.end = true, l.text[l.pos+start:l.pos+end], l.pos+end
			}
			l.pos += next
			l.state = stInitial
			return t
		}
	}
	l.state = state
	l.buf = l.buf[:0]
	return l.arguments(t, name, false)
}

// plainCommand takes a command of the most usual sort, a path behind spaces and perhaps a '!', without making tokens of
// it: nothing is escaped in it, and it stands on one line with what ends it. It takes nothing, and gives false, of any
// other.
func (l *lexer) plainCommand(m *CommandMember, file string) bool {
	text := l.text
	if l.state != stInitial {
		return false
	}
	first := l.pos
	for first < len(text) && isBlank(text[first]) {
		first++
	}
	begin := first
	if begin < len(text) && text[begin] == '!' {
		begin++
		for begin < len(text) && isBlank(text[begin]) {
			begin++
		}
	}
	if begin >= len(text) || text[begin] != '/' || first == l.lineStart {
		return false
	}
	end := begin + 1
	for end < len(text) && !is(text[end], pathStop) {
		end++
	}
	if end == len(text) || end == begin+1 || text[end] == '\\' || text[end-1] == '/' || end-begin >= maxPath {
		return false
	}
	argsStart, argsEnd, next := plainArguments(text[end:])
	if next < 0 {
		return false
	}
	name := sudoeditPath(text[begin:end])
	if len(name) != end-begin {
		return false
	}
	m.Negated = begin != first
	m.Command.Kind, m.Command.Name = CommandPath, name
	m.Span.Start, m.Span.End = first, end
	if argsEnd > argsStart {
		m.Command.HasArgs, m.Command.Args = true, text[end+argsStart:end+argsEnd]
		m.Span.End = end + argsEnd
	}
	m.Pos.File, m.Pos.Line, m.Pos.Col = file, l.line, first-l.lineStart+1
	l.pos = end + next
	return true
}

// plainArguments finds arguments that stand in s as they are meant: no escape, one space
// between two words, no regular expression, and on one line. They are s[start:end], and what
// ends the command is at next, -1 if the arguments are not of that sort.
func plainArguments(s string) (start, end, next int) {
	n := spaces(s)
	start, end = n, n
	for n < len(s) {
		word := n
		if s[n] == '=' || s[n] == '^' && n == start {
			return 0, 0, -1
		}
		for n < len(s) && !is(s[n], argStop) {
			n++
		}
		switch {
		case n == len(s) || s[n] == '\\' || s[n] == '\r':
			return 0, 0, -1
		case n == word:
			return start, end, n
		}
		end = n
		if gap := spaces(s[n:]); gap > 0 {
			n += gap
			if n == len(s) || s[end] != ' ' || gap > 1 && !is(s[n], argStop) {
				return 0, 0, -1
			}
		}
	}
	return 0, 0, -1
}

// commandName removes the escapes of a path (toke_util.c, fill_cmnd). A regular
// expression has none.
func commandName(s string) string {
	if s[0] == '^' || strings.IndexByte(s, '\\') < 0 {
		return sudoeditPath(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && is(s[i+1], pathEsc) {
			i++
		}
		b.WriteByte(s[i])
	}
	return sudoeditPath(b.String())
}

// sudoeditPath turns /usr/bin/sudoedit into the word sudoedit, as sudo does.
func sudoeditPath(s string) string {
	if s[0] == '/' && strings.HasSuffix(s, "/sudoedit") {
		return "sudoedit"
	}
	return s
}

// arguments reads up to the end of the command. Resumed is true after a character
// that no rule takes: sudo then goes on in the same state, and so the words that
// follow are thrown away in the same way.
func (l *lexer) arguments(t *token, name string, resumed bool) *token {
	buf := l.buf[:0]
	argStart := l.pos
	for l.pos < len(l.text) {
		s := l.rest()
		c := s[0]
		switch {
		case isBlank(c):
			l.pos += spaces(s)
			l.sawSpace = true
		case c == '\\':
			if l.skipContinuation() {
				continue
			}
			if len(s) < 2 || !is(s[1], argEsc|globEsc) {
				return l.strayInArguments(s)
			}
			if l.badEditArg(c, len(buf)) {
				return l.fail(t, 2, "invalid sudoedit file name")
			}
			piece := s[:2]
			if is(s[1], argEsc) {
				piece = s[1:2]
			}
			if len(buf) == 0 {
				argStart = l.pos
			}
			buf = l.addArgument(buf, piece)
			l.pos += 2
			t.end = l.pos
		case newline(s) > 1:
			// \r\n is longer than the rule that ends a command, so sudo sees a
			// line end and no command.
			l.buf = buf
			return l.takeNewline(l.begin(), newline(s))
		case c == '^' && len(buf) == 0:
			l.state = stGotRegex
			return l.regexArguments(t, name)
		default:
			n := argRun(s)
			if n == 0 || n == 1 && c == '=' {
				l.state = stInitial
				return l.endCommand(t, name, buf, argStart, resumed)
			}
			if l.badEditArg(c, len(buf)) {
				return l.fail(t, n, "invalid sudoedit file name")
			}
			if len(buf) == 0 {
				argStart = l.pos
			}
			buf = l.addArgument(buf, s[:n])
			l.pos += n
			t.end = l.pos
		}
	}
	l.buf = buf
	t.kind = tokEOF
	return t
}

func argRun(s string) int {
	n := 0
	for n < len(s) && !is(s[n], argStop) {
		n++
	}
	return n
}

// strayInArguments is a backslash before a character that needs none.
func (l *lexer) strayInArguments(s string) *token {
	t := l.take(l.begin(), tokNoMatch, 1)
	if len(s) > 1 && s[1] != '\n' && s[1] != '\r' {
		t.end++
	}
	return t
}

// badEditArg tells a file argument of sudoedit that is not absolute, which newer
// versions refuse.
func (l *lexer) badEditArg(c byte, have int) bool {
	return l.state == stGotEdit && l.version.has(1, 9, 18) && c != '/' && (have == 0 || l.sawSpace)
}

// addArgument appends a piece, with one space if spaces stood before it
// (toke_util.c, fill_args).
func (l *lexer) addArgument(buf []byte, piece string) []byte {
	if l.sawSpace && len(buf) > 0 {
		buf = append(buf, ' ')
	}
	l.sawSpace = false
	return append(buf, piece...)
}

// endCommand makes the token. The arguments share the memory of the text where
// they stand there as they are.
func (l *lexer) endCommand(t *token, name string, buf []byte, start int, resumed bool) *token {
	l.buf = buf
	t.kind = tokCommand
	t.text = name
	if resumed {
		return t
	}
	if len(buf) > 0 {
		t.hasArgs = true
		if end := start + len(buf); end <= len(l.text) && l.text[start:end] == string(buf) {
			t.args = l.text[start:end]
		} else {
			t.args = string(buf)
		}
	}
	return t
}

// regexArguments reads arguments that are a regular expression, up to the first
// dollar sign without a backslash. They are kept as written.
func (l *lexer) regexArguments(t *token, name string) *token {
	buf := l.buf[:0]
	start := l.pos
	for l.pos < len(l.text) {
		s := l.rest()
		switch c := s[0]; {
		case c == '\\':
			if n := continuation(s); n > 0 {
				l.pos += n
				l.nextLine()
				l.continued = true
				continue
			}
			if len(s) < 2 || s[1] == '\r' || s[1] == '\n' {
				t = l.begin()
				return l.take(t, tokNoMatch, 1)
			}
			buf = append(buf, s[:2]...)
			l.pos += 2
		case newline(s) > 1:
			l.buf = buf
			return l.takeNewline(l.begin(), newline(s))
		case c == '#' || c == '\r' || c == '\n':
			l.buf = buf
			l.state = stInitial
			return l.fail(t, 0, "unterminated regular expression")
		case c == '$':
			buf = append(buf, c)
			l.pos++
			l.state = stInitial
			l.continued = false
			t.end = l.pos
			return l.endCommand(t, name, buf, start, false)
		default:
			n := 1
			for n < len(s) && strings.IndexByte("#\\\r\n$", s[n]) < 0 {
				n++
			}
			chunk := s[:n]
			if l.continued {
				chunk = chunk[spaces(chunk):]
				l.continued = false
			}
			buf = append(buf, chunk...)
			l.pos += n
		}
	}
	l.buf = buf
	t.kind = tokEOF
	return t
}
