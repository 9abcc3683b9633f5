package regular

// What can be wrong with an expression.
const (
	tooLong     = "it is longer than 1024 bytes"
	badRepeat   = "a repetition stands where nothing can be repeated, or behind another one"
	badCount    = "a repetition count is above 255"
	badBrace    = "this is no repetition count"
	openBrace   = "the brace is not closed"
	openGroup   = "the parenthesis is not closed"
	openBracket = "the bracket is not closed"
	badEscape   = "nothing follows the backslash"
	badClass    = "there is no such character class"
	badCollate  = "there is no such collating element in the C locale"
	badRange    = "the range has no end, an end in front of its start, or follows another range"
)

var problemHints = map[string]string{
	tooLong:     "split it into several rules",
	badRepeat:   "write ([*]|[+]) for [*+], since sudo does not look for brackets here, and (a*)? for a*?; a star that stands for itself is \\*",
	badCount:    "write a count of 255 at most, and [{]300} for a brace that stands for itself, since sudo does not look for brackets here",
	badBrace:    "write {2}, {2,}, {,2} or {2,3}; a brace that stands for itself is \\{",
	openBrace:   "close it with }; a brace that stands for itself is \\{",
	openGroup:   "close it with ); a parenthesis that stands for itself is \\(",
	openBracket: "close it with ]; a bracket that stands for itself is \\[",
	badEscape:   "write a backslash that stands for itself as \\\\",
	badClass:    "write one of [:alnum:], [:alpha:], [:blank:], [:cntrl:], [:digit:], [:graph:], [:lower:], [:print:], [:punct:], [:space:], [:upper:], [:xdigit:] in the bracket",
	badCollate:  "write the character itself",
	badRange:    "write a '-' that stands for itself as the last byte of the bracket: [a-z0-9-]",
}

func newSyntaxError(at int, reason string) *SyntaxError {
	hint, ok := problemHints[reason]
	if !ok {
		hint = "write a group in front of the reference to it, or the byte itself"
	}
	return &SyntaxError{At: at, Reason: reason, Hint: hint}
}
