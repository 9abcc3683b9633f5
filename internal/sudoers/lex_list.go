package sudoers

import "strings"

// keywordLine takes the words that begin a line of their own kind. They count
// only at the start of a line in the initial state, except @include.
func (l *lexer) keywordLine() (*token, bool) {
	if l.state != stInitial {
		return nil, false
	}
	t, s := l.begin(), l.rest()
	if s[0] == '@' {
		return l.includeWord(t, s, word(s))
	}
	if !l.atLineStart() {
		return nil, false
	}
	if s[0] == '#' {
		for _, w := range []string{"#includedir", "#include"} {
			if strings.HasPrefix(s, w) && spaces(s[len(w):]) > 0 {
				return l.includeWord(t, s, len(w))
			}
		}
		return nil, false
	}
	indent := spaces(s)
	s = s[indent:]
	if s == "" || strings.IndexByte("DHCUR", s[0]) < 0 {
		return nil, false
	}
	// Indented, the keyword needs no space behind it: the scanner compares it with
	// the spaces only, not with the word that it is part of.
	longest := 0
	if indent == 0 {
		longest = word(s)
	}
	t.start += indent
	t.col += indent
	for i := range aliasWords {
		w := &aliasWords[i]
		if strings.HasPrefix(s, w.word) && len(w.word) >= longest {
			return l.lineKeyword(t, w.kind, indent+len(w.word), stInitial), true
		}
	}
	if strings.HasPrefix(s, "Defaults") {
		return l.defaultsWord(t, s, indent, longest)
	}
	return nil, false
}

// aliasWord is a keyword that begins a line of aliases.
type aliasWord struct {
	word string
	kind tokenKind
}

var aliasWords = [...]aliasWord{
	{"User_Alias", tokUserAlias},
	{"Host_Alias", tokHostAlias},
	{"Runas_Alias", tokRunasAlias},
	{"Cmnd_Alias", tokCmndAlias},
	{"Cmd_Alias", tokCmndAlias},
}

// lineKeyword takes a keyword unless the line is continued from another one.
func (l *lexer) lineKeyword(t *token, kind tokenKind, n int, state lexState) *token {
	if l.continued {
		// To visudo the spaces before the keyword belong to it.
		t = l.begin()
		return l.fail(t, n, "invalid line continuation")
	}
	l.state = state
	return l.take(t, kind, n)
}

func (l *lexer) includeWord(t *token, s string, n int) (*token, bool) {
	switch s[:n] {
	case "@include":
		if !l.version.has(1, 9, 1) {
			return nil, false
		}
		fallthrough
	case "#include":
		return l.lineKeyword(t, tokInclude, n, stGotInclude), true
	case "@includedir":
		if !l.version.has(1, 9, 1) {
			return nil, false
		}
		fallthrough
	case "#includedir":
		return l.lineKeyword(t, tokIncludeDir, n, stGotInclude), true
	}
	return nil, false
}

// bindings are the signs behind Defaults that bind it.
var bindings = [128]tokenKind{':': tokDefaultsUser, '@': tokDefaultsHost, '>': tokDefaultsRunas, '!': tokDefaultsCmnd}

// defaultsWord takes Defaults and the sign of its binding. The sign belongs to
// the keyword only if something that can be bound follows it.
func (l *lexer) defaultsWord(t *token, s string, indent, longest int) (*token, bool) {
	const keyword = len("Defaults")
	kind, n, matched := tokDefaults, keyword, keyword
	if len(s) > keyword {
		if scope := bindings[s[keyword]&0x7f]; scope != 0 && s[keyword] < 0x80 {
			sign := keyword + 1 + spaces(s[keyword+1:])
			end := sign
			for end < len(s) && s[end] == '!' {
				end++
			}
			if end < len(s) && s[end] == '"' {
				end++
			}
			if w := max(word(s[end:]), id(s[end:])); w > 0 {
				kind, n, matched = scope, sign, end+w
			}
		}
	}
	if matched < longest {
		return nil, false
	}
	return l.lineKeyword(t, kind, indent+n, stGotDefs), true
}

// list takes a token of the inclusive states: names, commands and signs.
func (l *lexer) list(t *token) *token {
	s := l.rest()
	switch s[0] {
	case '(':
		return l.take(t, tokOpen, 1)
	case ')':
		return l.take(t, tokClose, 1)
	case ',':
		return l.take(t, tokComma, 1)
	case '=':
		return l.take(t, tokEqual, 1)
	case '"':
		return l.quote(t)
	case '+', '%':
		return l.group(t, s)
	case '/', '^':
		if t, ok := l.pathOrRegex(t, s); ok {
			return t
		}
	}
	w := 0
	if l.state != stWantDigest || isHex(s[0]) || isUpper(s[0]) || s[0] == 's' {
		// Where a digest is wanted no rule takes a word, and it must not be measured again at each of its characters.
		w = l.word(s)
	}
	if isHex(s[0]) || s[0] == ':' {
		if n, valid := address(s); n > 0 && n >= w {
			if n > l.upper(s) {
				if !valid {
					return l.fail(t, n, "invalid IPv6 address")
				}
				return l.takeWord(t, tokAddress, n)
			}
		}
	}
	if s[0] == ':' {
		return l.take(t, tokColon, 1)
	}
	if isUpper(s[0]) {
		if t, ok := l.upperWord(t, s, w); ok {
			return t
		}
	}
	if s[0] == 's' && w > 0 {
		switch s[:w] {
		case "sha224", "sha256", "sha384", "sha512":
			l.digest = s[:w]
			l.state = stWantDigest
			return l.takeWord(t, tokDigestName, w)
		case "sudoedit":
			if l.state == stGotDefs {
				return l.takeWord(t, tokCommand, w)
			}
			return l.command(t, w, stGotEdit)
		}
	}
	switch l.state {
	case stInitial, stGotDefs:
		if n := max(w, id(s)); n > 0 {
			return l.takeWord(t, tokWord, n)
		}
	case stExpectPath:
		if w > 0 {
			l.state = l.prev
			return l.takeWord(t, tokWord, w)
		}
	}
	return l.take(t, tokNoMatch, 1)
}

// upper is the length of a tag at the start of s, with its colon.
func (l *lexer) upper(s string) int {
	n := aliasName(s)
	if n == 0 {
		return 0
	}
	if _, ok := l.tagAt(s, n); ok {
		return n + spaces(s[n:]) + 1
	}
	return 0
}

func (l *lexer) tagAt(s string, n int) (Tag, bool) {
	end := n + spaces(s[n:])
	if end >= len(s) || s[end] != ':' {
		return 0, false
	}
	tag, ok := tagOf(s[:n])
	if !ok || !tagSince[tag].IsZero() && !l.version.AtLeast(tagSince[tag]) {
		return 0, false
	}
	return tag, true
}

// upperWord takes ALL, tags, options and aliases.
func (l *lexer) upperWord(t *token, s string, w int) (*token, bool) {
	n := aliasName(s)
	if tag, ok := l.tagAt(s, n); ok && n+spaces(s[n:])+1 > w {
		t.tag = tag
		return l.take(t, tokTag, n+spaces(s[n:])+1), true
	}
	if n < w {
		return t, false
	}
	if s[:n] == "ALL" {
		return l.takeWord(t, tokAll, n), true
	}
	if since, ok := optionSince(s[:n]); ok && l.state == stInitial && l.version.AtLeast(since) {
		if s[:n] == "CWD" || s[:n] == "CHROOT" {
			l.prev = stInitial
			l.state = stExpectPath
		}
		return l.takeWord(t, tokOption, n), true
	}
	return l.takeWord(t, tokAlias, n), true
}

// quote opens a string where one may stand.
func (l *lexer) quote(t *token) *token {
	switch {
	case l.state == stInitial || l.state == stGotDefs:
		l.prev = l.state
	case l.state == stExpectPath && l.version.has(1, 9, 16):
	default:
		return l.take(t, tokNoMatch, 1)
	}
	return l.openString(t)
}

// group takes %group and +netgroup.
func (l *lexer) group(t *token, s string) *token {
	n, kind, empty := 1, tokGroup, "empty group"
	if s[0] == '+' {
		kind, empty = tokNetgroup, "empty netgroup"
	} else if len(s) > 1 && s[1] == ':' {
		n++
	}
	name := word(s[n:])
	if kind == tokGroup {
		name = max(name, id(s[n:]))
	}
	if name == 0 {
		if l.state == stInitial || l.state == stGotDefs {
			return l.fail(t, n, empty)
		}
		// Elsewhere only the sign itself is a word.
		if l.state == stExpectPath {
			l.state = l.prev
			return l.takeWord(t, tokWord, 1)
		}
		return l.take(t, tokNoMatch, 1)
	}
	return l.takeWord(t, kind, n+name)
}

// pathOrRegex takes a command, if the text is one and not a longer word.
func (l *lexer) pathOrRegex(t *token, s string) (*token, bool) {
	n := 0
	if s[0] == '/' {
		n = path(s)
	} else if l.version.has(1, 9, 10) && l.pos >= l.noRegexBefore {
		if n = regex(s); n == 0 {
			run := regexRun(s)
			l.measured += run
			l.noRegexBefore = l.pos + run
		}
	}
	if n == 0 {
		return t, false
	}
	w := l.word(s)
	if n < w {
		return t, false
	}
	switch {
	case l.state == stExpectPath && s[0] == '/':
		l.state = l.prev
		return l.takeWord(t, tokWord, n), true
	case l.state == stExpectPath && n == w:
		l.state = l.prev
		return l.takeWord(t, tokWord, n), true
	case l.state == stGotDefs || s[0] == '/' && s[n-1] == '/':
		t.text = commandName(s[:n])
		return l.take(t, tokCommand, n), true
	}
	return l.command(t, n, stGotCommand), true
}

// word is the length of the word at the start of s, which is the rest of the text. One that begins within the last one
// ends where that ended, unless an escape begins here, which may be half of another one: so a word is not measured anew
// at each of its characters.
func (l *lexer) word(s string) int {
	if l.pos < l.wordEnd && !is(s[0], wordStop) {
		return l.wordEnd - l.pos
	}
	n := word(s)
	l.measured += n
	l.wordEnd = l.pos + n
	return n
}

// regexRun is how far a regular expression was searched for in vain.
func regexRun(s string) int {
	for n := 1; n < len(s); n++ {
		switch s[n] {
		case '\r', '\n':
			return n
		case '#':
			if s[n-1] != '\\' {
				return n
			}
		}
	}
	return len(s)
}
