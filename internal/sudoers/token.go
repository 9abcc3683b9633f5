package sudoers

// tokenKind is a terminal of the grammar (gram.y).
type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokNewline
	tokError   // the scanner found a malformed word; token.text says what is wrong
	tokNoMatch // a character that no rule takes
	tokInclude
	tokIncludeDir
	tokDefaults
	tokDefaultsHost
	tokDefaultsUser
	tokDefaultsRunas
	tokDefaultsCmnd
	tokHostAlias
	tokCmndAlias
	tokUserAlias
	tokRunasAlias
	tokTag
	tokAll
	tokOption
	tokAlias
	tokWord
	tokGroup
	tokNetgroup
	tokAddress
	tokCommand
	tokDigestName
	tokDigest
	tokDefVar
	tokColon
	tokEqual
	tokComma
	tokBang
	tokAddTo      // +=
	tokRemoveFrom // -=
	tokOpen
	tokClose
)

// token is one terminal with its value and place.
type token struct {
	kind tokenKind
	tag  Tag
	// hasArgs tells a command with arguments from one without.
	hasArgs bool
	// comment tells a newline that ended a comment.
	comment bool
	// text is the value with quotes and escapes removed.
	text string
	// args of a command.
	args string
	// start and end are byte offsets, line and col where it begins.
	start, end int
	line, col  int
}

// describe names a token as a person would, for messages.
func (t *token) describe(text string) string {
	switch t.kind {
	case tokEOF:
		return "end of file"
	case tokNewline:
		if t.comment {
			return "a comment"
		}
		return "end of line"
	}
	raw := text[t.start:t.end]
	const longest = 40
	if len(raw) > longest {
		raw = raw[:longest] + "..."
	}
	return quoteForMessage(raw)
}

// tagOf gives the tag that a word becomes if a colon follows.
func tagOf(word string) (Tag, bool) {
	for t := TagExec; int(t) < len(tagNames); t++ {
		if tagNames[t] == word {
			return t, true
		}
	}
	return 0, false
}

// tagSince is the first version that knows a tag; the zero Version, older than every
// version that this package distinguishes, is not in the table.
var tagSince = [...]Version{
	TagFollow: {1, 8, 15}, TagNoFollow: {1, 8, 15},
	TagIntercept: {1, 9, 8}, TagNoIntercept: {1, 9, 8},
	TagMail: {1, 8, 13}, TagNoMail: {1, 8, 13},
	TagNoSetenv: {},
}

// optionSince is the first version whose Debian build knows an option keyword.
// Until 1.9.15 the options of security modules that Debian does not use were
// compiled out and their names were plain aliases.
func optionSince(word string) (since Version, ok bool) {
	switch OptionKind(word) {
	case OptionRole, OptionType:
		return Version{1, 7, 0}, true
	case OptionTimeout, OptionNotBefore, OptionNotAfter:
		return Version{1, 8, 20}, true
	case OptionCwd, OptionChroot:
		return Version{1, 9, 3}, true
	case OptionAppArmorProfile, OptionPrivs, OptionLimitPrivs:
		return Version{1, 9, 16}, true
	}
	return Version{}, false
}
