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

// tagWords are the words that become a tag if a colon follows.
var tagWords = map[string]Tag{}

// tagSince is the first version that knows a tag; a tag not listed is older
// than every version that this package distinguishes.
var tagSince = map[Tag]Version{
	TagMail: {1, 8, 13}, TagNoMail: {1, 8, 13},
	TagFollow: {1, 8, 15}, TagNoFollow: {1, 8, 15},
	TagIntercept: {1, 9, 8}, TagNoIntercept: {1, 9, 8},
}

// optionSince is the first version whose Debian build knows an option keyword.
// Until 1.9.15 the options of security modules that Debian does not use were
// compiled out and their names were plain aliases.
var optionSince = map[string]Version{
	"ROLE": {1, 7, 0}, "TYPE": {1, 7, 0},
	"TIMEOUT": {1, 8, 20}, "NOTBEFORE": {1, 8, 20}, "NOTAFTER": {1, 8, 20},
	"CWD": {1, 9, 3}, "CHROOT": {1, 9, 3},
	"APPARMOR_PROFILE": {1, 9, 16}, "PRIVS": {1, 9, 16}, "LIMITPRIVS": {1, 9, 16},
}

func init() {
	for t, name := range tagNames {
		if name != "" {
			tagWords[name] = Tag(t)
		}
	}
}
